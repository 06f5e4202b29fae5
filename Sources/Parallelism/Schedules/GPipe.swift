/// All forwards, then all backwards: the plainest schedule, and the one that holds the activations of every microbatch at once.
///
/// Huang et al. 2018, arXiv:1811.06965; there backwards run from the last microbatch to the first, here in the order of the forwards, which
/// takes as long. With S stages, M microbatches, a forward of f and a backward of b, the bubble is (S - 1)(f + b) beside M (f + b) of work.
public enum GPipe: PipelineSchedule {
    public static let name = "gpipe"
    public static let hasChunks = false

    public static func actions(stage: Int, of shape: PipelineShape) -> [PipelineAction] {
        let microbatches = 0..<shape.microbatchCount
        return microbatches.map { PipelineAction(.forward, microbatch: $0) } + microbatches.map { PipelineAction(.backward, microbatch: $0) }
    }
}
