public import Support

/// What a buffer is for.
public enum MemoryKind: Int, CaseIterable, Sendable {
    case weights, gradients, optimizer, activations, scratch
    /// The copy of the state that is written while training goes on.
    case checkpoint

    public var name: String { ["weights", "gradients", "optimizer", "activations", "scratch", "checkpoint"][rawValue] }
}

/// Bytes alive by kind, now and at the moment of the highest total.
///
/// The CPU device and the counting device keep the same ledger, so a prediction and a measurement are the same sum.
public struct MemoryLedger: Equatable, Sendable {
    private var alive = [Int](repeating: 0, count: MemoryKind.allCases.count)
    private var atPeak = [Int](repeating: 0, count: MemoryKind.allCases.count)
    private var highest = [Int](repeating: 0, count: MemoryKind.allCases.count)

    public private(set) var total = ByteCount.zero
    public private(set) var peak = ByteCount.zero

    public init() {}

    /// A ledger of which the highest total is known, by kind, and nothing is alive.
    public init(peak bytes: [MemoryKind: Int]) {
        for (kind, bytes) in bytes { atPeak[kind.rawValue] = bytes }
        peak = ByteCount(atPeak.reduce(0, +))
    }

    public mutating func add(_ bytes: Int, _ kind: MemoryKind) {
        alive[kind.rawValue] += bytes
        highest[kind.rawValue] = max(highest[kind.rawValue], alive[kind.rawValue])
        total.bytes += bytes
        guard total > peak else { return }
        peak = total
        atPeak = alive
    }

    public mutating func remove(_ bytes: Int, _ kind: MemoryKind) {
        alive[kind.rawValue] -= bytes
        total.bytes -= bytes
    }

    /// Bytes of a kind that are alive now.
    public func alive(_ kind: MemoryKind) -> ByteCount { ByteCount(alive[kind.rawValue]) }

    /// Bytes of a kind that were alive when the total was highest.
    public func atPeak(_ kind: MemoryKind) -> ByteCount { ByteCount(atPeak[kind.rawValue]) }

    /// The most bytes of a kind that were alive at one time, which need not be that of the highest total.
    public func highest(_ kind: MemoryKind) -> ByteCount { ByteCount(highest[kind.rawValue]) }

    /// Forgets the peaks: from here on the highest total, and that of each kind, count anew.
    public mutating func restartPeak() {
        peak = total
        atPeak = alive
        highest = alive
    }
}
