import Foundation
import TestSupport

/// A fixture read from front to back; `make_quantisation.py` in `Fixtures/Quantisation` wrote it.
struct QuantisationFixture {
    private var bytes: ArraySlice<UInt8>

    init(_ name: String, file: String = #filePath) throws {
        // This file lies in a folder of its own below the target's fixtures.
        let folder = URL(fileURLWithPath: file).deletingLastPathComponent().deletingLastPathComponent().path
        try self.init(path: "\(folder)/Fixtures/Quantisation/\(name)")
    }

    init(path: String) throws { bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))[...] }

    var isAtEnd: Bool { bytes.isEmpty }

    mutating func take(_ count: Int) -> [UInt8] {
        defer { bytes = bytes.dropFirst(count) }
        return Array(bytes.prefix(count))
    }

    mutating func floats(_ count: Int) -> [Float] {
        let bytes = take(4 * count)
        return (0..<count).map { index in bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 4 * index, as: Float.self) } }
    }
}

/// A fixed scatter of 32 bits.
func mixed(_ index: Int) -> UInt32 {
    var u = UInt32(truncatingIfNeeded: index) &* 2_654_435_761
    u ^= u >> 15
    u = u &* 2_246_822_519
    u ^= u >> 13
    u = u &* 3_266_489_917
    return u ^ (u >> 16)
}

/// Bell-shaped values with outliers, a scale for each block, some blocks of zeros, some of few values.
func weights(blocks: Int) -> [Float] {
    (0..<64 * blocks).map { index in
        let block = index / 64
        if block % 13 == 5 { return 0 }
        let x = (0..<4).map { Float(mixed(4 * index + $0) >> 8) * 0x1p-24 - 0.5 }
        var y = (((x[0] + x[1]) + x[2]) + x[3]) * (Float(0.005) * Float(1 + block * 37 % 11))
        if index % 97 == 0 { y *= 50 }
        return block % 7 == 3 ? (y * 64).rounded(.toNearestOrEven) / 64 : y
    }
}

/// Fowler, Noll and Vo's hash FNV-1a of the values' bytes.
func digest(_ values: [Float]) -> UInt64 {
    values.withUnsafeBytes { $0.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 } }
}

func bits(_ values: [Float]) -> [UInt32] { values.map(\.bitPattern) }
