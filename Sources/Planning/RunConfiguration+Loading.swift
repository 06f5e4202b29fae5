public import Support

/// A configuration that was read and found sound, with the origin of each of its values.
public struct LoadedConfiguration: Equatable, Sendable {
    public let configuration: RunConfiguration
    /// Who gave each key, by its dotted path; a key that is absent has its default.
    public let origins: [String: ConfigurationOrigin]

    /// The configuration as YAML that loads to the same one, each value with its origin.
    ///
    /// - Parameter notes: What is added to a key's comment, by its dotted path: what was chosen for `auto`.
    public func resolvedYAML(notes: [String: String] = [:]) -> String { configuration.yaml(origins: origins, notes: notes) }
}

extension RunConfiguration {
    /// Reads a file and the `key=value` words that override it, and checks everything.
    ///
    /// An override names a key by its dotted path and gives its value as YAML: `method.r=8`, `method.target_modules=[q_proj, v_proj]`. An empty
    /// value (`method.r=`) takes the key out of the file, so that its default holds.
    ///
    /// - Parameter rankCount: The ranks of the job, where they are known.
    /// - Throws: `file` if the file can't be read; `format` if it is no YAML; otherwise `configuration`, with every problem of the file, of the
    ///   overrides and of their combination as a line of its own.
    public static func load(path: String, overrides: [String] = [], rankCount: Int? = nil) throws(TrainerError) -> LoadedConfiguration {
        let file = try MappedFile(path: path)
        guard let text = withExtendedLifetime(file, { String(validating: file.bytes, as: UTF8.self) }) else {
            throw TrainerError(.format, path, "is not UTF-8", remedy: "Save it as UTF-8")
        }
        return try load(yaml: text, file: path, overrides: overrides, rankCount: rankCount)
    }

    /// Reads a configuration from its text; `file` is what errors call it.
    public static func load(
        yaml: String, file: String, overrides: [String] = [], rankCount: Int? = nil
    ) throws(TrainerError) -> LoadedConfiguration {
        var tree = try YAMLTree.parse(yaml.first == "\u{FEFF}" ? String(yaml.dropFirst()) : yaml, file: file)
        var problems: [TrainerError] = []
        for override in overrides {
            do throws(TrainerError) {
                try apply(override, to: &tree)
            } catch {
                problems.append(error)
            }
        }
        let reading = ConfigurationReading<RunConfiguration>(tree, isComplete: problems.isEmpty)
        problems += reading.problems
        if problems.isEmpty { problems = PlanChecks.problems(reading.value, origins: reading.origins, rankCount: rankCount) }
        try TrainerError.throwAll(problems)
        return LoadedConfiguration(configuration: reading.value, origins: reading.origins)
    }

    private static func apply(_ override: String, to tree: inout ConfigurationNode) throws(TrainerError) {
        let parts = override.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let names = parts[0].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !names.contains("") else {
            throw TrainerError(.configuration, "command line", "\"\(override)\" is no key=value", remedy: "Write it as method.r=8")
        }
        let value = try YAMLTree.parseValue(parts[1], key: parts[0])
        try tree.set(value, at: names[...], key: parts[0])
    }
}

extension ConfigurationNode {
    /// Puts a value at a path below a section, making sections that are missing; a value without text removes what is there.
    fileprivate mutating func set(_ value: ConfigurationNode, at names: ArraySlice<String>, key: String) throws(TrainerError) {
        guard let name = names.first else {
            self = value
            return
        }
        guard case .section(var entries) = content else {
            throw TrainerError(.configuration, origin.subject(""), "found \(found), wants a section to hold the \(key) of the command line")
        }
        let isRemoval = value.plainText == ""
        let index = entries.firstIndex { $0.name == name }
        if names.count == 1, isRemoval {
            if let index { entries.remove(at: index) }
        } else if let index {
            try entries[index].node.set(value, at: names.dropFirst(), key: key)
        } else if !isRemoval {
            var node = ConfigurationNode(.section([]), origin: .commandLine)
            try node.set(value, at: names.dropFirst(), key: key)
            entries.append(Entry(name, node))
        }
        content = .section(entries)
    }
}

extension RunConfiguration {
    /// The listing of all keys: default, what they may hold, when they count, and what they mean.
    public static var explanation: String {
        explanations.map { key in
            let conditions = key.conditions.isEmpty ? "" : "; counts only " + key.conditions.joined(separator: " and ")
            let wanted = key.wanted.prefix(1).uppercased() + key.wanted.dropFirst()
            return "\(key.path): \(key.defaultText ?? "must be given")\n    \(wanted)\(conditions).\n    \(key.meaning).\n"
        }.joined()
    }
}
