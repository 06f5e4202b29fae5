import Glibc
public import MessagePassing
public import Support
public import Tensors

/// Ranks that talk over MPI, as a process group.
public final class MPIGroup: ProcessGroup {
    private let communicator: Communicator
    private var underWay: [Started] = []
    /// An error that came up where it could not be thrown; whoever waits next throws it.
    private var failure: TrainerError?
    /// Counts what was started, alike on all ranks: messages of one transfer can't be taken for another's.
    private var startedCount = 0
    private let sums = ScatteredSum.Queue()
    /// Bytes that this rank has sent for sums and gathers of tensors.
    public private(set) var sentBytes = 0

    /// A transfer of this group.
    private final class Started: Transfer {
        let exchange: any Exchange
        let name: String
        /// Which of the calls that every rank of the group makes; nil for messages between two ranks.
        let count: Int?
        var isDone = false
        private unowned let group: MPIGroup

        init(_ exchange: any Exchange, _ name: String, count: Int?, _ group: MPIGroup) {
            self.exchange = exchange
            self.name = name
            self.count = count
            self.group = group
        }

        func wait() throws(TrainerError) { try group.wait(for: { self.isDone ? nil : self }) }
    }

    public init(_ communicator: Communicator) { self.communicator = communicator }

    public var index: Int { communicator.rank }
    public var size: Int { communicator.size }

    @discardableResult
    public func startSum(_ tensor: Tensor, name: String) throws(TrainerError) -> any Transfer {
        try start(tensor, name, parts: 2) { (tag) throws(TrainerError) in try TensorSum(tensor, communicator, tag: tag, sums) }
    }

    @discardableResult
    public func startScatteredSum(_ tensor: Tensor, name: String) throws(TrainerError) -> any Transfer {
        try start(tensor, name, parts: 1) { (tag) throws(TrainerError) in try ScatteredSum(tensor, communicator, tag: tag, sums) }
    }

    @discardableResult
    public func startGather(_ tensor: Tensor, name: String) throws(TrainerError) -> any Transfer {
        try start(tensor, name, parts: 1) { (tag) throws(TrainerError) in try Messages.gather(tensor, communicator, tag: tag) }
    }

    /// - Parameter parts: How often each rank sends the tensor, less one part.
    private func start(
        _ tensor: Tensor, _ name: String, parts: Int, _ begin: (_ tag: Int) throws(TrainerError) -> any Exchange
    ) throws(TrainerError) -> any Transfer {
        guard size > 1, tensor.device.holdsValues else { return NoTransfer() }
        // MPI promises tags up to 32,767; far fewer transfers are under way at a time.
        startedCount = (startedCount + 1) % 30_000
        do {
            let transfer = Started(try begin(startedCount), name, count: communicator.count(), self)
            underWay.append(transfer)
            sentBytes += parts * (tensor.byteCount - part(of: tensor).byteCount)
            return transfer
        } catch { throw named(error, name) }
    }

    public func progress() {
        for transfer in underWay where failure == nil {
            do { transfer.isDone = try transfer.exchange.advance() } catch { failure = named(error, transfer.name) }
        }
        underWay.removeAll(where: \.isDone)
    }

    public func finish() throws(TrainerError) { try wait(for: { underWay.first }) }

    /// - Parameter next: What is to be done first of what is still under way; nil when there is nothing to wait for any more.
    private func wait(for next: () -> Started?) throws(TrainerError) {
        var noted: Started?
        defer { if noted != nil { communicator.endWait() } }
        var rounds = 0
        while true {
            progress()
            if let failure { throw failure }
            guard let awaited = next() else { return }
            if noted !== awaited {
                communicator.wait(awaited.exchange.kind, awaited.name, count: awaited.count)
                noted = awaited
                rounds = 0
            }
            rounds += 1
            // Rarely, for it takes time to find out: some milliseconds lie between.
            if rounds % 4096 == 0 { communicator.note(silent: awaited.exchange.silentPeers) }
            // Ranks may outnumber the cores: one that waits gives its core away.
            sched_yield()
        }
    }

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
        do { try communicator.barrier(name: name) } catch { throw named(error, name) }
    }

    private func named(_ error: TrainerError, _ name: String) -> TrainerError {
        TrainerError(error.code, "\(name), rank \(index) of \(size)", error.problem, remedy: error.remedy)
    }
}
