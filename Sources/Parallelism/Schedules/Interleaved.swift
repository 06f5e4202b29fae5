/// Interleaved 1F1B: each stage holds several chunks of the model, and microbatches go around the stages once for each, S at a time.
///
/// Narayanan et al. 2021, arXiv:2104.04473, section 2.3. With V chunks the bubble is (S - 1)(f + b) / V, f and b being the times of a whole
/// stage; stage s holds at most 2 (S - 1 - s) + (V - 1) S + 1 microbatches, each in one of its chunks.
///
/// The paper wants a multiple of S microbatches. Other counts run here as the next multiple does, with what is not there left out: a stage
/// never waits longer for that, and as a microbatch waits for no other, no deadlock can come of it.
public enum Interleaved: PipelineSchedule {
    public static let name = "interleaved"
    public static let hasChunks = true

    public static func actions(stage: Int, of shape: PipelineShape) -> [PipelineAction] {
        let (stages, chunks) = (shape.stageCount, shape.chunkCount)
        let rounds = (shape.microbatchCount + stages - 1) / stages
        // The passes of a stage are counted through: a round takes S microbatches through chunk 0, then through chunk 1, and so on.
        let microbatch = { (pass: Int) in pass / (stages * chunks) * stages + pass % stages }
        let chunk = { (pass: Int) in pass % (stages * chunks) / stages }
        let actions = OneForwardOneBackward.inTurns(
            count: rounds * stages * chunks, ahead: 2 * (stages - 1 - stage) + (chunks - 1) * stages,
            forward: { PipelineAction(.forward, microbatch: microbatch($0), chunk: chunk($0)) },
            backward: { [PipelineAction(.backward, microbatch: microbatch($0), chunk: chunks - 1 - chunk($0))] })
        return actions.filter { $0.microbatch < shape.microbatchCount }
    }
}
