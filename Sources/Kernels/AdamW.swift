internal import Glibc

/// The numbers of one AdamW step that all parameters share, formed in Double and rounded once.
public struct AdamWCoefficients: Sendable {
    /// What a parameter is multiplied by: 1 - learningRate * weightDecay.
    let kept: Float
    let beta1: Float
    /// 1 - beta1.
    let towards1: Float
    let beta2: Float
    /// 1 - beta2.
    let towards2: Float
    /// learningRate / (1 - beta1^step).
    let stepSize: Float
    /// 1 / sqrt(1 - beta2^step).
    let rootScale: Float
    let epsilon: Float
    let gradientScale: Float

    /// - Parameters:
    ///   - epsilon: Added to the root of the second moment.
    ///   - weightDecay: Decoupled decay; a step takes `learningRate * weightDecay` of the parameter away.
    ///   - step: Updates done, this one included.
    ///   - gradientScale: What the gradient is multiplied by first: clipping, or the division by a loss scale.
    public init(
        learningRate: Double, beta1: Double, beta2: Double, epsilon: Double, weightDecay: Double, step: Int, gradientScale: Double
    ) {
        kept = Float(1 - learningRate * weightDecay)
        self.beta1 = Float(beta1)
        towards1 = Float(1 - beta1)
        self.beta2 = Float(beta2)
        towards2 = Float(1 - beta2)
        stepSize = Float(learningRate / (1 - pow(beta1, Double(step))))
        rootScale = Float(1 / (1 - pow(beta2, Double(step))).squareRoot())
        self.epsilon = Float(epsilon)
        self.gradientScale = Float(gradientScale)
    }
}

/// One step of AdamW on a range of a flat buffer.
///
///     g  = gradientScale * gradient
///     p  = p * (1 - learningRate * weightDecay)
///     m += (g - m) * (1 - beta1)
///     v  = v * beta2 + g² * (1 - beta2)
///     p -= learningRate / (1 - beta1^step) * m / (sqrt(v) / sqrt(1 - beta2^step) + epsilon)
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
    let c = coefficients
    @inline(__always) func update(_ index: Int, _ lanes: Int) {
        let g = gradient.vector(index, lanes) * c.gradientScale
        var m = firstMoment.vector(index, lanes)
        var v = secondMoment.vector(index, lanes)
        m += (g - m) * c.towards1
        v = v * c.beta2 + g * g * c.towards2
        let denominator = squareRoot(v) * c.rootScale + c.epsilon
        firstMoment.store(m, index, lanes)
        secondMoment.store(v, index, lanes)
        parameter.store(parameter.vector(index, lanes) * c.kept - c.stepSize * m / denominator, index, lanes)
    }
    forEachVector(range, update)
}
