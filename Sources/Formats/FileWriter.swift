import Support

/// Writes a file from front to back under a temporary name beside it; `finish` brings it to the disk and gives it its own name.
///
/// So the name never stands for half a file. A writer let go before `finish` removes what it wrote. One writer at a time for a path.
final class FileWriter {
    let path: String
    private(set) var byteCount = 0
    private let partialPath: String
    private let files: FileSystem
    private let file: DurableFile
    private var buffer: [UInt8] = []
    private var isFinished = false

    /// - Throws: `file` if the temporary file can't be made.
    init(path: String, files: FileSystem = FileSystem()) throws(TrainerError) {
        self.path = path
        self.files = files
        partialPath = path + ".partial"
        try files.remove(partialPath)
        file = try files.create(partialPath)
    }

    deinit {
        if !isFinished { try? files.remove(partialPath) }
    }

    /// Small writes are gathered; large ones go straight to the file.
    ///
    /// - Throws: `file` if the system refuses, a full disk among the reasons.
    func write(_ bytes: UnsafeRawBufferPointer) throws(TrainerError) {
        byteCount += bytes.count
        if bytes.count >= 1 << 16 {
            try flush()
            try file.write(bytes)
        } else {
            buffer.append(contentsOf: bytes)
            if buffer.count >= 1 << 18 { try flush() }
        }
    }

    func write(_ bytes: [UInt8]) throws(TrainerError) {
        try bytes.withUnsafeBufferPointer { (bytes) throws(TrainerError) in try write(UnsafeRawBufferPointer(bytes)) }
    }

    /// - Throws: `file` if the last bytes can't be written, brought to the disk or given their name.
    func finish() throws(TrainerError) {
        try flush()
        try file.synchronize()
        try file.close()
        try files.rename(partialPath, to: path)
        isFinished = true
    }

    private func flush() throws(TrainerError) {
        try file.write(buffer)
        buffer.removeAll(keepingCapacity: true)
    }
}
