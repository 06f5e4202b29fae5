import Support

extension Finding {
    /// What ranks must have alike, and what is better alike.
    static func differences(_ ranks: [RankFacts]) -> [Finding] {
        let comparison = RankDifferences(ranks: ranks)
        let alike: [Finding?] = [
            comparison.of(
                "the program", { String($0.program.prefix(12)) }, "Copy one build to every node, or build it on a shared file system", mustFix: true),
            comparison.of("MPI", \.mpi, "Load the same MPI on every node", mustFix: true),
            comparison.of("OpenBLAS", \.openBLAS, "Install the same version on every node", mustFix: true),
            comparison.of("the C library", \.cLibrary, "Results may differ in the last digits; use nodes of one system"),
            comparison.of("the processor", \.processor, "The slowest decides the speed; build with TRAINER_CPU=x86-64-v3 for a mixed cluster"),
            comparison.of("OpenBLAS's kernels", \.blasCore, "Set OPENBLAS_CORETYPE alike on every node"),
            comparison.of("the number of threads", { "\($0.threadCount)" }, "The slowest rank decides the speed; give every node as many ranks"),
            comparison.of(
                "the number of cores of a node", { "\($0.nodeCores.count)" }, "Nodes with few cores decide the speed; use nodes of one kind"),
            comparison.of(
                "the number of ranks on a node", { "\($0.ranksOnNode)" }, "Start as many on every node: only then do sums go within nodes first"),
        ]
        return alike.compactMap { $0 }
            + comparison.of(\.configuration, "Give every rank the same file and words", mustFix: true) { $0 }
            + comparison.of(\.files, "Copy it to every node, or put it on a shared file system", mustFix: true) { "the file \($0)" }
            + comparison.of(\.environment, "Pass it to all ranks alike: mpirun -x NAME") { "the variable \($0)" }
    }

    /// Nodes of which one has less than 95 % of another's memory: those of a kind differ by a little.
    static func unevenNodes(_ nodes: [RankFacts]) -> [Finding] {
        guard let least = nodes.min(by: { $0.memoryTotal < $1.memoryTotal }), let most = nodes.max(by: { $0.memoryTotal < $1.memoryTotal }),
            Double(least.memoryTotal) < 0.95 * Double(most.memoryTotal)
        else { return [] }
        return [
            Finding(
                know: "\(least.node) has \(ByteCount(least.memoryTotal)) of memory and \(most.node) \(ByteCount(most.memoryTotal))",
                "The least decides what fits: leave that node out, or give it fewer ranks")
        ]
    }

    /// Ranks with under 70 % of the median speed.
    static func slowRanks(_ ranks: [RankFacts]) -> [Finding] {
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
}

/// Compares what ranks have, value by value.
private struct RankDifferences {
    let ranks: [RankFacts]

    /// A finding that names each value and its ranks; nil if all have the same.
    func of(_ name: String, _ value: (RankFacts) -> String, _ remedy: String, mustFix: Bool = false) -> Finding? {
        let groups = Dictionary(grouping: ranks, by: value).sorted { ($1.value.count, $0.value[0].rank) < ($0.value.count, $1.value[0].rank) }
        guard groups.count > 1 else { return nil }
        let text = groups.prefix(4).map { "\($0.key.isEmpty ? "none" : $0.key) on \(Self.names($0.value))" }.joined(separator: ", ")
        let problem = "\(name) differs: \(text)"
        return mustFix ? Finding(fix: problem, remedy) : Finding(know: problem, remedy)
    }

    /// The same for each of many named values; those that a rank lacks are none there.
    func of(
        _ values: (RankFacts) -> [String: String], _ remedy: String, mustFix: Bool = false, _ title: (String) -> String
    ) -> [Finding] {
        let all = ranks.map(values)
        guard let first = all.first, all.contains(where: { $0 != first }) else { return [] }
        let names = all.reduce(into: Set<String>()) { $0.formUnion($1.keys) }
        return names.sorted().compactMap { name in of(title(name), { values($0)[name] ?? "" }, remedy, mustFix: mustFix) }
    }

    private static func names(_ ranks: [RankFacts]) -> String {
        let list = ranks.prefix(6).map { "\($0.rank)" }.joined(separator: ", ")
        return (ranks.count == 1 ? "rank " : "ranks ") + list + (ranks.count > 6 ? " and \(ranks.count - 6) more" : "")
    }
}
