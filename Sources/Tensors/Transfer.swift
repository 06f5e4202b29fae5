public import Support

/// Communication under way. Whoever started it keeps its tensors as they are until it is done.
public protocol Transfer: AnyObject {
    /// Waits until it is done.
    func wait() throws(TrainerError)
}

/// What needed no communication.
public final class NoTransfer: Transfer {
    /// What a message would be rounded into.
    private let room: Tensor?

    public init() { room = nil }

    /// A message that is not sent but takes the memory that it would.
    ///
    /// - Throws: `memory`.
    init(of tensor: Tensor, as type: ElementType) throws(TrainerError) {
        room = type == tensor.elementType ? nil : try tensor.device.tensor(tensor.rows, tensor.columns, type)
    }

    public func wait() {}
}

/// How a tensor's elements are shared out over the ranks of a group: consecutive parts as equal as can be.
///
/// - Parameter grain: Elements that stay together; the parts are whole numbers of them.
/// - Returns: The elements of the part that `index` has of `count` in all.
public func evenPart(_ index: Int, of size: Int, count: Int, grain: Int = 1) -> Range<Int> {
    let grains = grain == 0 ? 0 : count / grain
    return grains * index / size * grain..<grains * (index + 1) / size * grain
}
