/// 1F1B: each stage starts with as many forwards as there are stages after it, then does a forward and a backward by turns.
///
/// Narayanan et al. 2021, arXiv:2104.04473, section 2.2, there called PipeDream-Flush. The bubble is that of GPipe; of M microbatches stage s
/// of S holds the activations of only min(S - s, M) at once.
public enum OneForwardOneBackward: PipelineSchedule {
    public static let name = "1f1b"
    public static let hasChunks = false

    public static func actions(stage: Int, of shape: PipelineShape) -> [PipelineAction] {
        let count = shape.microbatchCount
        let ahead = shape.stageCount - 1 - stage
        return inTurns(count: count, ahead: ahead, forward: { PipelineAction(.forward, microbatch: $0) }) {
            [PipelineAction(.backward, microbatch: $0)]
        }
    }

    /// `count` forwards and as many backwards, by turns once the forwards are `ahead` of the backwards, or are all done.
    static func inTurns(
        count: Int, ahead: Int, forward: (Int) -> PipelineAction, backward: (Int) -> [PipelineAction]
    ) -> [PipelineAction] {
        var actions = (0..<min(ahead, count)).map(forward)
        for index in 0..<count {
            if index + ahead < count { actions.append(forward(index + ahead)) }
            actions += backward(index)
        }
        return actions
    }
}
