import MessagePassing
import Support
import Tensors

/// A sum or a gather of a float32 tensor whose messages are rounded to bfloat16 or float16; what arrives is added in float32.
///
/// It needs no memory but the slots of the group's sums, which it takes in its turn and keeps until nothing of it is under way: half of them to receive
/// in, half to send from. Ranks begin their exchanges in the same order, so the first that is not complete everywhere has its turn everywhere, and
/// within it ranks send in the order in which others receive: no one waits in a circle.
///
/// A sum's own addend is not rounded. With n ranks a sum is off by at most half a unit in the last place of each of the n - 1 others, and where
/// all get the same bits of half a unit of the sum once more.
final class NarrowExchange: Exchange {
    /// What is done before the next begins.
    private struct Phase {
        let sender: PieceSender
        let receiver: PieceReceiver
        /// Whether what arrives is added to what is there; else it takes its place.
        let adds: Bool
    }

    let kind: String
    private let tensor: Tensor
    private let queue: ScatteredSum.Queue
    private var phases: [Phase]
    /// Its place among those that wait.
    private var turn: ObjectIdentifier { reserved ?? ObjectIdentifier(self) }
    private let reserved: ObjectIdentifier?
    private var isAdvancing = false

    private init(_ kind: String, _ tensor: Tensor, _ queue: ScatteredSum.Queue, _ reserved: ObjectIdentifier?, _ phases: [Phase]) {
        self.kind = kind
        self.tensor = tensor
        self.queue = queue
        self.phases = phases
        self.reserved = reserved
        if reserved == nil { queue.waiting.append(turn) }
    }

    func silentPeers() throws(TrainerError) -> Set<Int> {
        guard let phase = phases.first else { return [] }
        return try phase.sender.silentPeers().union(phase.receiver.silentPeers())
    }

    func advance() throws(TrainerError) -> Bool {
        // Adding is an operation of the device, which calls for progress at its end: one that is done is asked again, too.
        guard !phases.isEmpty else { return true }
        guard !isAdvancing, queue.waiting.first == turn else { return false }
        isAdvancing = true
        defer { isAdvancing = false }
        while let phase = phases.first {
            try phase.receiver.advance { target, slot in
                if phase.adds { target.device.add(target, slot) } else { target.device.decode(target, Weight(slot), rows: 0..<1) }
            }
            guard try phase.sender.advance(), phase.receiver.isDone else { return false }
            phases.removeFirst()
        }
        queue.waiting.removeFirst()
        return true
    }
}

extension NarrowExchange {
    /// How a group's exchanges cut a tensor up.
    private struct Cut {
        let all: Tensor
        let type: ElementType
        let communicator: Communicator
        let tag: Int
        let grain: Int
        let slots: (receiving: [Tensor], sending: [Tensor])

        /// The pieces of the part that a rank has.
        func pieces(of rank: Int) -> [Tensor] {
            let part = all.columns(evenPart(rank, of: communicator.size, count: all.count, grain: grain))
            return SumSlots.cuts(part.count).map { part.columns($0) }
        }

        private func phase(_ sending: [PieceSender.Piece], _ receiving: [PieceReceiver.Piece], adds: Bool) -> Phase {
            Phase(
                sender: PieceSender(sending, slots.sending, communicator, tag: tag),
                receiver: PieceReceiver(receiving, slots.receiving, communicator, tag: tag), adds: adds)
        }

        /// Every rank's pieces of a part to whose it is: to one rank after another, as those receive.
        var scatteredSum: Phase {
            let sending = communicator.peers.flatMap { peer in
                pieces(of: peer.after).map { PieceSender.Piece(peers: [peer.after], source: $0, roundsSource: false) }
            }
            let receiving = communicator.peers.flatMap { peer in
                pieces(of: communicator.rank).map { PieceReceiver.Piece(peer: peer.before, target: $0) }
            }
            return phase(sending, receiving, adds: true)
        }

        /// Each piece of a rank's own part to all others, which take the first of every rank, then the second.
        var gather: Phase {
            let sending = pieces(of: communicator.rank).map {
                PieceSender.Piece(peers: communicator.peers.map(\.after), source: $0, roundsSource: true)
            }
            let theirs = communicator.peers.map { peer in pieces(of: peer.before).map { PieceReceiver.Piece(peer: peer.before, target: $0) } }
            let rounds = theirs.map(\.count).max() ?? 0
            let receiving = (0..<rounds).flatMap { round in theirs.compactMap { round < $0.count ? $0[round] : nil } }
            return phase(sending, receiving, adds: false)
        }
    }

    private static func make(
        _ kind: String, _ tensor: Tensor, as type: ElementType, _ communicator: Communicator, tag: Int, grain: Int, _ queue: ScatteredSum.Queue,
        turn: ObjectIdentifier? = nil, _ phases: (Cut) -> [Phase]
    ) throws(TrainerError) -> NarrowExchange {
        let slots = SumSlots.narrow(try queue.room(on: tensor.device), type)
        let all = tensor.reshaped(rows: 1, columns: tensor.count)
        let cut = Cut(all: all, type: type, communicator: communicator, tag: tag, grain: grain, slots: slots)
        return NarrowExchange(kind, tensor, queue, turn, phases(cut))
    }

    /// Each rank gets the sum of its part.
    ///
    /// - Throws: `memory` for the slots.
    static func scatteredSum(
        _ tensor: Tensor, as type: ElementType, _ communicator: Communicator, tag: Int, grain: Int, _ queue: ScatteredSum.Queue
    ) throws(TrainerError) -> NarrowExchange {
        try make("scattered sum", tensor, as: type, communicator, tag: tag, grain: grain, queue) { [$0.scatteredSum] }
    }

    /// Each rank gets the parts of all.
    ///
    /// - Throws: `memory` for the slots.
    static func gather(
        _ tensor: Tensor, as type: ElementType, _ communicator: Communicator, tag: Int, grain: Int, _ queue: ScatteredSum.Queue
    ) throws(TrainerError) -> NarrowExchange {
        try make("gather", tensor, as: type, communicator, tag: tag, grain: grain, queue) { [$0.gather] }
    }

    /// All get the sum, rounded once more, in the same bits.
    ///
    /// - Parameter turn: What waits in the queue in its place already.
    /// - Throws: `memory` for the slots.
    static func sum(
        _ tensor: Tensor, as type: ElementType, _ communicator: Communicator, tag: Int, _ queue: ScatteredSum.Queue, turn: ObjectIdentifier? = nil
    ) throws(TrainerError) -> NarrowExchange {
        try make("sum", tensor, as: type, communicator, tag: tag, grain: 1, queue, turn: turn) { [$0.scatteredSum, $0.gather] }
    }
}
