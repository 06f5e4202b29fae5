import MessagePassing
import Support
import Tensors

/// Messages between the ranks of a group that together move one tensor.
protocol Exchange: AnyObject {
    /// Moves it along without waiting.
    ///
    /// - Returns: Whether it is done.
    func advance() throws(TrainerError) -> Bool
    /// What kind of call it is: `sum`, `gather`.
    var kind: String { get }
    /// The ranks of the group from which something has not arrived yet, or that have not taken what was sent to them.
    ///
    /// It asks MPI of each message, so it is for waits that have lasted.
    func silentPeers() throws(TrainerError) -> Set<Int>
}

/// Messages that need nothing but to arrive.
final class Messages: Exchange {
    private var requests: [Request]
    /// What they are sent from and received into.
    private let tensor: Tensor

    let kind: String

    init(_ requests: [Request], _ tensor: Tensor, kind: String) {
        self.requests = requests
        self.kind = kind
        self.tensor = tensor
    }

    func advance() throws(TrainerError) -> Bool {
        while let last = requests.last, try last.test() { requests.removeLast() }
        return requests.isEmpty
    }

    func silentPeers() throws(TrainerError) -> Set<Int> { try requests.silentPeers() }

    /// Each rank's part of a tensor to every other: `size - 1` parts sent and received by each rank, the least that can be.
    static func gather(_ tensor: Tensor, _ communicator: Communicator, tag: Int, grain: Int = 1) throws(TrainerError) -> Messages {
        let all = tensor.reshaped(rows: 1, columns: tensor.count)
        func part(_ index: Int) -> Tensor { all.columns(evenPart(index, of: communicator.size, count: tensor.count, grain: grain)) }
        var requests: [Request] = []
        for peer in communicator.peers {
            requests += try part(peer.before).withBytes { (bytes) throws(TrainerError) in
                try communicator.startReceive(bytes, from: peer.before, tag: tag)
            }
        }
        for peer in communicator.peers {
            requests += try part(communicator.rank).withBytes { (bytes) throws(TrainerError) in
                try communicator.startSend(UnsafeRawBufferPointer(bytes), to: peer.after, tag: tag)
            }
        }
        return Messages(requests, tensor, kind: "gather")
    }

    /// A tensor to one rank.
    static func send(_ tensor: Tensor, _ communicator: Communicator, to rank: Int, tag: Int) throws(TrainerError) -> Messages {
        let requests = try tensor.withBytes { (bytes) throws(TrainerError) in
            try communicator.startSend(UnsafeRawBufferPointer(bytes), to: rank, tag: tag)
        }
        return Messages(requests, tensor, kind: "send")
    }

    /// A tensor from one rank.
    static func receive(_ tensor: Tensor, _ communicator: Communicator, from rank: Int, tag: Int) throws(TrainerError) -> Messages {
        let requests = try tensor.withBytes { (bytes) throws(TrainerError) in try communicator.startReceive(bytes, from: rank, tag: tag) }
        return Messages(requests, tensor, kind: "receive")
    }
}

extension Sequence<Request> {
    /// The ranks whose messages are not done.
    func silentPeers() throws(TrainerError) -> Set<Int> {
        var peers: Set<Int> = []
        for request in self {
            if let peer = request.peer, try !request.test() { peers.insert(peer) }
        }
        return peers
    }
}

extension Communicator {
    /// The other ranks: in turn k the one k places after this one, to send to, and k places before it, to receive from, so that in no turn
    /// two send to the same rank.
    var peers: [(after: Int, before: Int)] { (1..<max(size, 1)).map { ((rank + $0) % size, (rank + size - $0) % size) } }
}
