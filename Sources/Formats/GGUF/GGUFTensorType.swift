import Tensors

/// The tensor types of ggml: their numbers, names and block sizes (gguf 0.19, `GGML_QUANT_SIZES`).
struct GGUFTensorType: Equatable {
    let number: UInt32
    let name: String
    let blockSize: Int
    let blockBytes: Int
    /// nil for types that trainer lists, but does not read.
    let elementType: ElementType?

    private init(_ number: UInt32, _ name: String, _ blockSize: Int, _ blockBytes: Int, _ elementType: ElementType? = nil) {
        self.number = number
        self.name = name
        self.blockSize = blockSize
        self.blockBytes = blockBytes
        self.elementType = elementType
    }

    static let all: [GGUFTensorType] = [
        GGUFTensorType(0, "F32", 1, 4, .float32), GGUFTensorType(1, "F16", 1, 2, .float16),
        GGUFTensorType(2, "Q4_0", 32, 18, .q4_0), GGUFTensorType(3, "Q4_1", 32, 20, .q4_1),
        GGUFTensorType(6, "Q5_0", 32, 22, .q5_0), GGUFTensorType(7, "Q5_1", 32, 24, .q5_1),
        GGUFTensorType(8, "Q8_0", 32, 34, .q8_0), GGUFTensorType(9, "Q8_1", 32, 40),
        GGUFTensorType(10, "Q2_K", 256, 84, .q2_K), GGUFTensorType(11, "Q3_K", 256, 110, .q3_K),
        GGUFTensorType(12, "Q4_K", 256, 144, .q4_K), GGUFTensorType(13, "Q5_K", 256, 176, .q5_K),
        GGUFTensorType(14, "Q6_K", 256, 210, .q6_K), GGUFTensorType(15, "Q8_K", 256, 292),
        GGUFTensorType(16, "IQ2_XXS", 256, 66), GGUFTensorType(17, "IQ2_XS", 256, 74),
        GGUFTensorType(18, "IQ3_XXS", 256, 98), GGUFTensorType(19, "IQ1_S", 256, 50),
        GGUFTensorType(20, "IQ4_NL", 32, 18, .iq4_NL), GGUFTensorType(21, "IQ3_S", 256, 110),
        GGUFTensorType(22, "IQ2_S", 256, 82), GGUFTensorType(23, "IQ4_XS", 256, 136, .iq4_XS),
        GGUFTensorType(24, "I8", 1, 1), GGUFTensorType(25, "I16", 1, 2),
        GGUFTensorType(26, "I32", 1, 4, .int32), GGUFTensorType(27, "I64", 1, 8),
        GGUFTensorType(28, "F64", 1, 8), GGUFTensorType(29, "IQ1_M", 256, 56),
        GGUFTensorType(30, "BF16", 1, 2, .bfloat16), GGUFTensorType(34, "TQ1_0", 256, 54),
        GGUFTensorType(35, "TQ2_0", 256, 66), GGUFTensorType(39, "MXFP4", 32, 17),
        GGUFTensorType(40, "NVFP4", 64, 36), GGUFTensorType(41, "Q1_0", 128, 18),
    ]

    static func number(_ number: UInt32) -> GGUFTensorType? { all.first { $0.number == number } }

    /// The names of those that weights are read from, for remedies.
    static var readableNames: String {
        let names = all.filter { $0.elementType.map { $0 != .int32 } ?? false }.map(\.name)
        return names.dropLast().joined(separator: ", ") + " and " + (names.last ?? "")
    }

    static func of(_ elementType: ElementType) -> GGUFTensorType? { all.first { $0.elementType == elementType } }
}
