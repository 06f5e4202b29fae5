public import Support
import Tensors

/// One tensor that an update rule keeps for a shard, in memory or in a spill file.
public struct OptimizerState {
    public let kind: StateKind
    public let entryCount: Int
    private let storage: Storage

    private enum Storage {
        case memory(Tensor)
        case spilled(SpillRegion, any Device)
    }

    /// All zero.
    ///
    /// - Throws: `memory`; `file` if the disk has no room for it.
    init(_ kind: StateKind, of shard: OptimizerShard, in spill: Spill?) throws(TrainerError) {
        self.kind = kind
        let device = shard.values.device
        entryCount = kind.entryCount(shard.values.count)
        guard let spill else {
            storage = .memory(try device.zeros(1, entryCount, kind.elementType, .optimizer))
            return
        }
        let region = spill.reserve(byteCount: kind.elementType.byteCount(entryCount))
        try region.clear()
        storage = .spilled(region, device)
    }

    /// Float32 masters that begin with values.
    ///
    /// - Throws: `file` if the disk has no room for them.
    init(masters values: Tensor, in spill: Spill?) throws(TrainerError) {
        kind = .masters
        entryCount = values.count
        guard let spill else {
            storage = .memory(values)
            return
        }
        let region = spill.reserve(byteCount: values.byteCount)
        if values.device.holdsValues {
            try values.withBytes { (bytes) throws(TrainerError) in try region.write(UnsafeRawBufferPointer(bytes), at: 0) }
        }
        storage = .spilled(region, values.device)
    }

    /// Its tensor; nil if that lies in a file.
    var tensor: Tensor? {
        guard case .memory(let tensor) = storage else { return nil }
        return tensor
    }

    // MARK: - Files

    /// Copies the entries of a range into bytes, of as many as the entries take.
    ///
    /// - Throws: `file` if they lie in a file that can't be read.
    public func read(_ entries: Range<Int>, into bytes: UnsafeMutableRawBufferPointer) throws(TrainerError) {
        switch storage {
        case .memory(let tensor): tensor.device.download(tensor.columns(entries), to: bytes)
        case .spilled(let region, _): try region.read(bytes, at: kind.elementType.byteCount(entries.lowerBound))
        }
    }

    /// Sets the entries of a range.
    ///
    /// - Throws: `file` if they lie in a file that can't be written.
    public func write(_ entries: Range<Int>, from bytes: UnsafeRawBufferPointer) throws(TrainerError) {
        switch storage {
        case .memory(let tensor): tensor.device.upload(bytes, to: tensor.columns(entries))
        case .spilled(let region, _): try region.write(bytes, at: kind.elementType.byteCount(entries.lowerBound))
        }
    }

    // MARK: - Paging

    /// A tensor for the entries of a stretch of the shard, which begins on a block's edge.
    func room(for elements: Range<Int>) throws(TrainerError) -> Tensor {
        guard case .spilled(_, let device) = storage else { preconditionFailure("OptimizerState.room: the state is in memory") }
        return try device.tensor(1, kind.entryCount(elements.count), kind.elementType, .optimizer)
    }

    func startReading(_ tensor: Tensor, of elements: Range<Int>) -> SpillRequest? {
        guard case .spilled(let region, _) = storage else { return nil }
        return region.startReading(tensor, at: kind.byteCount(elements.lowerBound))
    }

    func startWriting(_ tensor: Tensor, of elements: Range<Int>) -> SpillRequest? {
        guard case .spilled(let region, _) = storage else { return nil }
        return region.startWriting(tensor, at: kind.byteCount(elements.lowerBound))
    }
}
