public import Data
import Glibc
public import Models
import Objectives
public import Support
public import Tensors

/// The loss of a model on rows it was not trained on.
///
/// Only sums are kept: of the losses and of the tokens they were taken at.
public struct HeldOutLoss: Equatable, Sendable {
    /// Of the negative log-likelihoods of all trained tokens, in nats.
    public var lossSum: Double
    public var tokenCount: Int

    public init(lossSum: Double, tokenCount: Int) {
        self.lossSum = lossSum
        self.tokenCount = tokenCount
    }

    /// Mean over the trained tokens of all rows, in nats; as it is, also if not finite.
    public var loss: Double { lossSum / Double(tokenCount) }
    public var perplexity: Double { exp(loss) }

    /// How the rows are divided over ranks and microbatches: as those of a step, but a row longer than a microbatch has one to itself.
    public static func plan(of rows: TokenizedRows, packing: PackingOptions) -> StepPlan {
        var packing = packing
        packing.microbatchTokens = max(packing.microbatchTokens, rows.longestRow)
        return StepPlan.evaluation(of: rows, packing: packing)
    }

    /// Measures the loss over all rows, which the ranks of the group share. Every rank makes the same one collective call, with rows or without.
    ///
    /// - Parameters:
    ///   - rows: The same on every rank.
    ///   - microbatchTokens: The most tokens of one forward, see `plan`.
    ///   - group: The ranks that hold the same parameters, or copies of the model.
    ///   - world: All ranks, where several hold a copy together.
    /// - Returns: The same on every rank.
    /// - Throws: `configuration` if there is no row; `memory`, `communication`.
    public static func measure(
        _ model: LanguageModel, on rows: TokenizedRows, microbatchTokens: Int, group: any ProcessGroup = SoloGroup(),
        world: (any ProcessGroup)? = nil, device: any Device
    ) throws(TrainerError) -> HeldOutLoss {
        guard !rows.isEmpty else {
            throw TrainerError(.configuration, "data.validation", "there is no held-out row to measure the loss on", remedy: "Give at least one")
        }
        let plan = plan(of: rows, packing: PackingOptions(rankCount: group.size, microbatchTokens: microbatchTokens))
        var sum = 0.0
        for round in 0..<plan.roundCount {
            let batch = try plan.batch(ofRank: group.index, round: round, from: rows)
            sum += try NextToken().lossSum(model, Pass(batch, on: device, groups: model.groups.withoutContext, keepsActivations: false))
        }
        // All ranks of a tensor group have found the same.
        if model.groups.tensor.index > 0 { sum = 0 }
        return HeldOutLoss(lossSum: try (world ?? group).sumInOrder([sum], name: "the held-out loss")[0], tokenCount: plan.trainedTokenCount)
    }
}
