import Glibc
public import MessagePassing
public import Parallelism
public import Planning
public import Support
public import Tensors

/// Where this rank runs: its groups, its cores and its device.
public struct RankContext {
    public let grid: ProcessGrid
    /// All ranks.
    public var group: any ProcessGroup { grid.world }
    /// The same as MPI has them; nil for a process that belongs to no job.
    public let world: Communicator?
    public let device: any Device
    /// The processor behind it, whose operations nothing records.
    public let processor: CPUDevice
    /// What is recorded of this rank; nil where nobody asked for it.
    public let trace: Trace?
    /// The cores this rank's threads run on; nil if ranks share cores or the system doesn't say.
    public let cores: ProcessorCores?
    public let threadCount: Int
    /// The cores that the ranks of this node share.
    public let nodeCores: ProcessorCores
    /// Ranks on this rank's node.
    public let ranksOnNode: Int

    /// Shares the node's cores out among its ranks and makes the device.
    ///
    /// mpirun may have bound each rank to one core whatever their number, so the cores are those of the process that started this one.
    ///
    /// - Parameters:
    ///   - threads: Threads for this rank; nil for the cores of the node divided by its ranks.
    ///   - shape: How the ranks are laid out; nil for a copy of the model on each.
    ///   - hierarchical: Whether sums go by nodes.
    ///   - traces: Whether the device's operations and the group's calls are recorded.
    /// - Throws: `communication`, `memory`; `configuration` for no threads, if the ranks of a node together ask for more threads than it has cores, or the ranks
    ///   don't lie on nodes as `hierarchical` asks.
    public static func make(
        world: Communicator?, threads: Int?, shape: GridShape? = nil, hierarchical: HierarchicalChoice = .auto, traces: Bool = false
    ) throws(TrainerError) -> RankContext {
        try check(threads: threads)
        let node = try world?.onThisNode()
        let (index, count) = (node?.rank ?? 0, node?.size ?? 1)
        let own = ProcessorCores.allowed() ?? ProcessorCores(cores: [0])
        let available = world == nil ? own : ProcessorCores.allowed(process: getppid()) ?? own
        let share = available.share(index, of: count)
        let threadCount = threads ?? max(1, available.cores.count / count)
        guard threads == nil || threadCount * count <= available.cores.count || count > available.cores.count else {
            throw TrainerError(
                .configuration, "parallel.threads",
                "\(count) ranks of \(threadCount) threads are more than the node's \(available.cores.count) cores",
                remedy: "Use at most \(max(1, available.cores.count / count)), or auto")
        }
        let isExclusive = count <= available.cores.count
        if isExclusive { share.bind() }
        let trace = traces ? Trace() : nil
        let grid: ProcessGrid
        if let world, let node {
            let shape = shape ?? GridShape(data: world.size)
            let nodes = try hierarchical.nodes(of: shape, try world.nodes(node))
            grid = try ProcessGrid.make(shape, world, nodes: nodes) { group in trace.map { TracedGroup(group, $0) } ?? group }
        } else {
            grid = ProcessGrid(data: SoloGroup())
        }
        let processor = try CPUDevice(threadCount: threadCount)
        processor.progress = { grid.world.progress() }
        return RankContext(
            grid: grid, world: world, device: trace.map { TracedDevice(processor, $0) } ?? processor,
            processor: processor, trace: trace, cores: isExclusive ? share : nil, threadCount: threadCount, nodeCores: available, ranksOnNode: count)
    }
    /// Refuses what the command line may say and no configuration holds: no threads, or more than any machine has cores.
    public static func check(threads: Int?) throws(TrainerError) {
        guard let threads, !(1...65536).contains(threads) else { return }
        throw TrainerError(.configuration, "--threads", "\(threads) is no number of threads", remedy: "Use 1 or more")
    }
}
