import MessagePassing
import Support
import Tensors

/// Replaces a float32 tensor by its sum over ranks that lie evenly on nodes, with as little as can be sent from node to node.
///
/// First each rank of a node sums its part over the node's ranks, then each part is summed over the nodes by the ranks that have it, then the
/// ranks of a node gather the parts. With g ranks on each of N nodes, a rank sends 2 (g - 1) / g of the tensor to ranks of its node and
/// 2 (N - 1) / (N g) to other nodes, so a node sends 2 (N - 1) / N of it; of a sum that does not tell nodes apart it sends g times that
/// (Cho et al. 2019, BlueConnect). What goes to other nodes may be rounded to bfloat16 or float16; within a node all is float32. Every element is
/// summed by one rank and copied from there, so all ranks get the same bits.
final class HierarchicalSum: Exchange {
    /// What the sums of a group share: slots, and whose turn it is, within nodes and across them.
    ///
    /// Two queues, for a sum that waits for its turn across nodes must not keep the ranks of its node from theirs.
    struct Queues {
        let within: ScatteredSum.Queue
        let across: ScatteredSum.Queue
    }

    private enum Phase {
        case scattering(ScatteredSum)
        case crossing(any Exchange)
        case gathering(Messages)

        var exchange: any Exchange {
            switch self {
            case .scattering(let exchange): exchange
            case .crossing(let exchange): exchange
            case .gathering(let exchange): exchange
            }
        }
    }

    private let tensor: Tensor
    /// How it travels across nodes.
    private let type: ElementType
    private let groups: NodeGroups
    private let tag: Int
    private let queues: Queues
    private var phase: Phase
    private var isAdvancing = false

    /// - Parameter tag: One for all three phases: the two groups are communicators of their own, and within a node what is gathered comes after
    ///   all that was scattered, since messages of one tag keep their order.
    init(_ tensor: Tensor, as type: ElementType, _ groups: NodeGroups, tag: Int, _ queues: Queues) throws(TrainerError) {
        self.tensor = tensor
        self.type = type
        self.groups = groups
        self.tag = tag
        self.queues = queues
        phase = .scattering(try ScatteredSum(tensor, groups.within, tag: tag, queues.within))
        // Rounded sums send in their turn, which is that in which they begin, for the same on every rank: not that in which they are ready to cross.
        if type != tensor.elementType { queues.across.waiting.append(ObjectIdentifier(self)) }
    }

    /// The sum of this rank's part over the nodes.
    private func crossing() throws(TrainerError) -> any Exchange {
        let part = Self.part(of: tensor, groups)
        if type == tensor.elementType { return try TensorSum(part, groups.across, tag: tag, queues.across) }
        return try NarrowExchange.sum(part, as: type, groups.across, tag: tag, queues.across, turn: ObjectIdentifier(self))
    }

    /// This rank's part of those that the ranks of a node have.
    private static func part(of tensor: Tensor, _ groups: NodeGroups) -> Tensor {
        let elements = evenPart(groups.within.rank, of: groups.within.size, count: tensor.count)
        return tensor.reshaped(from: elements.lowerBound, rows: 1, columns: elements.count)
    }

    /// Bytes that this rank sends: to ranks of its node, and to other nodes.
    static func sentBytes(_ tensor: Tensor, as type: ElementType, _ groups: NodeGroups) -> (within: Int, across: Int) {
        let part = Self.part(of: tensor, groups)
        let own = evenPart(groups.across.rank, of: groups.across.size, count: part.count).count
        func sent(_ count: Int, own: Int, _ ranks: Int) -> Int { count - own + (ranks - 1) * own }
        return (
            tensor.elementType.byteCount(sent(tensor.count, own: part.count, groups.within.size)),
            type.byteCount(sent(part.count, own: own, groups.across.size))
        )
    }

    var kind: String { "sum" }

    func silentPeers() throws(TrainerError) -> Set<Int> {
        let members = if case .crossing = phase { groups.membersAcross } else { groups.membersWithin }
        return Set(try phase.exchange.silentPeers().map { members[$0] })
    }

    func advance() throws(TrainerError) -> Bool {
        // Adding is an operation of the device, which calls for progress at its end.
        guard !isAdvancing else { return false }
        isAdvancing = true
        defer { isAdvancing = false }
        guard try phase.exchange.advance() else { return false }
        switch phase {
        case .scattering: phase = .crossing(try crossing())
        case .crossing: phase = .gathering(try Messages.gather(tensor, groups.within, tag: tag))
        case .gathering: return true
        }
        return false
    }
}
