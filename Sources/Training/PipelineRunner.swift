import Models
import Objectives
import Parallelism
import Support
import Tensors

/// Takes a step's microbatches through this rank's parts of the model, forward and back, in the order of a schedule.
///
/// Without a pipeline there is one stage, and each microbatch goes forward and back before the next one.
struct PipelineRunner {
    let model: LanguageModel
    let units: ShardedUnits
    let schedule: any PipelineSchedule.Type
    /// Makes the pass of a microbatch; once for each of the parts that it goes through here.
    let makePass: (PackedBatch) throws(TrainerError) -> Pass
    /// What the sum of losses is multiplied by before the backward.
    let gradientScale: Double
    private let objective = NextToken()
    /// Microbatches between their forward and their backward, by part of the model.
    private var inFlight: [Key: Flight] = [:]
    private var lossSum = 0.0

    private struct Key: Hashable {
        let microbatch: Int
        let chunk: Int
    }

    private struct Flight {
        let pass: Pass
        /// The gradient of the hidden states after the last block, on the rank that has the head.
        let hiddenGradient: Tensor?
    }

    init(
        _ model: LanguageModel, _ units: ShardedUnits, schedule: any PipelineSchedule.Type, gradientScale: Double,
        makePass: @escaping (PackedBatch) throws(TrainerError) -> Pass
    ) {
        self.model = model
        self.units = units
        self.schedule = schedule
        self.gradientScale = gradientScale
        self.makePass = makePass
    }

    /// Computes all gradients of a step, whose sums over ranks are then under way.
    ///
    /// - Parameter batches: The microbatches, the same on all ranks that share a copy of the model.
    /// - Returns: The sum of the losses; 0 on ranks that do not have the head.
    mutating func run(_ batches: [PackedBatch]) throws(TrainerError) -> Double {
        let parts = model.parts
        let shape = PipelineShape(stageCount: model.share.stageCount, microbatchCount: batches.count, chunkCount: parts.count)
        for action in schedule.actions(stage: model.share.stage, of: shape) {
            let (part, isLast) = (parts[action.chunk], action.microbatch == batches.count - 1)
            let key = Key(microbatch: action.microbatch, chunk: action.chunk)
            switch action.kind {
            case .forward:
                inFlight[key] = try forward(part, batches[action.microbatch], isLast: isLast)
            case .backward, .backwardInput:
                guard let flight = inFlight[key] else { preconditionFailure("PipelineRunner: \(action) before its forward") }
                flight.pass.defersWeightGradients = action.kind == .backwardInput
                // For the gradients of weights the pass is enough.
                inFlight[key] = action.kind == .backward ? nil : Flight(pass: flight.pass, hiddenGradient: nil)
                try backward(part, flight)
            case .backwardWeights:
                guard let flight = inFlight.removeValue(forKey: key) else { preconditionFailure("PipelineRunner: \(action) before its forward") }
                try model.backwardWeights(part, flight.pass)
            }
        }
        // What was sent to other stages has arrived before buffers are used for something else.
        try model.groups.pipeline.finish()
        return lossSum
    }

    /// The hidden states themselves are gone when this returns: they were sent, or turned into losses and their gradient.
    private mutating func forward(_ part: ModelPart, _ batch: PackedBatch, isLast: Bool) throws(TrainerError) -> Flight {
        let units = units
        let pass = try makePass(batch)
        pass.unitFinished = { (unit) throws(TrainerError) in try units.finishGradients(unit, isLast: isLast) }
        let input = part.isFirst ? nil : try pass.receive(from: model.allParts[part.index - 1], channels: model.options.channels)
        let hidden = try model.forward(part, input, pass)
        guard part.isLast else {
            try pass.send(hidden, to: model.allParts[part.index + 1])
            return Flight(pass: pass, hiddenGradient: nil)
        }
        pass.forwardFinished()
        let (sum, gradient) = try objective.headLossAndGradient(model, pass, hidden: hidden, gradientScale: gradientScale)
        lossSum += sum
        return Flight(pass: pass, hiddenGradient: gradient)
    }

    private func backward(_ part: ModelPart, _ flight: consuming Flight) throws(TrainerError) {
        let pass = flight.pass
        let channels = model.options.channels
        let gradient: Tensor
        if let known = flight.hiddenGradient {
            gradient = known
        } else {
            gradient = try pass.receive(from: model.allParts[part.index + 1], channels: channels, .backward)
        }
        if !part.isLast { pass.forwardFinished() }
        let inputGradient = try model.backward(part, gradient, pass)
        if !part.isFirst { try pass.send(inputGradient, to: model.allParts[part.index - 1], .backward) }
    }
}
