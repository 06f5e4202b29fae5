/// ZB-H1: 1F1B with the backward in two, the part for the weights put off to fill the time that a stage would wait.
///
/// Qi et al. 2023, arXiv:2401.10241, section 2.3. Stage s puts the gradients of weights off by s microbatches. With a forward of f, a backward
/// for the input of b and for the weights of w, alike on all stages, the bubble is (S - 1)(f + b - w), where 1F1B has (S - 1)(f + b + w); no
/// stage holds more than min(S, M) microbatches, as the first of 1F1B does.
public enum ZeroBubble: PipelineSchedule {
    public static let name = "zero_bubble"
    public static let hasChunks = false

    public static func actions(stage: Int, of shape: PipelineShape) -> [PipelineAction] {
        let count = shape.microbatchCount
        let ahead = shape.stageCount - 1 - stage
        let weights = { (microbatch: Int) in PipelineAction(.backwardWeights, microbatch: microbatch) }
        let actions = OneForwardOneBackward.inTurns(count: count, ahead: ahead, forward: { PipelineAction(.forward, microbatch: $0) }) { index in
            [PipelineAction(.backwardInput, microbatch: index)] + (index >= stage ? [weights(index - stage)] : [])
        }
        return actions + (max(0, count - stage)..<count).map(weights)
    }
}
