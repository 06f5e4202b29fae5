public import Support
public import Tensors

/// A decoder-only language model: embedding, blocks, final norm and head.
public final class LanguageModel {
    public let options: DecoderOptions
    public let architecture: any Architecture.Type
    public let embedding: Parameter
    public let blocks: [DecoderBlock]
    public let finalNorm: Norm
    /// The head's matrix `[V, C]`; the embedding itself if tied.
    public let head: Parameter
    /// In the order of the forward: embedding, blocks, output. The output unit holds the final norm and an untied head.
    public let units: [ParameterUnit]
    let rotary: RotaryTable
    /// Who has the units' values at hand.
    public var residency: any UnitResidency = StayingUnits()

    init(
        options: DecoderOptions, architecture: any Architecture.Type, embedding: Parameter, blocks: [DecoderBlock], finalNorm: Norm, head: Parameter,
        rotary: RotaryTable
    ) {
        self.options = options
        self.architecture = architecture
        self.embedding = embedding
        self.blocks = blocks
        self.finalNorm = finalNorm
        self.head = head
        self.rotary = rotary
        let output = ParameterUnit(name: "output", parameters: head === embedding ? [finalNorm.gain] : [head, finalNorm.gain])
        units = [ParameterUnit(name: "embedding", parameters: [embedding])] + blocks.map(\.unit) + [output]
    }

    public var embeddingUnit: ParameterUnit { units[0] }
    public var outputUnit: ParameterUnit { units[units.count - 1] }
    public var parameters: [Parameter] { units.flatMap(\.parameters) }
    public var linears: [Linear] { blocks.flatMap(\.linears) }
    public var trainableCount: Int { units.reduce(0) { $0 + $1.trainableCount } }
    public var parameterCount: Int { parameters.reduce(0) { $0 + $1.count } }

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

    /// The hidden states after the last block, `[T, C]`, before the final norm.
    public func forward(_ pass: Pass) throws(TrainerError) -> Tensor {
        var hidden = try pass.device.tensor(pass.batch.tokenCount, options.channels)
        try residency.acquire(embeddingUnit, next: units[1])
        pass.device.embed(hidden, embedding.weight, tokens: pass.tokens)
        residency.release(embeddingUnit)
        for (index, block) in blocks.enumerated() {
            if index > 0 { try pass.stack.closeGroup() }
            try residency.acquire(block.unit, next: units[index + 2])
            hidden = try block.forward(hidden, pass)
            residency.release(block.unit)
        }
        pass.cache?.advance(pass.spans.map(\.queries.count))
        return hidden
    }

    /// From the gradient of what forward returned, all parameters' gradients; reports each unit that is complete.
    ///
    /// The output unit's gradients must be complete already, but for a tied head, whose parameter is the embedding.
    public func backward(_ hiddenGradient: Tensor, _ pass: Pass) throws(TrainerError) {
        var gradient = hiddenGradient
        for (index, block) in blocks.enumerated().reversed() {
            try pass.stack.openGroup()
            try residency.acquire(block.unit, next: index > 0 ? blocks[index - 1].unit : nil)
            try residency.beginGradients(block.unit)
            gradient = try block.backward(gradient, pass)
            residency.release(block.unit)
            try pass.unitFinished(block.unit)
        }
        try residency.beginGradients(embeddingUnit)
        if let table = embedding.gradient { pass.device.embedBackward(table, gradient, tokens: pass.tokens) }
        try pass.unitFinished(embeddingUnit)
    }

    /// The units that final norm and head lie in.
    public var headUnits: [ParameterUnit] { head === embedding ? [outputUnit, embeddingUnit] : [outputUnit] }

    /// Runs `body` while the values of final norm and head are at hand.
    ///
    /// - Parameter next: The unit that will be asked for after them.
    public func withHead<Value>(next: ParameterUnit? = nil, _ body: () throws(TrainerError) -> Value) throws(TrainerError) -> Value {
        for unit in headUnits { try residency.acquire(unit, next: unit === headUnits.last ? next : nil) }
        defer { for unit in headUnits { residency.release(unit) } }
        return try body()
    }

    /// The logits of some rows of `forward`'s result, `[rows, V]`.
    public func logits(_ hidden: Tensor) throws(TrainerError) -> Tensor {
        try withHead { () throws(TrainerError) in
            let normed = try finalNorm.forward(hidden).output
            let logits = try hidden.device.tensor(hidden.rows, options.vocabulary)
            try hidden.device.linear(logits, normed, [head.weight], adding: [])
            return logits
        }
    }
}
