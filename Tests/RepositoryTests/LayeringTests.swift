import Foundation
import Testing

@Suite struct LayeringTests {
    @Test("the manifest's rows are all read, one for each folder of Sources")
    func rowsAreRead() throws {
        let rows = try Manifest()
        let folders = try Repository.folders(in: "Sources").map { String($0.dropFirst("Sources/".count)) }
        #expect(Set(rows.targets.keys).union(rows.foundations).subtracting(rows.packages) == Set(folders))
        #expect(rows.packages.contains("Yams") && rows.targets["trainer"]?.floor == 9)
    }

    @Test("a target imports only targets of lower floors, and only those that its row declares")
    func importsGoDown() throws {
        let rows = try Manifest()
        var findings: [String] = []
        for line in Repository.sources {
            guard let name = line.importedModule, let row = rows.targets[line.target], !toolchain.contains(name) else { continue }
            if !row.imports.contains(name) { findings.append("\(line.place): \(line.target) imports \(name), which its row does not declare") }
            guard let floor = rows.floor(of: name) else { continue }
            if floor >= row.floor { findings.append("\(line.place): \(line.target) (floor \(row.floor)) imports \(name) (floor \(floor))") }
        }
        expectNone(findings)
    }

    @Test("every declared import is used")
    func declaredImportsAreUsed() throws {
        var used: [String: Set<String>] = [:]
        for line in Repository.sources {
            if let name = line.importedModule { used[line.target, default: []].insert(name) }
        }
        expectNone(
            try Manifest().targets.sorted { $0.key < $1.key }.flatMap { target, row in
                row.imports.filter { used[target]?.contains($0) != true }.map { "\(target)'s row declares \($0), which no file imports" }
            })
    }

    @Test("Kernels, Tensors and Models do without Foundation")
    func foundationStaysOut() throws {
        let lines = Repository.sources.filter { ["Kernels", "Tensors", "Models"].contains($0.target) }
        expectNone(lines.filter { $0.importedModule?.hasPrefix("Foundation") == true }.map { "\($0.place): imports Foundation" })
    }

    /// Modules of the Swift toolchain, which need no row.
    private let toolchain: Set<String> = ["Foundation", "FoundationEssentials", "FoundationNetworking", "Glibc", "Synchronization"]
}

/// The rows of `Package.swift` that say what lies on which floor.
struct Manifest {
    /// Each target's floor and declared imports.
    private(set) var targets: [String: (floor: Int, imports: [String])] = [:]
    /// Names of packages' products.
    let packages: Set<String>
    /// What has no floor below it: packages and C shims.
    let foundations: Set<String>

    init() throws {
        let text = try Repository.text("Package.swift")
        let floors = try Self.table("floors", in: text)
        for match in floors.matches(of: /\(\s*(\d+),\s*"(\w+)",\s*\[([^\]]*)\]/) {
            targets[String(match.2)] = (floor: Int(match.1) ?? 0, imports: match.3.matches(of: /"(\w+)"/).map { String($0.1) })
        }
        packages = Set(try Self.table("packages", in: text).matches(of: /"(\w+)": \(/).map { String($0.1) })
        foundations = packages.union(try Self.table("system", in: text).matches(of: /\("(\w+)",/).map { String($0.1) })
    }

    func floor(of name: String) -> Int? { targets[name]?.floor ?? (foundations.contains(name) ? 0 : nil) }

    /// The text of a table, from its name to the bracket that closes it at the start of a line.
    private static func table(_ name: String, in text: String) throws -> Substring {
        let start = try #require(text.range(of: "\nlet \(name): ["), "Package.swift has no table \(name)")
        let end = try #require(text.range(of: "\n]\n", range: start.upperBound..<text.endIndex), "the table \(name) has no end")
        return text[start.upperBound..<end.lowerBound]
    }
}

extension Line {
    /// The folder of Sources that the line lies in.
    fileprivate var target: String { path.split(separator: "/").dropFirst().first.map(String.init) ?? "" }

    /// The module that the line imports, whatever stands before and after `import`.
    var importedModule: String? {
        guard words.contains("import") else { return nil }
        return text.firstMatch(of: /^\s*(?:@\S+\s+)*(?:\w+\s+)?import\s+(?:[a-z]+\s+)?(\w+)/).map { String($0.1) }
    }
}
