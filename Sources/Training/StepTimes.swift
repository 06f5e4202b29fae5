import MessagePassing
import Parallelism
import Reporting
import Support
import Tensors

/// Seconds of a clock that stands while this rank waits for others.
func ownTime() -> Double { (ContinuousClock.now - processStart) / .seconds(1) - FlightRecord.own.waitedSeconds }

private let processStart = ContinuousClock.now

/// How long each rank takes in each phase of a step, and which of them are slow.
struct StepTimes {
    private let grid: ProcessGrid
    private var watch: StragglerWatch
    /// This rank's in the window so far.
    private var own: [StragglerWatch.Phase: Double] = [:]
    /// Many ranks share a place with their neighbours, and the slowest is kept.
    let placeCount: Int
    private func place(_ rank: Int) -> Int { rank * placeCount / grid.world.size }

    init(_ grid: ProcessGrid) {
        self.grid = grid
        let (size, places) = (grid.world.size, min(grid.world.size, 64))
        placeCount = places
        // Stages of a pipeline do different work; a place is known by its first rank.
        watch = StragglerWatch(kinds: (0..<places).map { grid.shape.place(ofRank: ($0 * size + places - 1) / places).pipeline })
    }

    /// This rank's times, each at its place, for a maximum over the ranks.
    func spread(_ times: [StragglerWatch.Phase: Double]) -> [Double] {
        StragglerWatch.Phase.allCases.flatMap { phase in
            var places = [Double](repeating: 0, count: placeCount)
            places[place(grid.world.index)] = times[phase] ?? 0
            return places
        }
    }

    /// Takes in a step's times: this rank's, and the maxima of what `spread` gave.
    ///
    /// - Returns: What is to be said of ranks that are slow: the same on every rank.
    /// - Throws: `communication`.
    mutating func add(
        _ times: [StragglerWatch.Phase: Double], spread: ArraySlice<Double>, seconds: Double
    ) throws(TrainerError) -> [String] {
        own.merge(times) { $0 + $1 }
        var byPhase: [StragglerWatch.Phase: [Double]] = [:]
        for (index, phase) in StragglerWatch.Phase.allCases.enumerated() {
            byPhase[phase] = Array(spread.dropFirst(index * placeCount).prefix(placeCount))
        }
        let found = watch.add(byPhase, seconds: seconds)
        defer { if watch.isBetweenWindows { own = [:] } }
        return found.isEmpty ? [] : try words(found)
    }

    private func words(_ findings: [StragglerWatch.Finding]) throws(TrainerError) -> [String] {
        let phases = StragglerWatch.Phase.allCases
        let mine = ([FlightRecord.own.host] + phases.map { "\(own[$0] ?? 0)" }).joined(separator: " ")
        let all = try grid.world.gather(Array(mine.utf8), name: "times of the ranks").map { bytes in
            String(decoding: bytes, as: UTF8.self).split(separator: " ").map(String.init)
        }
        return findings.map { finding in
            let column = 1 + (phases.firstIndex(of: finding.phase) ?? 0)
            let slowest =
                all.indices.filter { place($0) == finding.place }.max { (Double(all[$0][column]) ?? 0) < (Double(all[$1][column]) ?? 0) } ?? 0
            return
                "rank \(slowest) on \(all[slowest][0]) is slow: \(fixed(finding.seconds, 3)) s a step in \(finding.phase.rawValue) over the last \(StragglerWatch.window) steps, where the median of the others is \(fixed(finding.others, 3)) s"
        }
    }
}
