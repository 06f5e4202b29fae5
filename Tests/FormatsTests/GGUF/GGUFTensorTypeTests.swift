import Tensors
import Testing

@testable import Formats

@Suite struct GGUFTensorTypeTests {
    @Test("each type that is read has the block sizes of its element type, and no two share one")
    func blocks() {
        let read = GGUFTensorType.all.compactMap { type in type.elementType.map { (type, $0) } }
        #expect(read.allSatisfy { $0.blockSize == $1.blockSize && $0.blockBytes == $1.blockBytes })
        #expect(Set(read.map(\.1)).count == read.count)
        // All but NF4, which is not ggml's, and types that only data have.
        #expect(Set(read.map(\.1)) == Set(ElementType.allCases).subtracting([.nf4, .int64, .uint8]))
        #expect(GGUFTensorType.readableNames == "F32, F16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS and BF16")
    }
}
