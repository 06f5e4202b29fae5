import Foundation
import Planning
import Testing

@Suite struct ConfigurationTests {
    @Test("every file in Configs loads, and opens with a line on what it is for")
    func configurationsLoad() throws {
        let paths = Repository.files(in: "Configs", ending: ".yaml")
        #expect(paths.contains("Configs/quickstart.yaml"))
        for path in paths {
            #expect(throws: Never.self) { try RunConfiguration.load(path: "\(Repository.root)/\(path)") }
            #expect(try Repository.text(path).firstMatch(of: /^# \S.{20,}\n/) != nil, "\(path) opens with no comment")
        }
    }

    @Test("pain 36: every key of the configuration is read by the code that it speaks to")
    func keysAreRead() throws {
        let keys = try Repository.files(in: "Sources", ending: ".swift").flatMap(Self.keys)
        #expect(keys.count > 40)
        expectNone(
            keys.filter { key in
                !Repository.sources.contains { line in
                    guard line.path == key.path else { return line.words.contains(".\(key.property)") }
                    return !key.table.contains(line.number) && line.words.contains(key.property) && !line.text.contains("var \(key.property)")
                }
            }.map { "\($0.path): nothing reads \($0.property)" })
    }

    /// A property that a `keys` table names, and the table's lines, which do not count as reading it.
    private struct Key {
        let path: String
        let property: Substring
        let table: ClosedRange<Int>
    }

    private static func keys(_ path: String) throws -> [Key] {
        var (keys, first): ([Key], Int?) = ([], nil)
        var properties: [Substring] = []
        for line in try Repository.lines(path) {
            if line.text.contains("static var keys: [ConfigurationKey<") { first = line.number }
            guard let start = first else { continue }
            properties += line.text.matches(of: /\.(?:key|section)\("\w+", \\\.(\w+),/).map(\.1)
            guard line.text == "    }" else { continue }
            keys += properties.map { Key(path: path, property: $0, table: start...line.number) }
            (first, properties) = (nil, [])
        }
        return keys
    }
}
