public import Support

/// In what order each stage of a pipeline does its forwards and backwards: a pure function, so a simulation can try it without ranks.
///
/// A stage receives what an action needs just before it and sends what it leaves just after, without waiting for the receiver. Whatever the
/// schedule, a chunk's gradients of weights are added up in the order of the microbatches, so their sums have the same bits under all of them; but
/// for a tied embedding on a single stage, to which the head adds in its forward.
public protocol PipelineSchedule: Sendable {
    /// As a configuration spells it.
    static var name: String { get }
    /// Whether each stage holds several chunks of the model, or just one.
    static var hasChunks: Bool { get }
    /// Everything that a stage does in a step, in order.
    ///
    /// - Precondition: `check` finds nothing wrong with the shape, and the stage is one of it.
    static func actions(stage: Int, of shape: PipelineShape) -> [PipelineAction]
}

extension PipelineSchedule {
    /// Refuses shapes that the schedule is not defined for. Any count of stages from 1 and of microbatches from 0 is right.
    ///
    /// - Throws: `configuration` if there are several chunks where the schedule has one, or one where it wants several.
    public static func check(_ shape: PipelineShape) throws(TrainerError) {
        guard hasChunks != (shape.chunkCount > 1) else { return }
        let others = PipelineSchedules.all.filter { $0.hasChunks != hasChunks }.map { $0.name }.joined(separator: " or ")
        throw TrainerError(
            .configuration, "parallel.pipeline_chunks", "\(shape.chunkCount) does not go with the pipeline schedule \(name)",
            remedy: "Use \(hasChunks ? "2 or more" : "1"), or the schedule \(others)")
    }
}

/// The schedules that can be chosen, one line each.
public enum PipelineSchedules {
    public static let all: [any PipelineSchedule.Type] = [
        GPipe.self,
        OneForwardOneBackward.self,
        Interleaved.self,
        ZeroBubble.self,
    ]

    /// - Throws: `configuration` if no schedule is called so; the message names them all.
    public static func named(_ name: String) throws(TrainerError) -> any PipelineSchedule.Type {
        if let found = all.first(where: { $0.name == name }) { return found }
        let known = all.map { $0.name }.joined(separator: ", ")
        throw TrainerError(.configuration, "parallel.pipeline_schedule", "there is no schedule \(name)", remedy: "Use one of \(known)")
    }
}
