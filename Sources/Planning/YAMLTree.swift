import Support
import Yams

/// Reads YAML into the tree that `keys` tables read.
enum YAMLTree {
    /// The tree of a file's text; every value has the line of its key as origin.
    ///
    /// - Throws: `format` for text that is no YAML, for nothing but comments, for a second document, a key given twice, and for what a
    ///   configuration has no use for: anchors, aliases, tags, and keys that are no words.
    static func parse(_ text: String, file: String) throws(TrainerError) -> ConfigurationNode {
        try parse(text) { .file(file, line: $0) }
    }

    /// The value of a `key=value` of the command line.
    static func parseValue(_ text: String, key: String) throws(TrainerError) -> ConfigurationNode {
        if text.trimmingPrefix(while: \.isWhitespace).isEmpty { return ConfigurationNode(.scalar("", isQuoted: false), origin: .commandLine) }
        do {
            return try parse(text) { _ in .commandLine }
        } catch {
            throw TrainerError(.configuration, ConfigurationOrigin.commandLine.subject(key), error.problem, remedy: error.remedy)
        }
    }

    private static func parse(_ text: String, origin: (_ line: Int) -> ConfigurationOrigin) throws(TrainerError) -> ConfigurationNode {
        do {
            let parser = try Parser(yaml: text, encoding: .utf8)
            // The parser owns the anchors, which the nodes only know weakly.
            return try withExtendedLifetime(parser) {
                guard let root = try parser.singleRoot() else {
                    throw TrainerError(
                        .format, origin(1).subject(""), "holds no configuration", remedy: "Write at least model.path, data.train and output")
                }
                return try node(root, line: 1, origin)
            }
        } catch let error as TrainerError {
            throw error
        } catch {
            throw syntaxError(error, text, origin)
        }
    }

    /// - Parameter line: The line of the key that holds the node.
    private static func node(_ node: Node, line: Int, _ origin: (Int) -> ConfigurationOrigin) throws(TrainerError) -> ConfigurationNode {
        func refuse(_ problem: String, _ remedy: String) -> TrainerError {
            TrainerError(.format, origin(node.mark?.line ?? line).subject(""), problem, remedy: remedy)
        }
        if node.anchor != nil { throw refuse("there is an anchor (&)", "Write the value out where it is used") }
        if let tag = givenTag(node) { throw refuse("there is a tag (\(tag))", "Leave it out: the key decides what the value is") }
        switch node {
        case .scalar(let scalar):
            return ConfigurationNode(.scalar(scalar.string, isQuoted: scalar.style != .plain), origin: origin(line))
        case .sequence(let sequence):
            var nodes: [ConfigurationNode] = []
            for element in sequence { nodes.append(try self.node(element, line: element.mark?.line ?? line, origin)) }
            return ConfigurationNode(.list(nodes), origin: origin(line))
        case .mapping(let mapping):
            var entries: [ConfigurationNode.Entry] = []
            for (key, value) in mapping {
                guard case .scalar(let name) = key else { throw refuse("a key is a list or a section", "Keys are words") }
                let line = key.mark?.line ?? line
                entries.append(.init(name.string, try self.node(value, line: line, origin)))
            }
            return ConfigurationNode(.section(entries), origin: origin(line))
        case .alias: throw refuse("there is an alias (*)", "Write the value out where it is used")
        }
    }

    /// The tag that the text gives a node; quotes alone make a scalar a text, which is none.
    private static func givenTag(_ node: Node) -> String? {
        let tag: Tag
        switch node {
        case .scalar(let scalar):
            if scalar.style != .plain, scalar.tag.description == Tag.Name.str.rawValue { return nil }
            tag = scalar.tag
        case .sequence(let sequence): tag = sequence.tag
        case .mapping(let mapping): tag = mapping.tag
        case .alias: return nil
        }
        return tag.description.isEmpty ? nil : tag.description
    }

    private static func syntaxError(_ error: any Error, _ text: String, _ origin: (Int) -> ConfigurationOrigin) -> TrainerError {
        switch error as? YamlError {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            let hasTab = lines.indices.contains(mark.line - 1) && lines[mark.line - 1].contains("\t")
            let words = [context?.text, problem].compactMap { $0 }.joined(separator: ", ")
            let remedy = hasTab ? "YAML indents with spaces, never with tabs" : nil
            return TrainerError(.format, origin(mark.line).subject(""), "is no YAML: \(words)", remedy: remedy)
        case .duplicatedKeysInMapping(let duplicates, let context):
            let names = alternatives(duplicates)
            return TrainerError(
                .format, origin(context.mark.line).subject(names), "the key is given twice in one section", remedy: "Keep one of them")
        case .reader(let problem, let offset, _, _):
            let line = text.prefix(offset ?? 0).filter(\.isNewline).count + 1
            return TrainerError(.format, origin(line).subject(""), "is no YAML: \(problem)")
        default:
            return TrainerError(.format, origin(1).subject(""), "is no YAML: \(error)")
        }
    }
}
