public import Support

/// A process group that rounds float32 elements on their way: what is gathered, summed scattered, and handed from rank to rank.
///
/// Layers need not know: they call what they would call on the group behind it. Sums that all ranks get whole, and numbers, are as exact as there.
public final class RoundingGroup: ProcessGroup {
    private let group: any ProcessGroup
    private let type: ElementType

    /// - Parameter type: bfloat16 or float16.
    public init(_ group: any ProcessGroup, to type: ElementType) {
        self.group = group
        self.type = type
    }

    public var index: Int { group.index }
    public var size: Int { group.size }

    /// How a tensor travels that may be rounded to the type asked for: what is not float32 stays as it is.
    private func rounded(_ tensor: Tensor) -> ElementType { tensor.elementType == .float32 ? type : tensor.elementType }

    public func startSum(_ tensor: Tensor, as type: ElementType, name: String) throws(TrainerError) -> any Transfer {
        try group.startSum(tensor, as: type, name: name)
    }

    public func startScatteredSum(_ tensor: Tensor, as type: ElementType, grain: Int, name: String) throws(TrainerError) -> any Transfer {
        try group.startScatteredSum(tensor, as: rounded(tensor), grain: grain, name: name)
    }

    public func startGather(_ tensor: Tensor, as type: ElementType, grain: Int, name: String) throws(TrainerError) -> any Transfer {
        try group.startGather(tensor, as: rounded(tensor), grain: grain, name: name)
    }

    public func startSend(
        _ tensor: Tensor, as type: ElementType, to index: Int, channel: MessageChannel, name: String
    ) throws(TrainerError) -> any Transfer {
        try group.startSend(tensor, as: rounded(tensor), to: index, channel: channel, name: name)
    }

    public func startReceive(
        _ tensor: Tensor, as type: ElementType, from index: Int, channel: MessageChannel, name: String
    ) throws(TrainerError) -> any Transfer {
        try group.startReceive(tensor, as: rounded(tensor), from: index, channel: channel, name: name)
    }

    public func progress() { group.progress() }
    public func finish() throws(TrainerError) { try group.finish() }
    public func sum(_ values: [Double], name: String) throws(TrainerError) -> [Double] { try group.sum(values, name: name) }
    public func max(_ values: [Double], name: String) throws(TrainerError) -> [Double] { try group.max(values, name: name) }
    public func broadcast(_ bytes: [UInt8], name: String) throws(TrainerError) -> [UInt8] { try group.broadcast(bytes, name: name) }
    public func gather(_ bytes: [UInt8], name: String) throws(TrainerError) -> [[UInt8]] { try group.gather(bytes, name: name) }
    public func barrier(name: String) throws(TrainerError) { try group.barrier(name: name) }
}
