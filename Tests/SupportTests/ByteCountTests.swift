import Support
import Testing

@Suite struct ByteCountTests {
    @Test("description: three significant digits and a decimal unit")
    func description() {
        let cases = [
            (0, "0 B"), (612, "612 B"), (999, "999 B"), (1000, "1.00 kB"), (58_100_000, "58.1 MB"), (1_340_000_000, "1.34 GB"), (999_600, "1.00 MB"),
        ]
        for (bytes, text) in cases { #expect(ByteCount(bytes).description == text) }
    }

    @Test("fixed and grouped: as printf and PEFT print them")
    func numbers() {
        #expect(fixed(3.14159, 2) == "3.14")
        #expect(fixed(-0.004, 2) == "0.00")
        #expect(fixed(1.0, 3) == "1.000")
        #expect(fixed(.nan, 2) == "nan")
        #expect(grouped(134_515_008) == "134,515,008")
        #expect(grouped(999) == "999")
    }
}
