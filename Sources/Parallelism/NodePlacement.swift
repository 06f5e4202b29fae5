public import MessagePassing
public import Support

/// How the ranks of a group lie on nodes.
public struct NodePlacement: Equatable, Sendable, CustomStringConvertible {
    /// The indices of the members on each node, in order; nodes in the order of their first members.
    public let members: [[Int]]

    /// - Parameter nodes: The number of each member's node.
    public init(_ nodes: [Int]) {
        var order: [Int] = []
        for node in nodes where !order.contains(node) { order.append(node) }
        members = order.map { node in nodes.indices.filter { nodes[$0] == node } }
    }

    /// Whether several nodes hold as many members each, and more than one: then a sum over the group goes by nodes.
    public var suitsHierarchy: Bool {
        guard let first = members.first?.count, members.count > 1, first > 1 else { return false }
        return members.allSatisfy { $0.count == first }
    }

    /// `2 and 2 ranks on 2 nodes`.
    public var description: String {
        let counts = members.map { "\($0.count)" }
        let list = counts.count < 2 ? counts.joined() : counts.dropLast().joined(separator: ", ") + " and \(counts[counts.count - 1])"
        return "\(list) \(counts == ["1"] ? "rank" : "ranks") on \(counts.count) \(counts.count == 1 ? "node" : "nodes")"
    }
}

/// The two smaller groups that a sum over a group goes through where its ranks lie evenly on nodes.
public struct NodeGroups {
    /// The ranks of the group on this rank's node.
    public let within: Communicator
    /// The ranks of the group that have the same place on their nodes, one of each node.
    public let across: Communicator
    /// The indices in the whole group of the members of each.
    let membersWithin: [Int]
    let membersAcross: [Int]

    /// Splits a group; every rank of it calls this together.
    ///
    /// - Returns: Nil where the nodes don't hold as many of the group's ranks each, or one alone.
    /// - Throws: `communication`.
    public static func make(_ group: Communicator, _ placement: NodePlacement) throws(TrainerError) -> NodeGroups? {
        guard placement.suitsHierarchy, let node = placement.members.firstIndex(where: { $0.contains(group.rank) }),
            let place = placement.members[node].firstIndex(of: group.rank)
        else { return nil }
        guard let within = try group.split(color: node, key: group.rank), let across = try group.split(color: place, key: node) else { return nil }
        return NodeGroups(
            within: within, across: across, membersWithin: placement.members[node], membersAcross: placement.members.map { $0[place] })
    }
}
