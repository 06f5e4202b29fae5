import MessagePassing
import Support
import Tensors

/// A float32 tensor from one rank, rounded to a type of two bytes on its way.
final class NarrowReceive: Exchange {
    private let target: Tensor
    /// What arrives; kept as long as the transfer, so that when it is given back does not depend on the network.
    private let rounded: Tensor
    private let messages: Messages
    private var isDone = false

    /// - Throws: `memory` for what arrives, `communication`.
    init(_ target: Tensor, as type: ElementType, _ communicator: Communicator, from rank: Int, tag: Int) throws(TrainerError) {
        self.target = target
        rounded = try target.device.tensor(target.rows, target.columns, type)
        messages = try Messages.receive(rounded, communicator, from: rank, tag: tag)
    }

    var kind: String { messages.kind }
    func silentPeers() throws(TrainerError) -> Set<Int> { try messages.silentPeers() }

    func advance() throws(TrainerError) -> Bool {
        guard !isDone, try messages.advance() else { return isDone }
        isDone = true
        target.device.decode(target, Weight(rounded), rows: 0..<target.rows)
        return true
    }
}

extension Messages {
    /// A float32 tensor to one rank, rounded on its way; the tensor is free again when this returns.
    ///
    /// - Throws: `memory` for what is sent, `communication`.
    static func send(_ tensor: Tensor, as type: ElementType, _ communicator: Communicator, to rank: Int, tag: Int) throws(TrainerError) -> Messages {
        let rounded = try tensor.device.tensor(tensor.rows, tensor.columns, type)
        tensor.device.encode(rounded, tensor)
        return try send(rounded, communicator, to: rank, tag: tag)
    }
}
