public import Support

extension Communicator {
    /// For each rank the first rank of its node, by which nodes are told apart: their names may be alike.
    ///
    /// - Parameter node: The ranks of this rank's node, as `onThisNode` gave them.
    public func nodes(_ node: Communicator) throws(TrainerError) -> [Int] {
        var leaders = [Double](repeating: 0, count: size)
        leaders[rank] = try node.reduce([Double(rank)], .min, name: "the first rank of the node")[0]
        return try reduce(leaders, .max, name: "the nodes").map { Int($0) }
    }
}
