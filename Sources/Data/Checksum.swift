/// A running 64-bit checksum by which ranks and files agree that they mean the same; it does not withstand an adversary.
///
/// Each word passes through the mixing function of splitmix64 (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators";
/// the constants are Stafford's variant 13), so the order of the words counts.
public struct Checksum: Sendable {
    public private(set) var value: UInt64

    public init(_ start: UInt64 = 0x9E37_79B9_7F4A_7C15) { value = start }

    /// Takes in one word.
    public mutating func add(_ word: UInt64) {
        var z = (value ^ word) &+ 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        value = z ^ (z >> 31)
    }

    public mutating func add(_ number: Int) { add(UInt64(bitPattern: Int64(number))) }

    /// Takes in the length and the bytes, eight at a time.
    public mutating func add(_ bytes: some Collection<UInt8>) {
        add(bytes.count)
        var word: UInt64 = 0
        var filled = 0
        for byte in bytes {
            word = word << 8 | UInt64(byte)
            filled += 1
            if filled == 8 {
                add(word)
                word = 0
                filled = 0
            }
        }
        if filled > 0 { add(word) }
    }

    public mutating func add(_ text: String) { add(text.utf8) }
}
