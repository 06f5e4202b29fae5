/// Which activations a forward keeps for its backward; the others are computed again (Chen et al. 2016, arXiv:1604.06174).
///
/// Losses and gradients are the same bits with each: what runs again gives what it gave. But where activations are kept in 16 bits, each policy
/// rounds others.
public enum Checkpointing: Equatable, Sendable {
    /// All that a backward reads. Norms, SwiGLU and attention's probabilities are never kept: they are computed from their inputs.
    case none
    /// All but the gate and up projections of each block: half of what a block keeps, for one product.
    case selective
    /// Only each block's input.
    case full
    /// As `full` in every n-th block, from the first; as `none` in the others.
    case every(Int)

    /// What a block computes again.
    enum Part: Equatable {
        case nothing, gateUp, everything
    }

    func part(ofBlock index: Int) -> Part {
        switch self {
        case .none: .nothing
        case .selective: .gateUp
        case .full: .everything
        case .every(let n): index % n == 0 ? .everything : .nothing
        }
    }
}
