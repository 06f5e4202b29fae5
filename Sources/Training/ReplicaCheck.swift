import Models
import Parallelism
import Support
import Tensors

/// Compares the trained values of ranks that hold the same: they do the same updates on the same sums, so the bits are equal unless a processor, a
/// memory or a network has changed some unnoticed.
struct ReplicaCheck {
    let units: [ParameterUnit]
    let held: ShardedUnits
    let grid: ProcessGrid
    let device: any Device

    /// All ranks call it, between steps.
    ///
    /// - Throws: `communication`, on every rank alike, if the ranks differ: a run that is started again goes on from its last checkpoint, before
    ///   which they did not.
    func run(step: Int) throws(TrainerError) {
        // In stage 3 no two ranks hold the same.
        guard held.stage != .parameters, grid.replicas.size > 1 else { return }
        var own: [UInt64] = []
        for unit in units {
            try held.acquire(unit, next: nil)
            own.append(unit.values.map { device.fingerprint($0.words, start: 0) } ?? 0)
            held.release(unit)
        }
        let all = own.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ $1) &* 0x100_0000_01B3 } as UInt64
        let values = try gather("\(all)", "fingerprints after step \(step)").map { UInt64($0) ?? 0 }
        guard let odd = Self.odd(values, grid.shape) else { return }
        // All names travel: another stage of a pipeline has other units.
        let lists = try gather(zip(own, units).map { "\($0) \($1.name)" }.joined(separator: "\n"), "fingerprints of units")
            .map { $0.split(separator: "\n").map(String.init) }
        let (wrong, right) = (lists[odd.rank], lists[odd.others[0]])
        let unit = zip(wrong, right).first { $0 != $1 }.map { $0.0.split(separator: " ", maxSplits: 1)[1] } ?? "the model"
        let others = odd.others.prefix(4).map(String.init).joined(separator: ", ") + (odd.others.count > 4 ? " and more" : "")
        throw TrainerError(
            .communication, "step \(step), rank \(odd.rank)",
            "holds other trained values of \(unit) than rank\(odd.others.count > 1 ? "s" : "") \(others)",
            remedy: "A processor, memory or network may be faulty; started again, the run goes on from its last checkpoint, where they agreed")
    }

    private func gather(_ text: String, _ name: String) throws(TrainerError) -> [String] {
        try grid.world.gather(Array(text.utf8), name: name).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The first rank whose value is not that of most of the ranks that hold the same part of the model, and those that have that one.
    static func odd(_ values: [UInt64], _ shape: GridShape) -> (rank: Int, others: [Int])? {
        let parts = Dictionary(grouping: values.indices) { rank in
            let place = shape.place(ofRank: rank)
            return place.pipeline * shape.tensor + place.tensor
        }
        let found = parts.values.compactMap { ranks -> (rank: Int, others: [Int])? in
            let groups = Dictionary(grouping: ranks) { values[$0] }.values.sorted { ($1.count, $0[0]) < ($0.count, $1[0]) }
            guard groups.count > 1, let odd = groups.dropFirst().map({ $0[0] }).min() else { return nil }
            return (odd, groups[0])
        }
        return found.min { $0.rank < $1.rank }
    }
}

extension Tensor {
    /// The bits of a contiguous tensor as float32, but for an odd one of two bytes at the end.
    fileprivate var words: Tensor { elementType == .float32 ? self : bytes.elements(.float32, from: 0, rows: 1, columns: byteCount / 4) }
}
