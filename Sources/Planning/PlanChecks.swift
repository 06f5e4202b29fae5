import Data
import Optimizers
import Parallelism
public import Support

/// What a configuration must satisfy across its sections; each section's own rows are checked when it is read.
public enum PlanChecks {
    /// All combinations that can't be run, one error each.
    ///
    /// - Parameters:
    ///   - origins: Who gave each key, for the errors' subjects.
    ///   - rankCount: The ranks of the job, where they are known.
    public static func problems(
        _ configuration: RunConfiguration, origins: [String: ConfigurationOrigin] = [:], rankCount: Int? = nil
    ) -> [TrainerError] {
        func problem(_ key: String, _ text: String, _ remedy: String) -> TrainerError {
            TrainerError(.configuration, (origins[key] ?? .builtIn).subject(key), text, remedy: remedy)
        }
        let (data, training) = (configuration.data, configuration.training)
        var problems: [TrainerError] = []
        if data.sequenceLength > training.microbatchTokens {
            let text = "a row may have \(data.sequenceLength) tokens, which training.microbatch_tokens of \(training.microbatchTokens) can't take"
            problems.append(problem("data.sequence_length", text, "Raise training.microbatch_tokens or lower data.sequence_length"))
        }
        if training.globalBatchRows == nil, data.sequenceLength > training.globalBatchTokens {
            let text = "a row may have \(data.sequenceLength) tokens, which training.global_batch_tokens of \(training.globalBatchTokens) can't take"
            problems.append(problem("data.sequence_length", text, "Raise training.global_batch_tokens or lower data.sequence_length"))
        }
        if data.validation == .files(data.train) {
            problems.append(problem("data.validation", "is what is trained on", "Name a file of held-out rows, or a share such as 0.05"))
        }
        if let steps = training.maxSteps, let warmup = training.schedule.warmupSteps, warmup >= steps {
            let text = "\(warmup) steps of warm-up do not end within training.max_steps of \(steps)"
            problems.append(problem("training.schedule.warmup_steps", text, "Use fewer"))
        }
        let kept = configuration.memory.gradientDtype
        if kept != .float32, case .stage(let stage) = configuration.parallel.zero, stage < .gradients {
            let text = "\(kept.rawValue) is for gradients that ranks share out, and parallel.zero is \(stage.rawValue)"
            problems.append(
                problem("memory.gradient_dtype", text, "Use parallel.zero=2, 3 or auto, or memory.gradient_dtype=float32"))
        }
        return problems + gridProblems(configuration.parallel, rankCount, problem)
    }

    private static func gridProblems(
        _ parallel: ParallelOptions, _ rankCount: Int?, _ problem: (_ key: String, _ text: String, _ remedy: String) -> TrainerError
    ) -> [TrainerError] {
        var problems: [TrainerError] = []
        let schedule = parallel.pipelineSchedule.schedule
        if parallel.pipeline > 1 {
            do throws(TrainerError) {
                try schedule.check(PipelineShape(stageCount: parallel.pipeline, microbatchCount: 1, chunkCount: parallel.pipelineChunks))
            } catch { problems.append(problem(error.subject, error.problem, error.remedy ?? "")) }
        }
        if let rankCount {
            do throws(TrainerError) { _ = try parallel.grid(rankCount: rankCount) } catch {
                problems.append(problem(error.subject, error.problem, error.remedy ?? ""))
            }
        }
        return problems
    }
}
