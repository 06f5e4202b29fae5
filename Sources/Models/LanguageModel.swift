public import Support
public import Tensors

/// A decoder-only language model: embedding, blocks, final norm and head.
///
/// Every rank has the structure of the whole; storage it has only for what it keeps: its blocks, and of each matrix its part.
public final class LanguageModel {
    public let options: DecoderOptions
    public let architecture: any Architecture.Type
    public let embedding: Parameter
    public let blocks: [DecoderBlock]
    public let finalNorm: Norm
    /// The head's matrix `[V, C]`; the embedding itself if tied.
    public let head: Parameter
    public let embeddingUnit: ParameterUnit
    /// Holds the final norm and an untied head.
    public let outputUnit: ParameterUnit
    /// All parts in order, and which of them this rank keeps.
    public let allParts: [ModelPart]
    public let share: ModelShare
    let rotary: RotaryTable
    /// Who has the units' values at hand.
    public var residency: any UnitResidency = StayingUnits()
    /// The ranks that compute with this one.
    public var groups = ModelGroups()

    init(
        options: DecoderOptions, architecture: any Architecture.Type, share: ModelShare, embedding: Parameter, blocks: [DecoderBlock],
        finalNorm: Norm, head: Parameter, rotary: RotaryTable
    ) {
        self.options = options
        self.architecture = architecture
        self.share = share
        self.embedding = embedding
        self.blocks = blocks
        self.finalNorm = finalNorm
        self.head = head
        self.rotary = rotary
        embeddingUnit = ParameterUnit(name: "embedding", parameters: [embedding])
        outputUnit = ParameterUnit(name: "output", parameters: head === embedding ? [finalNorm.gain] : [head, finalNorm.gain])
        let division = share.division.isEmpty ? [0..<blocks.count] : share.division
        allParts = division.enumerated().map { index, blocks in
            ModelPart(index: index, blocks: blocks, isFirst: index == 0, isLast: index == division.count - 1, stage: index % share.stageCount)
        }
    }

    /// The parts that this rank computes, in the order of the forward.
    public var parts: [ModelPart] { allParts.filter { $0.stage == share.stage } }
    public var isFirstStage: Bool { share.stage == 0 }
    public var isLastStage: Bool { share.stage == share.stageCount - 1 }
    public var isTied: Bool { head === embedding }

    /// All units in the order of the forward: embedding, blocks, output.
    public var allUnits: [ParameterUnit] { [embeddingUnit] + blocks.map(\.unit) + [outputUnit] }
    /// Those that this rank keeps, in the same order; a tied embedding is kept where it is the head, too.
    public var units: [ParameterUnit] {
        (isFirstStage || isLastStage && isTied ? [embeddingUnit] : []) + parts.flatMap { $0.blocks.map { blocks[$0].unit } }
            + (isLastStage ? [outputUnit] : [])
    }
    public var parameters: [Parameter] { allUnits.flatMap(\.parameters) }
    public var linears: [Linear] { blocks.flatMap(\.linears) }
    /// Of the whole model.
    public var trainableCount: Int { parameters.reduce(0) { $0 + ($1.isTrainable ? $1.wholeCount : 0) } }
    public var parameterCount: Int { parameters.reduce(0) { $0 + $1.wholeCount } }

    public func setCheckpointing(_ checkpointing: Checkpointing) {
        for (index, block) in blocks.enumerated() { block.recomputes = checkpointing.part(ofBlock: index) }
    }

    /// Allocates the storage of all units. What is trained, adapted and quantised must have been decided.
    public func allocate(on device: any Device, gradients: Bool, longestSequence: Int) throws(TrainerError) {
        for unit in units {
            try unit.allocate(on: device)
            if gradients { try unit.allocateGradients(on: device) }
        }
        try prepare(on: device, longestSequence: longestSequence)
    }

    /// Allocates what is not in the units, and settles how far down gradients go.
    public func prepare(on device: any Device, longestSequence: Int) throws(TrainerError) {
        _ = try rotary.tables(longestSequence, on: device)
        blocks.first?.attention.needsInputGradient = embedding.isTrainable
    }

    /// Allocates what is trained, such as an adapter, and leaves the frozen weights in their files.
    public func allocateTrained(on device: any Device) throws(TrainerError) {
        for unit in units { try unit.allocateTrained(on: device) }
    }

    // MARK: - Forward and backward of a part

    /// The hidden states after a part's last block, `[T, C]`, before the final norm; of the rows that this rank of the tensor group has.
    ///
    /// - Parameter input: What the part before gives; nil for the first.
    public func forward(_ part: ModelPart, _ input: Tensor?, _ pass: Pass) throws(TrainerError) -> Tensor {
        var hidden = if let input { input } else { try embed(pass, next: blocks[part.blocks.lowerBound].unit) }
        for index in part.blocks {
            if index > part.blocks.lowerBound { try pass.stack.closeGroup() }
            let next = index + 1 < part.blocks.upperBound ? blocks[index + 1].unit : part.isLast ? outputUnit : nil
            try residency.acquire(blocks[index].unit, next: next)
            hidden = try blocks[index].forward(hidden, pass)
            residency.release(blocks[index].unit)
        }
        return hidden
    }

    private func embed(_ pass: Pass, next: ParameterUnit) throws(TrainerError) -> Tensor {
        let rows = try pass.device.tensor(pass.batch.tokenCount, options.channels)
        try residency.acquire(embeddingUnit, next: next)
        pass.device.embed(rows, embedding.weight, tokens: pass.tokens, firstRow: embedding.slice.rows.lowerBound)
        residency.release(embeddingUnit)
        return try pass.sumRows(rows)
    }

    /// From the gradient of what forward returned, all gradients of the part's parameters; reports each unit that is complete. A pass that
    /// defers leaves the blocks' matrices, and their units, to `backwardWeights`.
    ///
    /// The output unit's gradients must be complete already, but for a tied head, whose parameter is the embedding.
    ///
    /// - Returns: The gradient of the part's input; undefined for the first.
    @discardableResult
    public func backward(_ part: ModelPart, _ outputGradient: Tensor, _ pass: Pass) throws(TrainerError) -> Tensor {
        var gradient = outputGradient
        for index in part.blocks.reversed() {
            let block = blocks[index]
            try pass.stack.openGroup()
            try residency.acquire(block.unit, next: index > part.blocks.lowerBound ? blocks[index - 1].unit : nil)
            if !pass.defersWeightGradients { try residency.beginGradients(block.unit) }
            pass.openBlock()
            gradient = try block.backward(gradient, pass)
            residency.release(block.unit)
            if !pass.defersWeightGradients { try pass.unitFinished(block.unit) }
        }
        guard part.isFirst else { return gradient }
        try residency.beginGradients(embeddingUnit)
        if let table = embedding.gradient {
            let rows = try pass.gatherRows(gradient)
            pass.device.embedBackward(table, rows, tokens: pass.tokens, firstRow: embedding.slice.rows.lowerBound)
        }
        try pass.unitFinished(embeddingUnit)
        return gradient
    }

    /// Adds the gradients of matrices that a backward has left, and reports one unit after another that is complete.
    public func backwardWeights(_ part: ModelPart, _ pass: Pass) throws(TrainerError) {
        for unit in part.blocks.reversed().map({ blocks[$0].unit }) {
            try residency.beginGradients(unit)
            pass.addDeferred()
            try pass.unitFinished(unit)
        }
    }

    // MARK: - Head

    /// The units that final norm and head lie in.
    public var headUnits: [ParameterUnit] { isTied ? [outputUnit, embeddingUnit] : [outputUnit] }

    /// Runs `body` while the values of final norm and head are at hand.
    ///
    /// - Parameter next: The unit that will be asked for after them.
    public func withHead<Value>(next: ParameterUnit? = nil, _ body: () throws(TrainerError) -> Value) throws(TrainerError) -> Value {
        for unit in headUnits { try residency.acquire(unit, next: unit === headUnits.last ? next : nil) }
        defer { for unit in headUnits { residency.release(unit) } }
        return try body()
    }

    // MARK: - Forward alone

    /// Runs a forward that no backward follows through all parts, this rank's share of it: what the stages hand on goes from rank to rank.
    ///
    /// - Returns: The hidden states after the last block; nil on ranks that do not have it.
    public func forward(_ pass: Pass) throws(TrainerError) -> Tensor? {
        var hidden: Tensor?
        for part in parts {
            let input = part.isFirst ? nil : try pass.receive(from: allParts[part.index - 1], channels: options.channels)
            let output = try forward(part, input, pass)
            if part.isLast { hidden = output } else { try pass.send(output, to: allParts[part.index + 1]) }
        }
        pass.cache?.advance(pass.spans.map(\.queries.count))
        return hidden
    }

    /// Runs such a forward, and gives the logits of some tokens, `[rows, V]`, the same on every rank that computes the pass.
    ///
    /// - Parameter tokens: Which of the pass's tokens; nil for all.
    public func logits(_ pass: Pass, tokens: [Int32]? = nil) throws(TrainerError) -> Tensor {
        let hidden = try forward(pass)
        let count = tokens?.count ?? pass.batch.tokenCount
        let isShared = pass.groups.tensor.size > 1 || pass.groups.pipeline.size > 1
        let logits = try isShared ? pass.device.zeros(count, options.vocabulary) : pass.device.tensor(count, options.vocabulary)
        if let hidden {
            try withHead { () throws(TrainerError) in
                var rows = try pass.gatherRows(hidden)
                if let tokens {
                    let all = rows
                    rows = try pass.device.tensor(count, all.columns)
                    pass.device.gatherRows(rows, all, indices: try pass.device.tensor(tokens))
                }
                let normed = try finalNorm.forward(rows).output
                try pass.device.linear(logits.columns(head.slice.rows), normed, [head.weight], adding: [])
            }
            // What other ranks have is zero here, so sums are exact.
            if pass.groups.tensor.size > 1 { try pass.groups.tensor.startSum(logits, name: "logits").wait() }
        }
        if pass.groups.pipeline.size > 1 { try pass.groups.pipeline.startSum(logits, name: "logits").wait() }
        return logits
    }
}
