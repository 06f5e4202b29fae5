import MessagePassing
import Support
import Tensors

/// Replaces a float32 tensor by its sum over ranks: each rank sums its part, then all gather the parts.
///
/// Each rank sends twice `(size - 1) / size` of the tensor, the least that can be (Patarasuk and Yuan 2009, theorem 1), and all get the same bits.
final class TensorSum: Exchange {
    private let tensor: Tensor
    private let communicator: Communicator
    private let tag: Int
    private let scattered: ScatteredSum
    private var gathering: Messages?

    init(_ tensor: Tensor, _ communicator: Communicator, tag: Int, _ queue: ScatteredSum.Queue) throws(TrainerError) {
        self.tensor = tensor
        self.communicator = communicator
        self.tag = tag
        scattered = try ScatteredSum(tensor, communicator, tag: tag, queue)
    }

    var kind: String { "sum" }
    func silentPeers() throws(TrainerError) -> Set<Int> {
        if let gathering { return try gathering.silentPeers() }
        return try scattered.silentPeers()
    }

    func advance() throws(TrainerError) -> Bool {
        if let gathering { return try gathering.advance() }
        guard try scattered.advance() else { return false }
        // The same tag: what a faster rank sends of its gathered part comes after all that it has sent of this sum.
        gathering = try Messages.gather(tensor, communicator, tag: tag)
        return false
    }
}
