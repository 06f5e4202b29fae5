import Foundation
import Testing

/// The files of the repository that these tests read.
enum Repository {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

    /// The paths of all files below a folder with a given ending, from the root and sorted; hidden ones and what git ignores are left out.
    static func files(in folder: String, ending: String = "") -> [String] {
        let ignored: Set<String> = ["models", "runs"]
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)")) ?? []
        return names.sorted().flatMap { name -> [String] in
            guard !name.hasPrefix("."), !(folder == "." && ignored.contains(name)) else { return [] }
            let path = folder == "." ? name : "\(folder)/\(name)"
            if isFolder(path) { return files(in: path, ending: ending) }
            return name.hasSuffix(ending) ? [path] : []
        }
    }

    /// The folders right below one, sorted.
    static func folders(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)").sorted().map { "\(folder)/\($0)" }.filter(isFolder)
    }

    static func text(_ path: String) throws -> String { try String(contentsOfFile: "\(root)/\(path)", encoding: .utf8) }

    static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: "\(root)/\(path)") }

    static func isFolder(_ path: String) -> Bool {
        var isFolder = ObjCBool(false)
        return FileManager.default.fileExists(atPath: "\(root)/\(path)", isDirectory: &isFolder) && isFolder.boolValue
    }
}

/// A line of a file, as compilers name it.
struct Line: Sendable {
    let path: String
    let number: Int
    let text: Substring
    /// The words of its code, comments left out; those that follow a dot also with it.
    let words: Set<Substring>

    init(path: String, number: Int, text: Substring) {
        self.path = path
        self.number = number
        self.text = text
        var words: Set<Substring> = []
        let code = text.utf8[..<(text.utf8.firstRange(of: "//".utf8)?.lowerBound ?? text.endIndex)]
        for piece in code.split(whereSeparator: { !$0.isNamePart }) {
            let word = Substring(piece)
            words.insert(word)
            if piece.startIndex > code.startIndex, code[code.index(before: piece.startIndex)] == UInt8(ascii: ".") { words.insert("." + word) }
        }
        self.words = words
    }

    var place: String { "\(path):\(number)" }
}

extension UInt8 {
    fileprivate var isNamePart: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: self == UInt8(ascii: "_") || self >= 128
        }
    }
}

extension Repository {
    /// The lines of all Swift files, read once.
    static let sources = swiftLines(in: "Sources")
    static let tests = swiftLines(in: "Tests")

    private static func swiftLines(in folder: String) -> [Line] { files(in: folder, ending: ".swift").flatMap { (try? lines($0)) ?? [] } }

    static func lines(_ path: String) throws -> [Line] {
        try text(path).split(separator: "\n", omittingEmptySubsequences: false).enumerated().map {
            Line(path: path, number: $0.offset + 1, text: $0.element)
        }
    }
}

/// Expects that nothing was found, and shows each finding on a line of its own.
func expectNone(_ findings: [String], sourceLocation: SourceLocation = #_sourceLocation) {
    for finding in findings { Issue.record("\(finding)", sourceLocation: sourceLocation) }
}
