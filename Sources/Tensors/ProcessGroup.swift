public import Support

/// Some ranks that reduce and gather together, and this rank's place among them.
///
/// Every rank of the group makes the same calls in the same order.
public protocol ProcessGroup: AnyObject {
    var index: Int { get }
    var size: Int { get }

    /// Begins to replace a contiguous float32 tensor by its sum over the group; `finish` waits for it.
    func startSum(_ tensor: Tensor, name: String) throws(TrainerError)
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

/// A group of one: what one rank sums is what it has.
public final class SoloGroup: ProcessGroup {
    public init() {}

    public var index: Int { 0 }
    public var size: Int { 1 }
    public func startSum(_ tensor: Tensor, name: String) {}
    public func progress() {}
    public func finish() {}
    public func sum(_ values: [Double], name: String) -> [Double] { values }
    public func max(_ values: [Double], name: String) -> [Double] { values }
    public func broadcast(_ bytes: [UInt8], name: String) -> [UInt8] { bytes }
    public func gather(_ bytes: [UInt8], name: String) -> [[UInt8]] { [bytes] }
    public func barrier(name: String) {}
}
