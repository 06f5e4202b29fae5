import Support

/// Something to fix or to know, and what to do about it.
public struct Finding: Codable, Equatable, Sendable {
    /// Training fails, or is much slower than this machine allows, until it is fixed.
    public var mustFix: Bool
    public var problem: String
    public var remedy: String

    init(fix problem: String, _ remedy: String) { (mustFix, self.problem, self.remedy) = (true, problem, remedy) }
    init(know problem: String, _ remedy: String) { (mustFix, self.problem, self.remedy) = (false, problem, remedy) }

    /// All that follows from what the ranks found, what must be fixed first.
    public static func all(_ ranks: [RankFacts]) -> [Finding] {
        let nodes = ranks.filter(\.isFirstOnNode)
        var found = differences(ranks)
        for facts in nodes { found += cores(facts) + memory(facts) + limits(facts) + disk(facts) }
        for facts in nodes { found += kernels(facts) }
        found += slowRanks(ranks)
        var seen: [Finding] = []
        for finding in found where !seen.contains(finding) { seen.append(finding) }
        return seen.filter(\.mustFix) + seen.filter { !$0.mustFix }
    }

    // MARK: - Across ranks

    private static func differences(_ ranks: [RankFacts]) -> [Finding] {
        func differing(_ name: String, _ value: (RankFacts) -> String, _ remedy: String, mustFix: Bool) -> Finding? {
            let groups = Dictionary(grouping: ranks, by: value).sorted { ($1.value.count, $0.value[0].rank) < ($0.value.count, $1.value[0].rank) }
            guard groups.count > 1 else { return nil }
            let text = groups.prefix(4).map { "\($0.key.isEmpty ? "none" : $0.key) on \(Self.names($0.value))" }.joined(separator: ", ")
            let problem = "\(name) differs: \(text)"
            return mustFix ? Finding(fix: problem, remedy) : Finding(know: problem, remedy)
        }
        return [
            differing(
                "the program", { String($0.program.prefix(12)) }, "Copy one build to every node, or build it on a shared file system", mustFix: true),
            differing("MPI", \.mpi, "Load the same MPI on every node", mustFix: true),
            differing("OpenBLAS", \.openBLAS, "Install the same version on every node", mustFix: true),
            differing("the C library", \.cLibrary, "Results may differ in the last digits; use nodes of one system", mustFix: false),
            differing(
                "the processor", \.processor, "The slowest decides the speed; build with TRAINER_CPU=x86-64-v3 for a mixed cluster", mustFix: false),
            differing("OpenBLAS's kernels", \.blasCore, "Set OPENBLAS_CORETYPE alike on every node", mustFix: false),
            differing(
                "the number of threads", { "\($0.threadCount)" }, "The slowest rank decides the speed; give every node as many ranks", mustFix: false),
        ].compactMap { $0 }
    }

    /// Ranks with under 70 % of the median speed.
    private static func slowRanks(_ ranks: [RankFacts]) -> [Finding] {
        let speeds = ranks.compactMap(\.speeds.ownAllThreads).sorted()
        guard speeds.count > 1 else { return [] }
        let median = speeds[speeds.count / 2]
        return ranks.filter { ($0.speeds.ownAllThreads ?? median) < 0.7 * median }.map { facts in
            Finding(
                know:
                    "rank \(facts.rank) on \(facts.node) reaches \(fixed(facts.speeds.ownAllThreads ?? 0, 0)) GFLOP/s, half of the ranks \(fixed(median, 0)) or more",
                "Every step waits for it: see what else runs on that node, or leave it out")
        }
    }

    private static func names(_ ranks: [RankFacts]) -> String {
        let list = ranks.prefix(6).map { "\($0.rank)" }.joined(separator: ", ")
        return (ranks.count == 1 ? "rank " : "ranks ") + list + (ranks.count > 6 ? " and \(ranks.count - 6) more" : "")
    }
}
