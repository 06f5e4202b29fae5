import Crypto
import Support

/// What files hold, in a few characters: enough to see that a node has another.
enum FileSample {
    /// Above this, 64 places of 1 MiB each stand for the file: models have many times as many bytes as a few seconds allow.
    private static let wholeSize = 64 << 20
    private static let pieceSize = 1 << 20

    /// By path; a folder stands for the files in it.
    static func all(_ paths: [String]) -> [String: String] {
        var files: [String: String] = [:]
        for path in paths {
            let names = (try? FileSystem().names(in: path)) ?? []
            for file in names.isEmpty ? [path] : names.map({ "\(path)/\($0)" }) { files[file] = text(file) }
        }
        return files.filter { !$0.value.isEmpty }
    }

    /// Size and hash; empty for what is no regular file or can't be read.
    private static func text(_ path: String) -> String {
        guard let size = FileSystem().size(of: path), let file = try? MappedFile(path: path), file.bytes.count == size else { return "" }
        var hash = SHA256()
        let pieces = size <= wholeSize ? [0..<size] : (0..<64).map { (size - pieceSize) / 63 * $0 }.map { $0..<$0 + pieceSize }
        for piece in pieces where !piece.isEmpty { hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: file.bytes[piece])) }
        return "\(ByteCount(size)), SHA-256 \(hexadecimal(hash.finalize()).prefix(12))"
    }
}
