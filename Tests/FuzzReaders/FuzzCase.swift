import Foundation

/// What a reader is given: files by their names in a folder, which may lie in folders of their own.
public struct FuzzCase: Equatable, Sendable {
    public var files: [(name: String, bytes: [UInt8])]

    public init(_ files: [(name: String, bytes: [UInt8])]) { self.files = files }

    /// One file.
    public init(_ name: String, _ bytes: [UInt8]) { files = [(name, bytes)] }

    public static func == (left: FuzzCase, right: FuzzCase) -> Bool {
        left.files.count == right.files.count && zip(left.files, right.files).allSatisfy { $0.name == $1.name && $0.bytes == $1.bytes }
    }

    public func bytes(_ name: String) -> [UInt8]? { files.first { $0.name == name }?.bytes }

    /// A file as it is, or all files below a folder.
    public static func load(_ path: String) throws -> FuzzCase {
        let there = FileManager.default
        guard let names = there.enumerator(atPath: path)?.allObjects as? [String], !names.isEmpty else {
            return FuzzCase((path as NSString).lastPathComponent, try read(path))
        }
        var files: [(name: String, bytes: [UInt8])] = []
        for name in names.sorted() {
            var isFolder: ObjCBool = false
            guard there.fileExists(atPath: "\(path)/\(name)", isDirectory: &isFolder), !isFolder.boolValue else { continue }
            files.append((name, try read("\(path)/\(name)")))
        }
        return FuzzCase(files)
    }

    private static func read(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }

    /// Puts the files into a folder.
    public func write(to folder: String) throws {
        for (name, bytes) in files { try FuzzFolder.write(bytes, to: "\(folder)/\(name)") }
    }
}

/// The folder in which inputs are laid out, one after another: only what differs from the input before is written.
public final class FuzzFolder {
    public let path: String
    private var current = FuzzCase([])

    /// Makes the folder, emptied.
    public init(path: String) throws {
        self.path = path
        try? FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    public func lay(_ input: FuzzCase) throws {
        for (name, _) in current.files where input.bytes(name) == nil { try FileManager.default.removeItem(atPath: "\(path)/\(name)") }
        for (name, bytes) in input.files where current.bytes(name) != bytes { try Self.write(bytes, to: "\(path)/\(name)") }
        current = input
    }

    static func write(_ bytes: [UInt8], to path: String) throws {
        var file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        if file < 0, errno == ENOENT {
            try FileManager.default.createDirectory(atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        }
        guard file >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        defer { close(file) }
        guard bytes.withUnsafeBytes({ Foundation.write(file, $0.baseAddress, $0.count) }) == bytes.count else { throw POSIXError(.EIO) }
    }
}
