import MessagePassing
import Support
import Tensors

/// Receives pieces of other ranks' tensors in the order given, a few of them under way at a time, each in a slot until it is taken in.
final class PieceReceiver {
    /// What one rank sends in one message, and where it goes.
    struct Piece {
        let peer: Int
        let target: Tensor
    }

    private let communicator: Communicator
    private let tag: Int
    private let pieces: [Piece]
    /// `[1, 65536]` each.
    private let slots: [Tensor]
    /// Pieces that receiving has begun for, and those that were taken in: what lies between is under way, piece `i` in slot `i` modulo their number.
    private var begun = 0
    private var taken = 0
    private var receiving: [Request?]

    init(_ pieces: [Piece], _ slots: [Tensor], _ communicator: Communicator, tag: Int) {
        self.pieces = pieces
        self.slots = slots
        self.communicator = communicator
        self.tag = tag
        receiving = [Request?](repeating: nil, count: slots.count)
    }

    var isDone: Bool { taken == pieces.count }
    /// Those of the pieces under way; of the others nothing can be known, nor of any before the first call of `advance`.
    func silentPeers() throws(TrainerError) -> Set<Int> { try (taken..<begun).compactMap { receiving[$0 % slots.count] }.silentPeers() }

    private func slot(_ piece: Int) -> Tensor { slots[piece % slots.count].columns(0..<pieces[piece].target.count) }

    /// Takes in what has arrived, at most as many pieces as there are slots: one thread does it, while others may be computing and then wait for it.
    ///
    /// - Parameter take: Brings what has arrived in a slot to its target.
    func advance(_ take: (_ target: Tensor, _ slot: Tensor) -> Void) throws(TrainerError) {
        let last = min(taken + slots.count, pieces.count)
        while taken < pieces.count {
            while begun < min(taken + slots.count, pieces.count) {
                receiving[begun % slots.count] = try slot(begun).withBytes { (bytes) throws(TrainerError) in
                    try communicator.startReceive(bytes, from: pieces[begun].peer, tag: tag)
                }.first
                begun += 1
            }
            guard taken < last else { return }
            if let request = receiving[taken % slots.count], try !request.test() { return }
            take(pieces[taken].target, slot(taken))
            taken += 1
        }
    }
}
