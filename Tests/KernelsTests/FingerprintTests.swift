import Testing

@testable import Kernels

@Suite struct FingerprintTests {
    private func values(_ count: Int) -> [Float] { (0..<count).map { Float(($0 * 7919) % 1013) / 64 - 7 } }

    @Test("any single value that differs shows, wherever it lies and however little", arguments: [1, 31, 32, 100, 257])
    func differences(count: Int) {
        let plain = values(count)
        let own = fingerprint(values: plain, range: 0..<count, start: 0)
        for index in 0..<count {
            var changed = plain
            changed[index] = changed[index].nextUp
            #expect(fingerprint(values: changed, range: 0..<count, start: 0) != own)
        }
    }

    @Test("order, length, the sign of zero and where the range starts count; the address does not")
    func order() {
        let plain = values(200)
        let own = fingerprint(values: plain, range: 0..<200, start: 0)
        var swapped = plain
        swapped.swapAt(3, 131)
        #expect(fingerprint(values: swapped, range: 0..<200, start: 0) != own)
        #expect(fingerprint(values: plain, range: 0..<199, start: 0) != own)
        #expect(fingerprint(values: [0] as [Float], range: 0..<1, start: 0) != fingerprint(values: [-0.0] as [Float], range: 0..<1, start: 0))
        #expect(fingerprint(values: plain, range: 0..<200, start: 1) != own)
        let shifted = [Float(1)] + plain
        #expect(fingerprint(values: shifted, range: 1..<201, start: 0) == own)
    }

    @Test("the fingerprint of known values stays what records have")
    func known() {
        #expect(fingerprint(values: values(100), range: 0..<100, start: 0) == 0x4E45_43DA_EF8C_7B39)
    }
}
