import MessagePassing
import Support
import Tensors

/// Sums a float32 tensor over ranks, each rank its part: what is received is added piece by piece, in the same order in every run.
///
/// Each rank sends `size - 1` parts and receives as many, the least that can be (Chan et al. 2007, table 1). The sums of a group receive one
/// after another, in the order in which they were started, and share the slots that pieces arrive in.
final class ScatteredSum: Exchange {
    /// The slots of a group's sums, and the sums that wait to receive in them, the one whose turn it is first.
    final class Queue {
        var slots: Tensor?
        var waiting: [ObjectIdentifier] = []
    }

    /// A piece of a peer's contribution to this rank's part.
    private struct Piece {
        let peer: Int
        let elements: Range<Int>
    }

    private let communicator: Communicator
    private let tag: Int
    private let queue: Queue
    private let slots: Tensor
    private let own: Tensor
    private let pieces: [Piece]
    /// Pieces that receiving has begun for, and those that have been added: what lies between is under way, piece `i` in slot `i % 4`.
    private var begun = 0
    private var added = 0
    private var receiving = [Request?](repeating: nil, count: SumSlots.count)
    private let sending: Messages
    /// Set in this sum's turn, also where its part is empty.
    private var hasReceived = false
    private var isAdvancing = false

    /// - Throws: `memory` for the slots, `communication`.
    init(_ tensor: Tensor, _ communicator: Communicator, tag: Int, grain: Int = 1, _ queue: Queue) throws(TrainerError) {
        self.communicator = communicator
        self.tag = tag
        self.queue = queue
        slots = if let slots = queue.slots { slots } else { try SumSlots.make(on: tensor.device) }
        queue.slots = slots
        let all = tensor.reshaped(rows: 1, columns: tensor.count)
        func part(_ index: Int) -> Range<Int> { evenPart(index, of: communicator.size, count: tensor.count, grain: grain) }
        own = all.columns(part(communicator.rank))
        let cuts = ScatteredSum.cuts(own.count)
        pieces = communicator.peers.flatMap { peer in cuts.map { Piece(peer: peer.before, elements: $0) } }
        var requests: [Request] = []
        for peer in communicator.peers {
            let theirs = all.columns(part(peer.after))
            for cut in ScatteredSum.cuts(theirs.count) {
                requests += try theirs.columns(cut).withBytes { (bytes) throws(TrainerError) in
                    try communicator.startSend(UnsafeRawBufferPointer(bytes), to: peer.after, tag: tag)
                }
            }
        }
        sending = Messages(requests, tensor, kind: "send")
        queue.waiting.append(ObjectIdentifier(self))
    }

    private static func cuts(_ count: Int) -> [Range<Int>] {
        stride(from: 0, to: count, by: SumSlots.pieceCount).map { $0..<min($0 + SumSlots.pieceCount, count) }
    }

    private func slot(_ piece: Int) -> Tensor {
        let index = piece % SumSlots.count
        return slots.rows(index..<index + 1).columns(0..<pieces[piece].elements.count)
    }

    var kind: String { "scattered sum" }
    var silentPeers: Set<Int> { sending.silentPeers.union(pieces[added...].map(\.peer)) }

    func advance() throws(TrainerError) -> Bool {
        // Adding is an operation of the device, which calls for progress at its end.
        guard !isAdvancing else { return false }
        isAdvancing = true
        defer { isAdvancing = false }
        if queue.waiting.first == ObjectIdentifier(self) {
            try receive()
            if added == pieces.count {
                queue.waiting.removeFirst()
                hasReceived = true
            }
        }
        return try sending.advance() && hasReceived
    }

    private func receive() throws(TrainerError) {
        while added < pieces.count {
            while begun < min(added + SumSlots.count, pieces.count) {
                receiving[begun % SumSlots.count] = try slot(begun).withBytes { (bytes) throws(TrainerError) in
                    try communicator.startReceive(bytes, from: pieces[begun].peer, tag: tag)
                }.first
                begun += 1
            }
            if let request = receiving[added % SumSlots.count], try !request.test() { return }
            own.device.add(own.columns(pieces[added].elements), slot(added))
            added += 1
        }
    }
}
