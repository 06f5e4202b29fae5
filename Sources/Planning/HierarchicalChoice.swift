public import Parallelism
public import Support

/// Whether sums over ranks that hold the same parameters go within nodes first, then between them.
public enum HierarchicalChoice: String, CaseIterable, ConfigurationValue {
    /// Where the nodes hold as many of these ranks each, and more than one.
    case auto
    case always = "true"
    case never = "false"

    public var configuration: ConfigurationNode { .plain(rawValue) }

    /// The node of each rank where sums go by nodes; empty where they don't.
    ///
    /// - Parameter nodes: The node of each rank.
    /// - Throws: `configuration` where they must and the nodes hold unequally many of the ranks, or one each, or there is but one node.
    public func nodes(of shape: GridShape, _ nodes: [Int]) throws(TrainerError) -> [Int] {
        guard self != .never else { return [] }
        let placements = shape.replicaRanks.map { ranks in NodePlacement(ranks.map { nodes[$0] }) }
        guard let other = placements.first(where: { !$0.suitsHierarchy }) else { return nodes }
        guard self == .always else { return [] }
        throw TrainerError(
            .configuration, "parallel.hierarchical",
            "is true, which takes two nodes or more that hold as many of the ranks with the same parameters each, at least 2; there are \(other)",
            remedy: "Start as many ranks on every node, or use auto")
    }
}
