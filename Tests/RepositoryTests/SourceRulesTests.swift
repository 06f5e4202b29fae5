import Foundation
import Testing

@Suite struct SourceRulesTests {
    @Test("nothing in Sources traps where it could throw, and no gap hides in a comment")
    func forbiddenWords() {
        let words = ["try!", "fatalError(", "TODO", "FIXME"]
        var findings: [String] = []
        for line in Repository.sources {
            for word in words where line.text.contains(word) { findings.append("\(line.place): \(word)") }
        }
        expectNone(findings)
    }

    @Test("every folder of Sources has a README of under 60 lines that names each of its Swift files, or the folder below it that holds them")
    func readMes() throws {
        var findings: [String] = []
        for folder in try Repository.folders(in: "Sources") {
            guard let text = try? Repository.text("\(folder)/README.md") else {
                findings.append("\(folder) has no README.md")
                continue
            }
            let count = text.split(separator: "\n", omittingEmptySubsequences: false).count - 1
            if count >= 60 { findings.append("\(folder)/README.md has \(count) lines") }
            let spans = Set(text.codeSpans.flatMap { [$0, $0.split(separator: "/").last.map(String.init) ?? $0] })
            for path in Repository.files(in: folder, ending: ".swift") {
                let parts = path.split(separator: "/").dropFirst(2).map(String.init)
                let name = parts[parts.count - 1].dropLast(".swift".count)
                // By its name, by a topic that follows its type's name (`Tokenizer`, `+Files`), or by its folder.
                let names = [String(name), parts[parts.count - 1], name.firstIndex(of: "+").map { String(name[$0...]) } ?? ""]
                if spans.isDisjoint(with: names + parts.dropLast().map { "\($0)/" }) {
                    findings.append("\(folder)/README.md does not name \(parts.joined(separator: "/"))")
                }
            }
        }
        expectNone(findings)
    }

    @Test("no tracked file is larger than 1 MB", .enabled(if: Repository.exists(".git")))
    func fileSizes() throws {
        let git = Process()
        let output = Pipe()
        git.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        git.arguments = ["git", "-C", Repository.root, "-c", "safe.directory=*", "ls-files", "-z"]
        git.standardOutput = output
        try git.run()
        let paths = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self).split(separator: "\0").map(String.init)
        git.waitUntilExit()
        #expect(paths.contains("Package.swift"))
        let files = FileManager.default
        expectNone(
            paths.compactMap { path in
                let size = (try? files.attributesOfItem(atPath: "\(Repository.root)/\(path)"))?[.size] as? Int ?? 0
                return size > 1_000_000 ? "\(path) has \(size) bytes" : nil
            })
    }
}
