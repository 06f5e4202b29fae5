import Support
public import Tensors

/// An update rule: the tensors it keeps for a shard, and how it moves the shard's values.
public protocol UpdateRule: Sendable {
    static var kind: OptimizerOptions.Kind { get }
    /// What it keeps for each shard; all zero before the first update.
    static var states: [StateKind] { get }

    init(_ options: OptimizerOptions)
    /// Updates a shard, or a stretch of one that begins on a multiple of 256 elements.
    ///
    /// - Parameter states: The tensors of `states`, in that order.
    func update(_ shard: OptimizerShard, _ states: [Tensor], _ numbers: UpdateNumbers)
}

/// The numbers of an update that all shards share.
public struct UpdateNumbers: Equatable, Sendable {
    /// Updates done, this one included.
    public var step: Int
    public var learningRate: Double
    /// The gradients are multiplied by it first.
    public var gradientScale: Double

    public init(step: Int, learningRate: Double, gradientScale: Double) {
        self.step = step
        self.learningRate = learningRate
        self.gradientScale = gradientScale
    }
}

/// One of the tensors that a rule keeps for each shard.
public struct StateKind: Equatable, Sendable {
    /// What checkpoints call it.
    public let name: String
    public let elementType: ElementType
    /// Elements of the shard that share one entry: 1, or the size of a block.
    public let elementsPerEntry: Int

    /// Float32 values that are computed with in another type; checkpoints call them what they call values that have no masters.
    public static let masters = StateKind(name: "value", elementType: .float32, elementsPerEntry: 1)

    func entryCount(_ elements: Int) -> Int { (elements + elementsPerEntry - 1) / elementsPerEntry }
    func byteCount(_ elements: Int) -> Int { elementType.byteCount(entryCount(elements)) }
}

/// Every update rule, once.
public enum UpdateRules {
    public static let all: [any UpdateRule.Type] = [AdamW.self, AdamW8Bit.self]

    static func named(_ kind: OptimizerOptions.Kind) -> any UpdateRule.Type {
        guard let rule = all.first(where: { $0.kind == kind }) else { preconditionFailure("UpdateRules.named: no rule is \(kind.rawValue)") }
        return rule
    }
}

extension OptimizerOptions {
    /// AdamW's numbers for one update.
    func adamW(_ numbers: UpdateNumbers, weightDecay: Double) -> AdamWUpdate {
        AdamWUpdate(
            learningRate: numbers.learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: weightDecay, step: numbers.step,
            gradientScale: numbers.gradientScale)
    }
}
