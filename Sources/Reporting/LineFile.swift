import Glibc
import Support

/// A file that grows by whole lines: each is handed to the system in one piece, and one that doesn't fit leaves no trace.
final class LineFile {
    let path: String
    private let descriptor: Int32
    private var length: Int

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
    func append(_ line: String) throws(TrainerError) {
        let bytes = Array(line.utf8) + [UInt8(ascii: "\n")]
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
}
