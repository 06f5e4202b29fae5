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

    /// All ranks, if not those of the grid.
    var world: (any ProcessGroup)?

    /// Units that some ranks hold alike.
    private struct Copies {
        let units: [ParameterUnit]
        /// The same for ranks that hold the same.
        let key: (GridPlace) -> [Int]
    }

    /// What is compared: what the ranks with the same part of the model hold, in stage 3 those of them that keep the same of it; and the tied
    /// embedding, which the first and the last stage of a pipeline hold.
    private var copies: [Copies] {
        let (shape, isShared, last) = (grid.shape, held.stage == .parameters, grid.shape.pipeline - 1)
        func share(_ place: GridPlace) -> Int { isShared ? shape.replica(place) % shape.sharing : 0 }
        let ends = Copies(units: units.filter { $0 === held.tied }) { place in
            [place.data, place.context, place.tensor, [0, last].contains(place.pipeline) ? 0 : place.pipeline]
        }
        return [Copies(units: units) { [$0.pipeline, $0.tensor, share($0)] }, ends].filter { shape.hasCompany(by: $0.key) }
    }

    /// All ranks call it, between steps.
    ///
    /// - Throws: `communication`, on every rank alike, if the ranks differ: a run that is started again goes on from its last checkpoint, before
    ///   which they did not.
    func run(step: Int) throws(TrainerError) {
        let copies = copies
        guard !copies.isEmpty else { return }
        let own = try copies.map { (copies) throws(TrainerError) in
            try copies.units.map { (unit) throws(TrainerError) in try fingerprint(unit) }
        }
        let all = own.map { values in "\(values.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ $1) &* 0x100_0000_01B3 } as UInt64)" }
        let lines = try gather(all.joined(separator: " "), "fingerprints after step \(step)")
        let values = lines.map { $0.split(separator: " ").map { UInt64($0) ?? 0 } }
        for (place, copies) in copies.enumerated() {
            guard let odd = Self.odd(values.map { $0[place] }, grid.shape, by: copies.key) else { continue }
            throw try difference(odd, zip(own[place], copies.units).map { "\($0) \($1.name)" }, step: step)
        }
    }

    private func fingerprint(_ unit: ParameterUnit) throws(TrainerError) -> UInt64 {
        // In stage 3 a rank has its part at all times.
        let isGathered = held.stage != .parameters
        if isGathered { try held.acquire(unit, next: nil) }
        defer { if isGathered { held.release(unit) } }
        return held.keptValues(of: unit).map { device.fingerprint($0.words, start: 0) } ?? 0
    }

    /// Says where the ranks differ.
    ///
    /// - Parameter own: This rank's fingerprint and name of each unit; all names travel, since another stage of a pipeline has other units.
    private func difference(_ odd: (rank: Int, others: [Int]), _ own: [String], step: Int) throws(TrainerError) -> TrainerError {
        let lists = try gather(own.joined(separator: "\n"), "fingerprints of units").map { $0.split(separator: "\n").map(String.init) }
        let (wrong, right) = (lists[odd.rank], lists[odd.others[0]])
        let unit = zip(wrong, right).first { $0 != $1 }.map { $0.0.split(separator: " ", maxSplits: 1)[1] } ?? "the model"
        let others = odd.others.prefix(4).map(String.init).joined(separator: ", ") + (odd.others.count > 4 ? " and more" : "")
        return TrainerError(
            .communication, "step \(step), rank \(odd.rank)",
            "holds other trained values of \(unit) than rank\(odd.others.count > 1 ? "s" : "") \(others)",
            remedy: "A processor, memory or network may be faulty; started again, the run goes on from its last checkpoint, where they agreed")
    }

    private func gather(_ text: String, _ name: String) throws(TrainerError) -> [String] {
        try (world ?? grid.world).gather(Array(text.utf8), name: name).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The first rank whose value is not that of most of the ranks with the same key, and those that have that one.
    static func odd(_ values: [UInt64], _ shape: GridShape, by key: (GridPlace) -> [Int]) -> (rank: Int, others: [Int])? {
        let parts = Dictionary(grouping: values.indices) { key(shape.place(ofRank: $0)) }
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
