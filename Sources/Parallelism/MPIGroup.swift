public import MessagePassing
public import Support
public import Tensors

/// Ranks that talk over MPI, as a process group.
public final class MPIGroup: ProcessGroup {
    private let communicator: Communicator
    private let exchanges: ExchangesUnderWay
    /// Counts what was started, alike on all ranks: messages of one transfer can't be taken for another's.
    private var startedCount = 0
    private let sums = ScatteredSum.Queue()
    /// Where sums of whole tensors go by nodes; nil where they don't.
    private let nodes: NodeGroups?
    private let sumsAcross = ScatteredSum.Queue()
    /// Bytes of tensors that this rank has sent: in sums and gathers, and to single ranks.
    public private(set) var sentBytes = 0

    /// - Parameters:
    ///   - exchanges: Those of all groups of this rank.
    ///   - nodes: The parts of the communicator that sums of whole tensors go through; nil for sums that don't tell nodes apart.
    public init(_ communicator: Communicator, _ exchanges: ExchangesUnderWay = ExchangesUnderWay(), nodes: NodeGroups? = nil) {
        self.communicator = communicator
        self.exchanges = exchanges
        self.nodes = nodes
    }

    public var index: Int { communicator.rank }
    public var size: Int { communicator.size }

    @discardableResult
    public func startSum(_ tensor: Tensor, as type: ElementType, name: String) throws(TrainerError) -> any Transfer {
        if let nodes { return try startHierarchicalSum(tensor, as: type, nodes, name: name) }
        return try start(tensor, type, name, sends: [.scattered, .gathered]) { (tag) throws(TrainerError) in
            if type == tensor.elementType { return try TensorSum(tensor, communicator, tag: tag, sums) }
            return try NarrowExchange.sum(tensor, as: type, communicator, tag: tag, sums)
        }
    }

    @discardableResult
    public func startScatteredSum(_ tensor: Tensor, as type: ElementType, grain: Int, name: String) throws(TrainerError) -> any Transfer {
        try start(tensor, type, name, sends: [.scattered], grain: grain) { (tag) throws(TrainerError) in
            if type == tensor.elementType { return try ScatteredSum(tensor, communicator, tag: tag, grain: grain, sums) }
            return try NarrowExchange.scatteredSum(tensor, as: type, communicator, tag: tag, grain: grain, sums)
        }
    }

    @discardableResult
    public func startGather(_ tensor: Tensor, as type: ElementType, grain: Int, name: String) throws(TrainerError) -> any Transfer {
        try start(tensor, type, name, sends: [.gathered], grain: grain) { (tag) throws(TrainerError) in
            if type == tensor.elementType { return try Messages.gather(tensor, communicator, tag: tag, grain: grain) }
            return try NarrowExchange.gather(tensor, as: type, communicator, tag: tag, grain: grain, sums)
        }
    }

    private func startHierarchicalSum(
        _ tensor: Tensor, as type: ElementType, _ nodes: NodeGroups, name: String
    ) throws(TrainerError) -> any Transfer {
        let sent = HierarchicalSum.sentBytes(tensor, as: type, nodes)
        return try start(tensor, name, sends: sent.within + sent.across) { (tag) throws(TrainerError) in
            try HierarchicalSum(tensor, as: type, nodes, tag: tag, HierarchicalSum.Queues(within: sums, across: sumsAcross))
        }
    }

    /// MPI promises tags up to 32,767; far fewer transfers are under way at a time. Those above are channels.
    private static let tagCount = 30_000

    /// What each rank sends in a transfer: the parts of all others, one to each, or its own part to all others.
    private enum Sending { case scattered, gathered }

    private func start(
        _ tensor: Tensor, _ type: ElementType, _ name: String, sends: [Sending], grain: Int = 1,
        _ begin: (_ tag: Int) throws(TrainerError) -> any Exchange
    ) throws(TrainerError) -> any Transfer {
        let own = evenPart(index, of: size, count: tensor.count, grain: grain).count
        let count = sends.reduce(0) { $0 + ($1 == .scattered ? tensor.count - own : (size - 1) * own) }
        return try start(tensor, name, sends: type.byteCount(count), begin)
    }

    /// - Parameter sends: Bytes that this rank sends.
    private func start(
        _ tensor: Tensor, _ name: String, sends: Int, _ begin: (_ tag: Int) throws(TrainerError) -> any Exchange
    ) throws(TrainerError) -> any Transfer {
        guard size > 1, tensor.device.holdsValues else { return NoTransfer() }
        startedCount = (startedCount + 1) % Self.tagCount
        noteSent(sends, name)
        return try track(name, count: communicator.count()) { () throws(TrainerError) in try begin(startedCount) }
    }

    @discardableResult
    public func startSend(
        _ tensor: Tensor, as type: ElementType, to index: Int, channel: MessageChannel, name: String
    ) throws(TrainerError) -> any Transfer {
        guard tensor.device.holdsValues else { return NoTransfer() }
        noteSent(type.byteCount(tensor.count), name)
        let tag = Self.tagCount + channel.rawValue
        return try track(name) { () throws(TrainerError) in
            type == tensor.elementType
                ? try Messages.send(tensor, communicator, to: index, tag: tag)
                : try Messages.send(tensor, as: type, communicator, to: index, tag: tag)
        }
    }

    @discardableResult
    public func startReceive(
        _ tensor: Tensor, as type: ElementType, from index: Int, channel: MessageChannel, name: String
    ) throws(TrainerError) -> any Transfer {
        guard tensor.device.holdsValues else { return NoTransfer() }
        let tag = Self.tagCount + channel.rawValue
        return try track(name) { () throws(TrainerError) in
            if type == tensor.elementType { return try Messages.receive(tensor, communicator, from: index, tag: tag) }
            return try NarrowReceive(tensor, as: type, communicator, from: index, tag: tag)
        }
    }

    private func noteSent(_ bytes: Int, _ name: String) {
        sentBytes += bytes
        exchanges.noteSent(bytes, name)
    }

    /// - Parameter count: Which of the calls that every rank of the group makes; nil for messages between two ranks.
    private func track(
        _ name: String, count: Int? = nil, _ exchange: () throws(TrainerError) -> any Exchange
    ) throws(TrainerError) -> any Transfer {
        do {
            return exchanges.add(try exchange(), of: communicator, name, count: count) { self.named($0, name) }
        } catch { throw named(error, name) }
    }

    public func progress() { exchanges.progress() }

    public func finish() throws(TrainerError) { try exchanges.finish() }

    public func sum(_ values: [Double], name: String) throws(TrainerError) -> [Double] {
        do { return try communicator.reduce(values, .sum, name: name) } catch { throw named(error, name) }
    }

    public func max(_ values: [Double], name: String) throws(TrainerError) -> [Double] {
        do { return try communicator.reduce(values, .max, name: name) } catch { throw named(error, name) }
    }

    public func broadcast(_ bytes: [UInt8], name: String) throws(TrainerError) -> [UInt8] {
        do { return try communicator.broadcast(bytes, name: name) } catch { throw named(error, name) }
    }

    public func gather(_ bytes: [UInt8], name: String) throws(TrainerError) -> [[UInt8]] {
        do { return try communicator.gather(bytes, name: name) } catch { throw named(error, name) }
    }

    public func barrier(name: String) throws(TrainerError) {
        do { try communicator.idleBarrier(name: name) } catch { throw named(error, name) }
    }

    private func named(_ error: TrainerError, _ name: String) -> TrainerError {
        TrainerError(error.code, "\(name), rank \(index) of \(size)", error.problem, remedy: error.remedy)
    }
}
