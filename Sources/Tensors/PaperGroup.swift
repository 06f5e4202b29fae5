public import Support

/// One rank of a group that exists only on paper: nothing is sent, but what a rank of so many would allocate is allocated.
///
/// For devices that count; what is gathered is this rank's own, as often as there would be ranks.
public final class PaperGroup: UnconnectedGroup {
    public let index: Int
    public let size: Int
    /// Where pieces would arrive. They are there from the start, as they are in all steps but a run's first.
    private let slots: [Tensor]

    /// - Parameters:
    ///   - sums: Whether tensors are summed over the group, which takes memory.
    ///   - byNodes: Whether that goes by nodes, which takes it twice.
    /// - Throws: `memory`.
    public init(index: Int = 0, size: Int, sums: Bool = true, byNodes: Bool = false, on device: any Device) throws(TrainerError) {
        self.index = index
        self.size = size
        slots = try (0..<(sums && size > 1 ? byNodes ? 2 : 1 : 0)).map { (_) throws(TrainerError) in try SumSlots.make(on: device) }
    }
}

/// Where pieces of other ranks' tensors arrive that are to be added: one set for all sums of a group.
public enum SumSlots {
    /// Float32 elements of a piece: 256 KB.
    public static let pieceCount = 1 << 16
    /// Pieces that may be under way at a time.
    public static let count = 4

    /// `[4, 65536]`.
    public static func make(on device: any Device) throws(TrainerError) -> Tensor { try device.tensor(count, pieceCount, .float32, .scratch) }

    /// The pieces of so many elements.
    public static func cuts(_ elements: Int) -> [Range<Int>] {
        stride(from: 0, to: elements, by: pieceCount).map { $0..<min($0 + pieceCount, elements) }
    }

    /// The slots' bytes as slots of a type of two bytes: as many to receive in, and as many to send from.
    public static func narrow(_ slots: Tensor, _ type: ElementType) -> (receiving: [Tensor], sending: [Tensor]) {
        let each = type.byteCount(pieceCount)
        let all = (0..<2 * count).map { slots.bytes.elements(type, from: $0 * each, rows: 1, columns: pieceCount) }
        return (Array(all.prefix(count)), Array(all.suffix(count)))
    }
}
