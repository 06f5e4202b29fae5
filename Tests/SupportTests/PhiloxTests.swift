import Support
import Testing

@Suite struct PhiloxTests {
    @Test("words: the known answers of Random123 for Philox-4x32-10")
    func knownAnswers() {
        let zero = Philox(key: (0, 0)).words(0, 0)
        #expect(zero == (0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8))
        let ones = Philox(key: (.max, .max)).words(.max, .max)
        #expect(ones == (0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD))
        let digits = Philox(key: (0xA409_3822, 0x299F_31D0)).words(0x85A3_08D3_243F_6A88, 0x0370_7344_1319_8A2E)
        #expect(digits == (0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1))
    }

    @Test("permutation: each index once, another order for another stream")
    func permutation() {
        let philox = Philox(seed: 42, purpose: .dataOrder)
        let first = philox.permutation(1000, stream: 0)
        #expect(first.sorted() == Array(0..<1000))
        #expect(first == philox.permutation(1000, stream: 0))
        #expect(first != philox.permutation(1000, stream: 1))
    }
}
