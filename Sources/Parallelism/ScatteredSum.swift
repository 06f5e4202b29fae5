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
        private var slots: Tensor?
        var waiting: [ObjectIdentifier] = []

        /// The slots, made when they are first needed.
        func room(on device: any Device) throws(TrainerError) -> Tensor {
            let room = if let slots { slots } else { try SumSlots.make(on: device) }
            slots = room
            return room
        }
    }

    private let queue: Queue
    private let own: Tensor
    private let receiver: PieceReceiver
    private let sending: Messages
    /// Set in this sum's turn, also where its part is empty.
    private var hasReceived = false
    private var isAdvancing = false

    /// - Throws: `memory` for the slots, `communication`.
    init(_ tensor: Tensor, _ communicator: Communicator, tag: Int, grain: Int = 1, _ queue: Queue) throws(TrainerError) {
        self.queue = queue
        let slots = try queue.room(on: tensor.device)
        let all = tensor.reshaped(rows: 1, columns: tensor.count)
        func part(_ index: Int) -> Tensor { all.columns(evenPart(index, of: communicator.size, count: tensor.count, grain: grain)) }
        let own = part(communicator.rank)
        self.own = own
        let cuts = SumSlots.cuts(own.count)
        receiver = PieceReceiver(
            communicator.peers.flatMap { peer in cuts.map { PieceReceiver.Piece(peer: peer.before, target: own.columns($0)) } },
            (0..<SumSlots.count).map { slots.rows($0..<$0 + 1) }, communicator, tag: tag)
        var requests: [Request] = []
        for peer in communicator.peers {
            let theirs = part(peer.after)
            for cut in SumSlots.cuts(theirs.count) {
                requests += try theirs.columns(cut).withBytes { (bytes) throws(TrainerError) in
                    try communicator.startSend(UnsafeRawBufferPointer(bytes), to: peer.after, tag: tag)
                }
            }
        }
        sending = Messages(requests, tensor, kind: "send")
        queue.waiting.append(ObjectIdentifier(self))
    }

    var kind: String { "scattered sum" }
    func silentPeers() throws(TrainerError) -> Set<Int> { try sending.silentPeers().union(receiver.silentPeers()) }

    func advance() throws(TrainerError) -> Bool {
        // Adding is an operation of the device, which calls for progress at its end.
        guard !isAdvancing else { return false }
        isAdvancing = true
        defer { isAdvancing = false }
        if queue.waiting.first == ObjectIdentifier(self) {
            let device = own.device
            try receiver.advance { target, slot in device.add(target, slot) }
            if receiver.isDone {
                queue.waiting.removeFirst()
                hasReceived = true
            }
        }
        return try sending.advance() && hasReceived
    }
}
