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
        var found = differences(ranks) + unevenNodes(nodes)
        for facts in nodes { found += cores(facts) + memory(facts) + limits(facts) + disk(facts) }
        for facts in nodes { found += kernels(facts) }
        found += slowRanks(ranks)
        var seen: [Finding] = []
        for finding in found where !seen.contains(finding) { seen.append(finding) }
        return seen.filter(\.mustFix) + seen.filter { !$0.mustFix }
    }
}
