import Foundation
import Testing

@Suite struct DocumentationTests {
    @Test("every path that a README names exists, and what starts with ./ can be run")
    func pathsExist() throws {
        var findings: [String] = []
        for readMe in readMes() {
            for line in try Repository.lines(readMe) {
                for match in line.text.matches(of: /(?:^|[\s`(])(\.\/)?((?:Launch|Configs|Sources|Tests|\.ci)\/[\w.\/+-]*)/) {
                    let path = match.2.trimming(while: { ".,:;".contains($0) })
                    if !Repository.exists(path) {
                        findings.append("\(line.place): \(path) does not exist")
                    } else if match.1 != nil, !FileManager.default.isExecutableFile(atPath: "\(Repository.root)/\(path)") {
                        findings.append("\(line.place): \(path) can't be run")
                    }
                }
            }
        }
        expectNone(findings)
    }

    @Test("the files that a target's README lists exist in it")
    func listedFilesExist() throws {
        var findings: [String] = []
        for folder in try Repository.folders(in: "Sources") {
            var names: Set<String> = []
            for part in Repository.files(in: folder).flatMap({ $0.split(separator: "/").dropFirst(2) }) {
                names.formUnion([String(part), String(part.replacing(/\.\w+$/, with: ""))])
            }
            for line in try Repository.lines("\(folder)/README.md") {
                guard let list = line.text.firstMatch(of: /^- ((?:`[^`]+`(?:, | and )?)+):/) else { continue }
                for span in String(list.1).codeSpans {
                    let last = String(span.split(separator: "/").last ?? "")
                    if !names.contains(last) { findings.append("\(line.place): \(span) is no file of \(folder)") }
                }
            }
        }
        expectNone(findings)
    }

    @Test("every command of trainer that a README names exists")
    func commandsExist() throws {
        let commands = Repository.sources.filter { $0.path.hasPrefix("Sources/trainer/") && $0.words.contains("commandName") }
            .flatMap { $0.text.matches(of: /commandName:\s*"(\w+)"/) }.map(\.1)
        var findings: [String] = []
        for readMe in readMes() {
            for line in try Repository.lines(readMe) {
                // Code is what stands between backticks or is set in by four spaces; a configuration, key=value or option is no command.
                let code = line.text.hasPrefix("    ") ? [String(line.text)] : String(line.text).codeSpans
                for match in code.flatMap({ $0.matches(of: /(?:^|[\s\/])trainer ([a-z]+)(?=$|\s)/) }) where !commands.contains(match.1) {
                    findings.append("\(line.place): there is no command trainer \(match.1)")
                }
            }
        }
        expectNone(findings)
    }

    @Test("every name of ours that a doc comment puts in backticks exists in the code")
    func namesExist() throws {
        var words: Set<Substring> = []
        for line in Repository.sources + Repository.tests { words.formUnion(line.words) }
        for name in try Repository.folders(in: "Sources") { words.insert(name.dropFirst("Sources/".count)) }
        var findings: [String] = []
        for line in Repository.sources where line.isDocumentation {
            for span in String(line.text).codeSpans {
                // Types, dotted or not, and calls.
                guard let name = span.wholeMatch(of: /([A-Za-z0-9.]+)(\(.*\))?/), !others.contains(String(name.1)) else { continue }
                guard name.2 != nil || name.1.contains(/^[A-Z].*[a-z]/) else { continue }
                for part in name.1.split(separator: ".") where part.count > 1 && !words.contains(part) {
                    findings.append("\(line.place): there is no \(part)")
                }
            }
        }
        expectNone(findings)
    }

    /// Names of other programs and of formulas that doc comments may put in backticks.
    private let others: Set<String> = ["AutoModel", "DerivedGeneralCategory", "LlamaConfig", "op"]

    @Test("every public kernel and every public type at the top of a file says what it is")
    func publicThingsAreDocumented() {
        var findings: [String] = []
        var isDocumented = false
        for line in Repository.sources {
            let kinds: Set<Substring> =
                line.path.hasPrefix("Sources/Kernels/") ? ["struct", "enum", "func"] : ["struct", "class", "enum", "protocol"]
            let isDeclaration = line.text.hasPrefix("public ") && !line.words.isDisjoint(with: kinds)
            if isDeclaration, !isDocumented { findings.append("\(line.place): has no doc comment") }
            if !line.text.hasPrefix("@") { isDocumented = line.isDocumentation }
        }
        expectNone(findings)
    }

    private func readMes() -> [String] { Repository.files(in: ".", ending: "README.md") }
}

extension Line {
    fileprivate var isDocumentation: Bool { text.drop { $0 == " " }.hasPrefix("///") }
}

extension String {
    /// What stands between backticks.
    var codeSpans: [String] { matches(of: /`([^`\n]+)`/).map { String($0.1) } }
}

extension Substring {
    /// The text without the characters at its end that `isDropped` names.
    fileprivate func trimming(while isDropped: (Character) -> Bool) -> String {
        String(self[..<(lastIndex { !isDropped($0) }.map { index(after: $0) } ?? startIndex)])
    }
}
