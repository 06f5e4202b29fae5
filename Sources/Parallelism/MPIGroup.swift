public import MessagePassing
public import Support
public import Tensors

/// Ranks that talk over MPI, as a process group.
public final class MPIGroup: ProcessGroup {
    private let communicator: Communicator
    private var underWay: [(request: Request, tensor: Tensor, name: String)] = []
    /// An error that came up where it could not be thrown; `finish` throws it.
    private var failure: TrainerError?

    public init(_ communicator: Communicator) { self.communicator = communicator }

    public var index: Int { communicator.rank }
    public var size: Int { communicator.size }

    public func startSum(_ tensor: Tensor, name: String) throws(TrainerError) {
        guard size > 1, tensor.device.holdsValues else { return }
        do {
            for request in try tensor.withFloats({ (address) throws(TrainerError) in try communicator.startSum(address, count: tensor.count) }) {
                underWay.append((request, tensor, name))
            }
        } catch { throw named(error, name) }
    }

    public func progress() {
        guard failure == nil else { return }
        do {
            while let first = underWay.first, try first.request.test() { underWay.removeFirst() }
        } catch { failure = error }
    }

    public func finish() throws(TrainerError) {
        if let failure { throw failure }
        for (request, _, name) in underWay {
            do { try request.wait() } catch { throw named(error, name) }
        }
        underWay = []
    }

    public func sum(_ values: [Double], name: String) throws(TrainerError) -> [Double] {
        do { return try communicator.reduce(values, .sum) } catch { throw named(error, name) }
    }

    public func max(_ values: [Double], name: String) throws(TrainerError) -> [Double] {
        do { return try communicator.reduce(values, .max) } catch { throw named(error, name) }
    }

    public func broadcast(_ bytes: [UInt8], name: String) throws(TrainerError) -> [UInt8] {
        do { return try communicator.broadcast(bytes) } catch { throw named(error, name) }
    }

    public func gather(_ bytes: [UInt8], name: String) throws(TrainerError) -> [[UInt8]] {
        do { return try communicator.gather(bytes) } catch { throw named(error, name) }
    }

    public func barrier(name: String) throws(TrainerError) {
        do { try communicator.barrier() } catch { throw named(error, name) }
    }

    private func named(_ error: TrainerError, _ name: String) -> TrainerError {
        TrainerError(error.code, "\(name), rank \(index) of \(size)", error.problem, remedy: error.remedy)
    }
}
