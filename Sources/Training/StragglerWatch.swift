/// Finds ranks that are slower than those that do the same work, step after step.
///
/// A value that knows no clock: fed the same times, all ranks find the same.
struct StragglerWatch {
    /// What a rank does in a step, without waiting for others.
    enum Phase: String, CaseIterable {
        case data = "reading rows"
        case compute = "forward and backward"
        case update = "the update"
    }

    /// A place whose rank, or one of whose ranks, is slow.
    struct Finding: Equatable {
        var place: Int
        var phase: Phase
        /// Seconds a step, on average, and the median of the others'.
        var seconds: Double
        var others: Double
    }

    /// Steps that are looked at together.
    static let window = 20
    /// Slower than the others' median by this factor, in nine of ten steps.
    static let factor = 1.5

    /// For each place, which kind of work its ranks do.
    private let kinds: [Int]
    private var steps: [[Phase: [Double]]] = []
    private var totals: [Double] = []
    /// What was found in the last window is not found again until a window passes without it.
    private var known: Set<String> = []

    init(kinds: [Int]) { self.kinds = kinds }

    /// Takes in a step.
    ///
    /// - Parameters:
    ///   - times: By phase and place.
    ///   - seconds: How long the step took.
    /// - Returns: What is new at the end of a window; nothing in between.
    mutating func add(_ times: [Phase: [Double]], seconds: Double) -> [Finding] {
        steps.append(times)
        totals.append(seconds)
        guard steps.count == Self.window else { return [] }
        let found = Phase.allCases.flatMap { phase in kinds.indices.compactMap { finding($0, phase) } }
        defer {
            known = Set(found.map(\.name))
            steps = []
            totals = []
        }
        return found.filter { !known.contains($0.name) }
    }

    /// Whether the next step begins a window.
    var isBetweenWindows: Bool { steps.isEmpty }

    private func finding(_ place: Int, _ phase: Phase) -> Finding? {
        let peers = kinds.indices.filter { $0 != place && kinds[$0] == kinds[place] }
        guard !peers.isEmpty else { return nil }
        let pairs = steps.map { step in (own: step[phase]?[place] ?? 0, others: median(peers.map { step[phase]?[$0] ?? 0 })) }
        let (own, others) = (mean(pairs.map(\.own)), mean(pairs.map(\.others)))
        // What takes no time worth speaking of may be as uneven as it likes.
        guard own - others > 0.05 * mean(totals), pairs.filter({ $0.own > Self.factor * $0.others }).count * 10 >= 9 * steps.count else { return nil }
        return Finding(place: place, phase: phase, seconds: own, others: others)
    }

    private func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
}

extension StragglerWatch.Finding {
    fileprivate var name: String { "\(place) \(phase)" }
}
