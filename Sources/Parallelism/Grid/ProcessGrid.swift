public import MessagePassing
public import Models
public import Support
public import Tensors

/// The groups that one rank of a grid belongs to.
public final class ProcessGrid {
    public let shape: GridShape
    public let place: GridPlace
    /// All ranks.
    public let world: any ProcessGroup
    /// The ranks that hold the same parameters: those that differ in data and context alone.
    public let replicas: any ProcessGroup
    /// Those of them that share out what a stage of ZeRO says: neighbours, as ranks of a node are.
    public let shards: any ProcessGroup
    /// Those of them that keep the same part of it.
    public let mirrors: any ProcessGroup
    /// The ranks that together keep each part once.
    public let parts: any ProcessGroup
    /// The ranks that together hold one copy of the model.
    public let model: any ProcessGroup
    public let pipeline: any ProcessGroup
    public let context: any ProcessGroup
    public let tensor: any ProcessGroup
    /// The first and the last stage of a pipeline, which both hold a tied embedding; alone on the stages between.
    public let ends: any ProcessGroup
    /// The node of each rank where sums go by nodes; empty where they don't.
    public let nodes: [Int]
    private let makeGroup: GroupMaker
    private var exchanges = ExchangesUnderWay()
    private var sharing: [Int: any ProcessGroup] = [:]

    /// Makes the group of the ranks whose places give the same key as this rank's.
    ///
    /// Every rank calls it in the same order. `sums` says whether tensors will be summed over the group.
    private typealias GroupMaker = (_ sums: Bool, _ key: (GridPlace) -> [Int]) throws(TrainerError) -> any ProcessGroup

    private init(
        _ shape: GridShape, rank: Int, nodes: [Int], world: any ProcessGroup, _ makeGroup: @escaping GroupMaker
    ) throws(TrainerError) {
        self.shape = shape
        self.nodes = nodes
        place = shape.place(ofRank: rank)
        self.world = world
        self.makeGroup = makeGroup
        let isDivided = shape.rankCount > shape.data
        replicas = isDivided ? try makeGroup(true) { [$0.pipeline, $0.tensor] } : world
        shards = shape.sharing == replicas.size ? replicas : try makeGroup(true) { [$0.pipeline, $0.tensor, shape.replica($0) / shape.sharing] }
        mirrors = try makeGroup(true) { [$0.pipeline, $0.tensor, shape.replica($0) % shape.sharing] }
        parts = try makeGroup(false) { [shape.replica($0) / shape.sharing] }
        model = try makeGroup(false) { [$0.data, $0.context] }
        pipeline = try makeGroup(false) { [$0.data, $0.context, $0.tensor] }
        context = try makeGroup(false) { [$0.data, $0.pipeline, $0.tensor] }
        tensor = try makeGroup(true) { [$0.data, $0.pipeline, $0.context] }
        let last = shape.pipeline - 1
        ends = try makeGroup(true) { [$0.data, $0.context, $0.tensor, [0, last].contains($0.pipeline) ? 0 : $0.pipeline] }
    }

    /// Ranks that differ in their rows alone.
    public init(data group: any ProcessGroup) {
        shape = GridShape(data: group.size)
        nodes = []
        place = shape.place(ofRank: group.index)
        (world, replicas, shards, parts) = (group, group, group, group)
        (mirrors, model, pipeline, context, tensor, ends) = (SoloGroup(), SoloGroup(), SoloGroup(), SoloGroup(), SoloGroup(), SoloGroup())
        makeGroup = { _, _ in SoloGroup() }
    }

    /// The ranks of a job.
    ///
    /// - Parameters:
    ///   - nodes: The node of each rank, for sums that go by nodes in every group that lies on them evenly; empty for none that do.
    ///   - wrap: Puts something around each group that is made.
    /// - Throws: `communication`.
    /// - Precondition: The shape has as many ranks as the communicator.
    public static func make(
        _ shape: GridShape, _ world: Communicator, nodes: [Int] = [], wrap: @escaping (any ProcessGroup) -> any ProcessGroup = { $0 }
    ) throws(TrainerError) -> ProcessGrid {
        precondition(shape.rankCount == world.size, "ProcessGrid.make: \(shape) on \(world.size) ranks")
        precondition(nodes.isEmpty || nodes.count == world.size, "ProcessGrid.make: \(nodes.count) nodes for \(world.size) ranks")
        let exchanges = ExchangesUnderWay()
        func group(_ communicator: Communicator) throws(TrainerError) -> any ProcessGroup {
            let placement = NodePlacement(nodes.isEmpty ? [] : communicator.ranksInJob.map { nodes[$0] })
            return wrap(MPIGroup(communicator, exchanges, nodes: try NodeGroups.make(communicator, placement)))
        }
        let whole = try group(world)
        let grid = try ProcessGrid(shape, rank: world.rank, nodes: nodes, world: whole) { (_, key) throws(TrainerError) in
            let members = shape.members(with: world.rank, by: key)
            if members.count == world.size { return whole }
            // Where no rank has company nobody splits; where some have, all do.
            guard shape.hasCompany(by: key) else { return SoloGroup() }
            let part = try world.split(color: members.count > 1 ? members[0] : nil, key: world.rank)
            return try part.map(group) ?? SoloGroup()
        }
        grid.exchanges = exchanges
        return grid
    }

    /// One rank of a grid that exists only on paper.
    ///
    /// - Parameter nodes: The node of each rank, for sums that go by nodes.
    /// - Throws: `memory`.
    public static func paper(_ shape: GridShape, rank: Int, nodes: [Int] = [], on device: any Device) throws(TrainerError) -> ProcessGrid {
        func group(_ members: [Int], sums: Bool) throws(TrainerError) -> PaperGroup {
            let isByNodes = !nodes.isEmpty && NodePlacement(members.map { nodes[$0] }).suitsHierarchy
            return try PaperGroup(index: members.firstIndex(of: rank) ?? 0, size: members.count, sums: sums, byNodes: isByNodes, on: device)
        }
        let world = try group(Array(0..<shape.rankCount), sums: shape.rankCount == shape.data)
        return try ProcessGrid(shape, rank: rank, nodes: nodes, world: world) { (sums, key) throws(TrainerError) in
            try group(shape.members(with: rank, by: key), sums: sums)
        }
    }

    /// Makes the groups that `holders` gives.
    ///
    /// All ranks of the grid split together, so this is called when a model is made: within a step the stages of a pipeline do not keep in step.
    ///
    /// - Parameter counts: How many ranks of a tensor group, next to each other, hold the same part; the same numbers on every rank.
    public func makeHolders(of counts: some Sequence<Int>) throws(TrainerError) {
        for copies in Set(counts).sorted() where copies > 1 && copies < shape.tensor && sharing[copies] == nil {
            sharing[copies] = try makeGroup(true) { [$0.data, $0.pipeline, $0.context, $0.tensor / copies] }
        }
    }

    /// The ranks of this one's tensor group that hold the same part of a parameter.
    ///
    /// - Parameter copies: How many, next to each other in the group.
    /// - Precondition: `makeHolders` was given the number, unless it is 1 or all.
    public func holders(of copies: Int) -> any ProcessGroup {
        if copies == shape.tensor { return tensor }
        if copies == 1 { return SoloGroup() }
        guard let found = sharing[copies] else { preconditionFailure("ProcessGrid.holders: no groups of \(copies) were made") }
        return found
    }

    /// Bytes of tensors that this rank has sent so far, in all its groups.
    public var sentBytes: [TransferPurpose: Int] { exchanges.sentBytes }

    /// The ranks that compute a microbatch together.
    ///
    /// - Parameter type: How activations and their gradients travel between them.
    public func modelGroups(sending type: ElementType = .float32) -> ModelGroups {
        func sending(_ group: any ProcessGroup) -> any ProcessGroup { type == .float32 ? group : RoundingGroup(group, to: type) }
        var groups = ModelGroups()
        (groups.tensor, groups.context, groups.pipeline) = (sending(tensor), sending(context), sending(pipeline))
        return groups
    }
}

extension GridShape {
    /// The ranks that share a rank's key, in order.
    fileprivate func members(with rank: Int, by key: (GridPlace) -> [Int]) -> [Int] {
        let own = key(place(ofRank: rank))
        return (0..<rankCount).filter { key(place(ofRank: $0)) == own }
    }
}
