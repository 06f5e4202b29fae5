public import Support

/// Some ranks that reduce and gather together, and this rank's place among them.
///
/// Every rank of the group makes the same calls in the same order.
public protocol ProcessGroup: AnyObject {
    var index: Int { get }
    var size: Int { get }

    /// Begins to replace a contiguous float32 tensor by its sum over the group; `finish` waits for it too.
    @discardableResult
    func startSum(_ tensor: Tensor, name: String) throws(TrainerError) -> any Transfer
    /// Begins to sum a contiguous float32 tensor over the group, each rank its `part`; the other elements stay as they are.
    @discardableResult
    func startScatteredSum(_ tensor: Tensor, name: String) throws(TrainerError) -> any Transfer
    /// Begins to fill a contiguous tensor of any type, each rank's `part` from that rank.
    @discardableResult
    func startGather(_ tensor: Tensor, name: String) throws(TrainerError) -> any Transfer
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
    func barrier(name: String) throws(TrainerError)
}

extension ProcessGroup {
    /// This rank's elements of a contiguous tensor that is shared out over the group, `[1, n]`.
    public func part(of tensor: Tensor) -> Tensor {
        let range = evenPart(index, of: size, count: tensor.count)
        return tensor.reshaped(from: range.lowerBound, rows: 1, columns: range.count)
    }
}

/// A group of one: what one rank sums is what it has.
public final class SoloGroup: ProcessGroup {
    public init() {}

    public var index: Int { 0 }
    public var size: Int { 1 }
    public func startSum(_ tensor: Tensor, name: String) -> any Transfer { NoTransfer() }
    public func startScatteredSum(_ tensor: Tensor, name: String) -> any Transfer { NoTransfer() }
    public func startGather(_ tensor: Tensor, name: String) -> any Transfer { NoTransfer() }
    public func progress() {}
    public func finish() {}
    public func sum(_ values: [Double], name: String) -> [Double] { values }
    public func max(_ values: [Double], name: String) -> [Double] { values }
    public func broadcast(_ bytes: [UInt8], name: String) -> [UInt8] { bytes }
    public func gather(_ bytes: [UInt8], name: String) -> [[UInt8]] { [bytes] }
    public func barrier(name: String) {}
}
