public import Support

/// Where tensors go that memory has no room for: a file without a name in a folder, written and read behind the computing thread's back.
///
/// On a device that holds no values there is no file, and everything is counted as if there were. Belongs to the device's thread.
public final class Spill {
    private let file: SpillFile?
    private var free = FreeRanges(capacity: 1 << 60, alignment: 4096)

    /// - Throws: `file` if the folder is missing or can't be written to.
    public init(folder: String, on device: any Device) throws(TrainerError) { file = device.holdsValues ? try SpillFile(folder: folder) : nil }

    /// Room for bytes in the file, whose contents are undefined; it is given back when nothing refers to it any more.
    public func reserve(byteCount: Int) -> SpillRegion {
        guard let offset = free.take(byteCount) else { preconditionFailure("Spill.reserve: \(byteCount) bytes are more than a file can hold") }
        return SpillRegion(spill: self, offset: offset, byteCount: byteCount)
    }

    /// Returns when everything that was started is done.
    ///
    /// - Throws: `file` if the disk is full or fails.
    public func finish() throws(TrainerError) { try file?.finish() }

    /// Returns when a request and all that were started before it are done; nil is none.
    public func finish(_ request: SpillRequest?) throws(TrainerError) {
        if let request { try file?.wait(request.number) }
    }

    /// As `finish`, and says nothing of failures: for owners of memory that is being moved when an error ends their work.
    public func settle() { file?.settle() }

    fileprivate func start(_ address: UnsafeMutableRawPointer, _ byteCount: Int, at offset: Int, isWrite: Bool) -> SpillRequest? {
        guard let file, byteCount > 0 else { return nil }
        return SpillRequest(number: file.start(SpillFile.Move(address: address, byteCount: byteCount, offset: offset, isWrite: isWrite)))
    }

    fileprivate func giveBack(_ offset: Int, _ byteCount: Int) { free.giveBack(offset, byteCount) }
}

/// A piece of memory on its way to the spill file or back.
public struct SpillRequest: Sendable {
    fileprivate let number: Int
}

/// A piece of the spill file.
public final class SpillRegion {
    private let spill: Spill
    private let offset: Int
    public let byteCount: Int

    fileprivate init(spill: Spill, offset: Int, byteCount: Int) {
        self.spill = spill
        self.offset = offset
        self.byteCount = byteCount
    }

    deinit { spill.giveBack(offset, byteCount) }

    /// Begins to write a tensor without gaps; it must live, and stay as it is, until `Spill.finish`.
    public func startWriting(_ tensor: Tensor, at start: Int = 0) -> SpillRequest? { move(tensor, start, isWrite: true) }

    /// Begins to read a tensor without gaps; it must live, and is undefined, until `Spill.finish`.
    public func startReading(_ tensor: Tensor, at start: Int = 0) -> SpillRequest? { move(tensor, start, isWrite: false) }

    private func move(_ tensor: Tensor, _ start: Int, isWrite: Bool) -> SpillRequest? {
        precondition(tensor.isContiguous && start >= 0 && start + tensor.byteCount <= byteCount, "SpillRegion: the tensor does not fit")
        guard tensor.device.holdsValues else { return nil }
        return spill.start(tensor.address, tensor.byteCount, at: offset + start, isWrite: isWrite)
    }

    /// Copies bytes out of the file and waits for them.
    public func read(_ bytes: UnsafeMutableRawBufferPointer, at start: Int) throws(TrainerError) {
        try move(UnsafeRawBufferPointer(bytes), start, isWrite: false)
    }

    /// Copies bytes into the file and waits for them.
    public func write(_ bytes: UnsafeRawBufferPointer, at start: Int) throws(TrainerError) { try move(bytes, start, isWrite: true) }

    /// Makes all bytes zero, which also proves that the disk has room for them.
    public func clear() throws(TrainerError) {
        let zeros = [UInt8](repeating: 0, count: min(byteCount, 1 << 20))
        for start in stride(from: 0, to: byteCount, by: 1 << 20) {
            try zeros.span.bytes.withUnsafeBytes { (bytes) throws(TrainerError) in
                try write(UnsafeRawBufferPointer(rebasing: bytes[..<min(1 << 20, byteCount - start)]), at: start)
            }
        }
    }

    private func move(_ bytes: UnsafeRawBufferPointer, _ start: Int, isWrite: Bool) throws(TrainerError) {
        precondition(start >= 0 && start + bytes.count <= byteCount, "SpillRegion: the bytes do not fit")
        guard let address = bytes.baseAddress else { return }
        try spill.finish(spill.start(UnsafeMutableRawPointer(mutating: address), bytes.count, at: offset + start, isWrite: isWrite))
    }
}
