/// The numbers of one AdamW step that all parameters share.
public struct AdamWCoefficients: Sendable {
    public var learningRate: Float
    public var beta1: Float
    public var beta2: Float
    /// Added to the root of the second moment.
    public var epsilon: Float
    /// Decoupled decay; a step takes `learningRate * weightDecay` of the parameter away.
    public var weightDecay: Float
    /// 1 - beta1^t at step t, counted from 1.
    public var correction1: Float
    /// 1 - beta2^t.
    public var correction2: Float
    /// What the gradient is multiplied by first: clipping, or the division by a loss scale.
    public var gradientScale: Float

    public init(
        learningRate: Float, beta1: Float, beta2: Float, epsilon: Float, weightDecay: Float, correction1: Float, correction2: Float,
        gradientScale: Float
    ) {
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
        self.correction1 = correction1
        self.correction2 = correction2
        self.gradientScale = gradientScale
    }
}

/// One step of AdamW on a range of a flat buffer.
///
///     g  = gradientScale * gradient
///     p  = p * (1 - learningRate * weightDecay)
///     m += (g - m) * (1 - beta1)
///     v  = v * beta2 + g² * (1 - beta2)
///     p -= (learningRate / correction1) * m / (sqrt(v) / sqrt(correction2) + epsilon)
///
/// Loshchilov and Hutter 2019, arXiv:1711.05101, algorithm 2, in the order of operations of torch.optim.AdamW. Every element is on its own,
/// so any cut of the buffer gives the same bits.
///
/// - Parameters:
///   - parameter: Read and written.
///   - gradient: Read.
///   - firstMoment: Read and written; zero before the first step.
///   - secondMoment: Read and written; zero before the first step.
///   - range: The elements to work on.
public func adamWUpdate(
    parameter: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, firstMoment: UnsafeMutablePointer<Float>,
    secondMoment: UnsafeMutablePointer<Float>, range: Range<Int>, coefficients: AdamWCoefficients
) {
    let kept = 1 - coefficients.learningRate * coefficients.weightDecay
    let towards1 = 1 - coefficients.beta1
    let towards2 = 1 - coefficients.beta2
    let step = coefficients.learningRate / coefficients.correction1
    let rootScale = 1 / coefficients.correction2.squareRoot()
    @inline(__always) func update(_ index: Int, _ lanes: Int) {
        let g = gradient.vector(index, lanes) * coefficients.gradientScale
        var m = firstMoment.vector(index, lanes)
        var v = secondMoment.vector(index, lanes)
        m += (g - m) * towards1
        v = v * coefficients.beta2 + g * g * towards2
        let denominator = squareRoot(v) * rootScale + coefficients.epsilon
        firstMoment.store(m, index, lanes)
        secondMoment.store(v, index, lanes)
        parameter.store(parameter.vector(index, lanes) * kept - step * m / denominator, index, lanes)
    }
    forEachVector(range, update)
}
