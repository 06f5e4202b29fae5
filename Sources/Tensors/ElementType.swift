/// How the elements of a tensor are stored.
///
/// Dense types have one value after another. Block types pack `blockSize` consecutive elements of a row into `blockBytes` bytes:
/// Q8_0, Q4_0 and Q4_1 as ggml lays them out (scale first), NF4 as bitsandbytes does (codes only; its constants lie beside the codes).
public enum ElementType: String, CaseIterable, Sendable {
    case float32, bfloat16, float16, int64, int32, uint8
    case nf4, q8_0, q4_0, q4_1

    /// Elements in a block; 1 for dense types.
    public var blockSize: Int {
        switch self {
        case .float32, .bfloat16, .float16, .int64, .int32, .uint8: 1
        case .nf4: 64
        case .q8_0, .q4_0, .q4_1: 32
        }
    }

    /// Bytes of a block: 4-bit codes, and for ggml's types a float16 scale (and, in Q4_1, a float16 minimum).
    public var blockBytes: Int {
        switch self {
        case .int64: 8
        case .float32, .int32: 4
        case .bfloat16, .float16: 2
        case .uint8: 1
        case .nf4: 32
        case .q8_0: 34
        case .q4_0: 18
        case .q4_1: 20
        }
    }

    /// Bytes of `count` elements; `count` must be a multiple of the block size.
    public func byteCount(_ count: Int) -> Int {
        precondition(count % blockSize == 0, "ElementType.byteCount: \(count) elements are no whole number of \(rawValue) blocks")
        return count / blockSize * blockBytes
    }
}
