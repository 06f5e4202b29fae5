import Foundation
import Support

/// A memory file system of 4 MiB, mounted for a test. That takes root; where it is refused the tests say that they were skipped.
public enum SmallDisk {
    public static let isAvailable: Bool = (try? with { _ in true }) ?? false

    public static func with<Result>(_ body: (String) throws -> Result) throws -> Result {
        try withTemporaryFolder { folder in
            try run("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder)
            defer { try? run("umount", folder) }
            return try body(folder)
        }
    }

    /// Takes all the space that is left, or gives it back.
    public static func fill(_ folder: String, _ isFull: Bool) throws {
        let path = "\(folder)/filler"
        guard isFull else { return try FileManager.default.removeItem(atPath: path) }
        let file = try FileSystem().create(path)
        // To the last page: until nothing more goes in.
        while (try? file.write([UInt8](repeating: 0, count: 4096))) != nil {}
    }

    private static func run(_ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw TrainerError(.file, arguments.joined(separator: " "), "fails") }
    }
}
