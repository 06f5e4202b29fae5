public import Support

/// How activations wait for the backward.
public struct ActivationStorage {
    /// Float32, or in half the memory bfloat16, each value rounded to 8 bits, or float16, to 11 bits and at most 65,504 (Micikevicius et al. 2018,
    /// arXiv:1710.03740, section 3).
    public var elementType = ElementType.float32
    /// Where they go that are not needed soon; nil to keep all in memory.
    public var spill: Spill?

    public init(elementType: ElementType = .float32, spill: Spill? = nil) {
        self.elementType = elementType
        self.spill = spill
    }
}

/// What forwards save for backwards: the last pushed is the first popped.
///
/// A stack that forgets keeps nothing, which makes a forward cheap in memory when its backward will run it again (gradient checkpointing,
/// Chen et al. 2016, arXiv:1604.06174) or when there is no backward.
///
/// A stack with a spill file keeps two groups in memory: the one being pushed or popped, and the one that is written behind it, or read ahead
/// of it, meanwhile. A group is what lies between two calls of `closeGroup`: what a block saves. When memory is taken and given back does not
/// depend on the disk's speed, so a device that counts sees the same.
public final class ActivationStack {
    public let keeps: Bool
    private let storage: ActivationStorage
    private var spill: Spill? { storage.spill }
    /// The last one is open: what is pushed and popped belongs to it.
    private var groups = [Group()]
    private var isReturning = false

    public init(keeps: Bool, storage: ActivationStorage = ActivationStorage()) {
        self.keeps = keeps
        self.storage = storage
    }

    /// An error may end a pass while its tensors are being moved. What was popped has been: another stack's moves are none of this one's.
    deinit {
        if !isEmpty { spill?.settle() }
    }

    public var isEmpty: Bool { groups.allSatisfy(\.entries.isEmpty) }

    /// The tensor must stay as it is until it is popped.
    ///
    /// - Parameter exactly: Whether it is never rounded: what little a backward relies on to the last bit.
    /// - Throws: `memory` for room to round it in.
    public func push(_ tensor: Tensor, exactly: Bool = false) throws(TrainerError) {
        guard keeps else { return }
        var kept = tensor
        if !exactly, storage.elementType != .float32, tensor.elementType == .float32, tensor.isContiguous {
            kept = try tensor.device.tensor(tensor.rows, tensor.columns, storage.elementType)
            tensor.device.encode(kept, tensor)
        }
        groups[groups.count - 1].entries.append(Entry(kept))
    }

    /// - Throws: `memory` for room for what was rounded.
    public func pop() throws(TrainerError) -> Tensor {
        guard let kept = groups[groups.count - 1].entries.popLast()?.tensor else {
            preconditionFailure("ActivationStack.pop: a backward popped more than its forward pushed")
        }
        return [.bfloat16, .float16].contains(kept.elementType) ? try kept.inFloat32(.activations) : kept
    }

    /// Between two blocks of a forward: what was pushed since the last call begins to leave memory, and what that call began has left it.
    ///
    /// - Throws: `file` if the disk is full or fails.
    public func closeGroup() throws(TrainerError) {
        guard keeps, let spill else { return }
        let open = groups.count - 1
        if open > 0 { try groups[open - 1].release(spill) }
        groups[open].startWriting(spill)
        groups.append(Group())
    }

    /// Before the backward of each block: what its forward pushed is in memory when this returns, and what lies below it is on its way.
    ///
    /// - Throws: `file`, `memory`.
    public func openGroup() throws(TrainerError) {
        guard keeps, let spill else { return }
        if isReturning {
            precondition(groups.count > 1 && groups[groups.count - 1].entries.isEmpty, "ActivationStack.openGroup: a backward left something")
            groups.removeLast()
        }
        isReturning = true
        try spill.finish(groups[groups.count - 1].request)
        if groups.count > 1 { try groups[groups.count - 2].startReading() }
    }

    private struct Group {
        var entries: [Entry] = []
        /// The last of what moves its entries.
        var request: SpillRequest?

        mutating func startWriting(_ spill: Spill) {
            for index in entries.indices { request = entries[index].startWriting(spill) ?? request }
        }

        mutating func release(_ spill: Spill) throws(TrainerError) {
            try spill.finish(request)
            for index in entries.indices where entries[index].region != nil { entries[index].tensor = nil }
        }

        mutating func startReading() throws(TrainerError) {
            for index in entries.indices { request = try entries[index].startReading() ?? request }
        }
    }

    private struct Entry {
        /// nil while its values are in the file alone.
        var tensor: Tensor?
        var region: SpillRegion?
        let device: any Device
        let elementType: ElementType
        let rows: Int
        let columns: Int

        init(_ tensor: Tensor) {
            self.tensor = tensor
            device = tensor.device
            elementType = tensor.elementType
            rows = tensor.rows
            columns = tensor.columns
        }

        /// A view with gaps stays in memory.
        mutating func startWriting(_ spill: Spill) -> SpillRequest? {
            guard let tensor, tensor.isContiguous else { return nil }
            let room = spill.reserve(byteCount: tensor.byteCount)
            region = room
            return room.startWriting(tensor)
        }

        mutating func startReading() throws(TrainerError) -> SpillRequest? {
            guard tensor == nil, let region else { return nil }
            let again = try device.tensor(rows, columns, elementType)
            tensor = again
            return region.startReading(again)
        }
    }
}
