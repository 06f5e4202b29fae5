import Data
public import Evaluation
import Parallelism
public import Planning
import Support
import Tensors
import Tokenizers

/// What was measured on held-out rows at one moment of a run.
public struct Measurement: Codable, Equatable, Sendable {
    public var loss: Double
    public var trainedTokens: Int
    public var seconds: Double
    /// Of generated text; nil where the task has none.
    public var fields: FieldMatchScore?
    public var samples: [TaskScore.Sample]
}

/// Measures a model on the held-out rows of a run.
struct HeldOutMeter {
    let rows: TokenizedRows
    let tokenizer: Tokenizer
    let options: EvaluationOptions
    let microbatchTokens: Int
    let endTokens: [Int]
    let context: RankContext

    /// The held-out loss alone: what is measured every few steps.
    func loss(_ trained: TrainedModel) throws(TrainerError) -> Measurement {
        let start = ContinuousClock.now
        let found = try HeldOutLoss.measure(
            trained.model, on: rows, microbatchTokens: microbatchTokens, group: context.grid.replicas, world: context.group,
            device: context.device)
        return Measurement(
            loss: found.loss, trainedTokens: found.tokenCount, seconds: (ContinuousClock.now - start) / .seconds(1), fields: nil, samples: [])
    }

    /// The loss, the task's score and the samples: what is measured before and after.
    ///
    /// - Parameter isWanted: Asked on each rank for itself between the tokens that it generates: once it says no, the rank hurries to the end, and
    ///   what was measured is worth nothing.
    func everything(_ trained: TrainedModel, while isWanted: () -> Bool) throws(TrainerError) -> Measurement {
        let start = ContinuousClock.now
        var measurement = try loss(trained)
        guard options.task != .none || options.samples > 0 else { return measurement }
        let generator = Generator(trained.model, tokenizer, endTokens: endTokens, on: context.device)
        let found = try TaskScore.measure(generator, on: rows, options.scoring, group: context.grid.replicas, while: isWanted)
        measurement.fields = found.fields
        measurement.samples = found.samples
        measurement.seconds = (ContinuousClock.now - start) / .seconds(1)
        return measurement
    }
}

extension EvaluationOptions {
    /// What these keys ask of the scoring of generated text.
    public var scoring: TaskScore.Options {
        var scoring = TaskScore.Options()
        scoring.matchesFields = task == .fieldMatch
        scoring.rowLimit = rows
        scoring.sampleCount = samples
        scoring.maxNewTokens = maxNewTokens
        return scoring
    }
}
