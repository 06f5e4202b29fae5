/// The checksum of TensorBoard's records: CRC-32C, with Castagnoli's polynomial (RFC 3720, section 12.1).
enum CRC32C {
    /// The remainders of all bytes; the polynomial 0x1EDC6F41 with its bits reversed.
    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1 }
    }

    static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
        ~bytes.reduce(~UInt32(0)) { $0 >> 8 ^ table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] }
    }

    /// The checksum as records hold it: turned and shifted, so that a checksum of bytes that hold checksums stays a good one.
    ///
    /// TensorFlow, core/lib/hash/crc32c.h.
    static func masked(_ bytes: some Sequence<UInt8>) -> UInt32 {
        let value = checksum(bytes)
        return (value >> 15 | value << 17) &+ 0xA282_EAD8
    }
}
