import Glibc
import Support

/// A file that grows by whole pieces: each is handed to the system at once, and one that doesn't fit leaves no trace.
final class GrowingFile {
    let path: String
    private let descriptor: Int32
    private var length: Int
    /// Pieces that could not be written yet, in order.
    private var waiting: [[UInt8]] = []

    /// Opens a file to append to, making it if there is none.
    ///
    /// - Parameter keptBytes: How many of its first bytes to keep; nil for all.
    /// - Throws: `file` if it can't be opened or cut.
    init(path: String, keptBytes: Int? = nil) throws(TrainerError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .system(path, "can't be opened for writing") }
        if let keptBytes, ftruncate(descriptor, off_t(keptBytes)) != 0 {
            let error = TrainerError.system(path, "can't be cut to \(keptBytes) bytes")
            close(descriptor)
            throw error
        }
        self.path = path
        self.descriptor = descriptor
        length = Int(lseek(descriptor, 0, SEEK_END))
    }

    deinit { close(descriptor) }

    /// Appends a line and its end.
    ///
    /// - Throws: `file` if it can't be written, such as on a full disk; the file then ends with the line before.
    func append(_ line: String) throws(TrainerError) { try append(Array(line.utf8) + [UInt8(ascii: "\n")]) }

    /// Appends a piece.
    ///
    /// - Throws: `file` if it can't be written, such as on a full disk; the file then ends with the piece before.
    func append(_ bytes: [UInt8]) throws(TrainerError) {
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                let error = TrainerError.system(path, "can't be written")
                ftruncate(descriptor, off_t(length))
                throw error
            }
            written += count
        }
        length += bytes.count
    }

    // MARK: - Waiting for a disk that takes more

    /// Appends a piece behind those that wait.
    ///
    /// - Throws: As `append`; the piece then waits for the next call or for `writeWaiting`.
    func appendInTurn(_ bytes: [UInt8]) throws(TrainerError) {
        waiting.append(bytes)
        try writeWaiting()
    }

    /// Writes the pieces that wait, if any.
    ///
    /// - Throws: `file` if one still can't be written.
    func writeWaiting() throws(TrainerError) {
        while let piece = waiting.first {
            try append(piece)
            waiting.removeFirst()
        }
    }
}
