import MessagePassing
import Support
import Tensors

/// Sends pieces of a float32 tensor rounded to a type of two bytes: each in a slot until all who get it have it.
final class PieceSender {
    struct Piece {
        let peers: [Int]
        let source: Tensor
        /// Whether the source is rounded too, so that all have the same.
        let roundsSource: Bool
    }

    private let communicator: Communicator
    private let tag: Int
    private let pieces: [Piece]
    /// `[1, 65536]` each, of the type that they are rounded to.
    private let slots: [Tensor]
    private var begun = 0
    private var sending: [Messages?]

    init(_ pieces: [Piece], _ slots: [Tensor], _ communicator: Communicator, tag: Int) {
        self.pieces = pieces
        self.slots = slots
        self.communicator = communicator
        self.tag = tag
        sending = [Messages?](repeating: nil, count: slots.count)
    }

    func silentPeers() throws(TrainerError) -> Set<Int> {
        var peers: Set<Int> = []
        for messages in sending { peers.formUnion(try messages?.silentPeers() ?? []) }
        return peers
    }

    /// - Returns: Whether all has been sent and taken.
    func advance() throws(TrainerError) -> Bool {
        while begun < pieces.count, try isFree(begun % slots.count) {
            sending[begun % slots.count] = try send(pieces[begun], slots[begun % slots.count])
            begun += 1
        }
        guard begun == pieces.count else { return false }
        for slot in slots.indices { guard try isFree(slot) else { return false } }
        return true
    }

    private func isFree(_ slot: Int) throws(TrainerError) -> Bool {
        guard let messages = sending[slot] else { return true }
        return try messages.advance()
    }

    private func send(_ piece: Piece, _ slot: Tensor) throws(TrainerError) -> Messages {
        let (source, rounded) = (piece.source, slot.columns(0..<piece.source.count))
        source.device.encode(rounded, source)
        if piece.roundsSource { source.device.decode(source, Weight(rounded), rows: 0..<1) }
        var requests: [Request] = []
        for peer in piece.peers {
            requests += try rounded.withBytes { (bytes) throws(TrainerError) in
                try communicator.startSend(UnsafeRawBufferPointer(bytes), to: peer, tag: tag)
            }
        }
        return Messages(requests, rounded, kind: "send")
    }
}
