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

    /// Allocates all storage. What is trained, adapted and quantised must have been decided.
    public func allocate(on device: any Device, gradients: Bool, longestSequence: Int) throws(TrainerError) {
        for unit in units { try unit.allocate(on: device, gradients: gradients) }
        _ = try rotary.tables(longestSequence, on: device)
        blocks.first?.attention.needsInputGradient = embedding.isTrainable
    }

    /// Allocates what is trained, such as an adapter, and leaves the frozen weights in their files.
    public func allocateTrained(on device: any Device) throws(TrainerError) {
        for unit in units { try unit.allocateTrained(on: device, false) }
    }

    /// The hidden states after the last block, `[T, C]`, before the final norm.
    public func forward(_ pass: Pass) throws(TrainerError) -> Tensor {
        var hidden = try pass.device.tensor(pass.batch.tokenCount, options.channels)
        pass.device.embed(hidden, embedding.weight, tokens: pass.tokens)
        for (index, block) in blocks.enumerated() {
            if index > 0 { try pass.stack.closeGroup() }
            hidden = try block.forward(hidden, pass)
        }
        pass.cache?.advance(pass.spans.map(\.queries.count))
        return hidden
    }

    /// From the gradient of what forward returned, all parameters' gradients; reports each unit that is complete.
    ///
    /// The output unit's gradients must be complete already, but for a tied head, whose parameter is the embedding.
    public func backward(_ hiddenGradient: Tensor, _ pass: Pass) throws(TrainerError) {
        var gradient = hiddenGradient
        for block in blocks.reversed() {
            try pass.stack.openGroup()
            gradient = try block.backward(gradient, pass)
            try pass.unitFinished(block.unit)
        }
        if let table = embedding.gradient { pass.device.embedBackward(table, gradient, tokens: pass.tokens) }
        try pass.unitFinished(embeddingUnit)
    }

    /// The logits of some rows of `forward`'s result, `[rows, V]`.
    public func logits(_ hidden: Tensor) throws(TrainerError) -> Tensor {
        let normed = try finalNorm.forward(hidden).output
        let logits = try hidden.device.tensor(hidden.rows, options.vocabulary)
        try hidden.device.linear(logits, normed, [head.weight], adding: [])
        return logits
    }
}
