public import Support

/// Some ranks that reduce and gather together, and this rank's place among them.
///
/// Every rank of the group makes the same calls in the same order. Float32 elements travel as they are, or rounded to the bfloat16 or float16 that a
/// call names; they are added in float32, and what a rank has itself is not rounded before it is added to.
public protocol ProcessGroup: AnyObject {
    var index: Int { get }
    var size: Int { get }

    /// Begins to replace a contiguous float32 tensor by its sum over the group; `finish` waits for it too. Every rank gets the same bits.
    @discardableResult
    func startSum(_ tensor: Tensor, as type: ElementType, name: String) throws(TrainerError) -> any Transfer
    /// Begins to sum a contiguous float32 tensor over the group, each rank its `part`; the other elements stay as they are.
    @discardableResult
    func startScatteredSum(_ tensor: Tensor, as type: ElementType, grain: Int, name: String) throws(TrainerError) -> any Transfer
    /// Begins to fill a contiguous tensor of any type, each rank's `part` from that rank, where it is rounded as well if it is on the others.
    @discardableResult
    func startGather(_ tensor: Tensor, as type: ElementType, grain: Int, name: String) throws(TrainerError) -> any Transfer
    /// Begins to send a contiguous tensor to one rank of the group. On one channel messages between two ranks arrive in the order they were sent.
    @discardableResult
    func startSend(_ tensor: Tensor, as type: ElementType, to index: Int, channel: MessageChannel, name: String) throws(TrainerError) -> any Transfer
    /// Begins to fill a contiguous tensor with what one rank of the group sends; both know its size and how it travels.
    @discardableResult
    func startReceive(
        _ tensor: Tensor, as type: ElementType, from index: Int, channel: MessageChannel, name: String
    ) throws(TrainerError) -> any Transfer
    /// Moves what was started along without waiting.
    func progress()
    /// Waits until everything started is done.
    func finish() throws(TrainerError)

    func sum(_ values: [Double], name: String) throws(TrainerError) -> [Double]
    func max(_ values: [Double], name: String) throws(TrainerError) -> [Double]
    /// The bytes that the rank of index 0 passes, on every rank.
    func broadcast(_ bytes: [UInt8], name: String) throws(TrainerError) -> [UInt8]
    /// Every rank's bytes in rank order, on every rank.
    func gather(_ bytes: [UInt8], name: String) throws(TrainerError) -> [[UInt8]]
    /// Waits, asleep, until every rank has come here.
    func barrier(name: String) throws(TrainerError)
}

/// Messages that keep their order among themselves.
public enum MessageChannel: Int, Sendable {
    /// To the rank that has what comes next: activations.
    case forward
    /// Back from there: gradients.
    case backward
}

extension ProcessGroup {
    /// This rank's elements of a contiguous tensor that is shared out over the group, `[1, n]`.
    ///
    /// - Parameter grain: Elements that stay together, such as those of a row; the parts are whole numbers of them.
    public func part(of tensor: Tensor, grain: Int = 1) -> Tensor {
        let range = evenPart(index, of: size, count: tensor.count, grain: grain)
        return tensor.reshaped(from: range.lowerBound, rows: 1, columns: range.count)
    }

    /// Every rank's numbers in rank order, on every rank.
    public func gatherValues<Value: BitwiseCopyable>(_ values: [Value], name: String) throws(TrainerError) -> [[Value]] {
        try gather(values.withUnsafeBytes { Array($0) }, name: name).map { [Value](bytes: $0) }
    }

    /// The numbers that the rank of index 0 passes, on every rank.
    public func broadcastValues<Value: BitwiseCopyable>(_ values: [Value], name: String) throws(TrainerError) -> [Value] {
        [Value](bytes: try broadcast(values.withUnsafeBytes { Array($0) }, name: name))
    }

    /// The sums of the ranks' numbers, added in rank order, so that every rank has the same bits whatever MPI adds first.
    public func sumInOrder(_ values: [Double], name: String) throws(TrainerError) -> [Double] {
        let all = try gatherValues(values, name: name)
        return values.indices.map { place in all.reduce(0) { $0 + $1[place] } }
    }
}

/// The same with elements that travel as they are.
extension ProcessGroup {
    @discardableResult
    public func startSum(_ tensor: Tensor, name: String) throws(TrainerError) -> any Transfer {
        try startSum(tensor, as: tensor.elementType, name: name)
    }

    @discardableResult
    public func startScatteredSum(_ tensor: Tensor, grain: Int = 1, name: String) throws(TrainerError) -> any Transfer {
        try startScatteredSum(tensor, as: tensor.elementType, grain: grain, name: name)
    }

    @discardableResult
    public func startGather(_ tensor: Tensor, grain: Int = 1, name: String) throws(TrainerError) -> any Transfer {
        try startGather(tensor, as: tensor.elementType, grain: grain, name: name)
    }

    @discardableResult
    public func startSend(_ tensor: Tensor, to index: Int, channel: MessageChannel, name: String) throws(TrainerError) -> any Transfer {
        try startSend(tensor, as: tensor.elementType, to: index, channel: channel, name: name)
    }

    @discardableResult
    public func startReceive(_ tensor: Tensor, from index: Int, channel: MessageChannel, name: String) throws(TrainerError) -> any Transfer {
        try startReceive(tensor, as: tensor.elementType, from: index, channel: channel, name: name)
    }
}

/// A group in which nothing is sent: what one rank has is what all would have.
public protocol UnconnectedGroup: ProcessGroup {}

extension UnconnectedGroup {
    public func startSum(_ tensor: Tensor, as type: ElementType, name: String) -> any Transfer { NoTransfer() }
    public func startScatteredSum(_ tensor: Tensor, as type: ElementType, grain: Int, name: String) -> any Transfer { NoTransfer() }
    public func startGather(_ tensor: Tensor, as type: ElementType, grain: Int, name: String) -> any Transfer { NoTransfer() }
    public func startSend(
        _ tensor: Tensor, as type: ElementType, to index: Int, channel: MessageChannel, name: String
    ) throws(TrainerError) -> any Transfer { try NoTransfer(of: tensor, as: type) }
    public func startReceive(
        _ tensor: Tensor, as type: ElementType, from index: Int, channel: MessageChannel, name: String
    ) throws(TrainerError) -> any Transfer { try NoTransfer(of: tensor, as: type) }
    public func progress() {}
    public func finish() {}
    public func sum(_ values: [Double], name: String) -> [Double] { values }
    public func max(_ values: [Double], name: String) -> [Double] { values }
    public func broadcast(_ bytes: [UInt8], name: String) -> [UInt8] { bytes }
    public func gather(_ bytes: [UInt8], name: String) -> [[UInt8]] { [[UInt8]](repeating: bytes, count: size) }
    public func barrier(name: String) {}
}

/// A group of one: what one rank sums is what it has.
public final class SoloGroup: UnconnectedGroup {
    public init() {}

    public var index: Int { 0 }
    public var size: Int { 1 }
}

extension Array where Element: BitwiseCopyable {
    /// From the bytes of such an array.
    fileprivate init(bytes: [UInt8]) {
        let stride = MemoryLayout<Element>.stride
        self = bytes.withUnsafeBytes { raw in (0..<raw.count / stride).map { raw.loadUnaligned(fromByteOffset: $0 * stride, as: Element.self) } }
    }
}
