/// How the elements of a tensor are stored.
///
/// Dense types have one value after another. Block types pack `blockSize` consecutive elements of a row into `blockBytes` bytes:
/// NF4 as bitsandbytes does (codes only; its constants lie beside the codes), the others as ggml lays them out.
public enum ElementType: String, CaseIterable, Sendable {
    case float32, bfloat16, float16, int64, int32, uint8
    case nf4, q8_0, q4_0, q4_1, q5_0, q5_1, iq4_NL
    case q2_K, q3_K, q4_K, q5_K, q6_K, iq4_XS

    /// Elements in a block; 1 for dense types.
    public var blockSize: Int {
        switch self {
        case .float32, .bfloat16, .float16, .int64, .int32, .uint8: 1
        case .nf4: 64
        case .q8_0, .q4_0, .q4_1, .q5_0, .q5_1, .iq4_NL: 32
        case .q2_K, .q3_K, .q4_K, .q5_K, .q6_K, .iq4_XS: 256
        }
    }

    /// Bytes of a block: codes, and for ggml's types scales and minima.
    public var blockBytes: Int {
        switch self {
        case .int64: 8
        case .float32, .int32: 4
        case .bfloat16, .float16: 2
        case .uint8: 1
        case .nf4: 32
        case .q8_0: 34
        case .q4_0, .iq4_NL: 18
        case .q4_1: 20
        case .q5_0: 22
        case .q5_1: 24
        case .q2_K: 84
        case .q3_K: 110
        case .iq4_XS: 136
        case .q4_K: 144
        case .q5_K: 176
        case .q6_K: 210
        }
    }

    /// Bytes of `count` elements; `count` must be a multiple of the block size.
    public func byteCount(_ count: Int) -> Int {
        precondition(count % blockSize == 0, "ElementType.byteCount: \(count) elements are no whole number of \(rawValue) blocks")
        return count / blockSize * blockBytes
    }
}
