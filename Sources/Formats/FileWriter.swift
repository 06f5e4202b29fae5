import Glibc
import Support

/// Writes a file from front to back under a temporary name beside it; `finish` syncs it and gives it its own name.
///
/// So the name never stands for half a file. A writer let go before `finish` removes what it wrote.
final class FileWriter {
    let path: String
    private(set) var byteCount = 0
    private let partialPath: String
    private var descriptor: Int32
    private var buffer: [UInt8] = []

    /// - Throws: `file` if the temporary file can't be made.
    init(path: String) throws(TrainerError) {
        self.path = path
        partialPath = path + ".partial"
        descriptor = open(partialPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .system(path, "can't be written") }
    }

    deinit {
        guard descriptor >= 0 else { return }
        close(descriptor)
        unlink(partialPath)
    }

    /// Small writes are gathered; large ones go straight to the file.
    ///
    /// - Throws: `file` if the system refuses, a full disk among the reasons.
    func write(_ bytes: UnsafeRawBufferPointer) throws(TrainerError) {
        byteCount += bytes.count
        if bytes.count >= 1 << 16 {
            try flush()
            try put(bytes)
        } else {
            buffer.append(contentsOf: bytes)
            if buffer.count >= 1 << 18 { try flush() }
        }
    }

    func write(_ bytes: [UInt8]) throws(TrainerError) {
        try bytes.withUnsafeBufferPointer { (bytes) throws(TrainerError) in try write(UnsafeRawBufferPointer(bytes)) }
    }

    /// - Throws: `file` if the last bytes can't be written, synced or given their name.
    func finish() throws(TrainerError) {
        try flush()
        guard fsync(descriptor) == 0 else { throw .system(path, "can't be synced to disk") }
        close(descriptor)
        descriptor = -1
        guard rename(partialPath, path) == 0 else {
            let error = TrainerError.system(path, "can't be given its name")
            unlink(partialPath)
            throw error
        }
    }

    private func flush() throws(TrainerError) {
        let gathered = buffer
        buffer.removeAll(keepingCapacity: true)
        try gathered.withUnsafeBufferPointer { (bytes) throws(TrainerError) in try put(UnsafeRawBufferPointer(bytes)) }
    }

    private func put(_ bytes: UnsafeRawBufferPointer) throws(TrainerError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, min(rest.count, 1 << 30))
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw .system(path, "can't be written", remedy: "Free space or choose another place") }
            rest = rest.dropFirst(written)
        }
    }
}
