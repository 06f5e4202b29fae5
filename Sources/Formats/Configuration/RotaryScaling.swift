import Foundation

/// How rotary frequencies are stretched for longer contexts.
public enum RotaryScaling: Equatable, Sendable {
    case none
    /// Positions divided by the factor (Chen et al. 2023, arXiv:2306.15595).
    case linear(factor: Double)
    /// Low frequencies divided by the factor, high ones kept, those between blended (Llama 3.1).
    case llama3(Llama3)
    /// A divisor for each frequency, `[D / 2]`, as GGUF's tensor `rope_freqs.weight` has them.
    case divisors([Float])
    /// A kind that is read, but not understood here: `yarn`, `dynamic`, `longrope`.
    case other(kind: String)

    public struct Llama3: Equatable, Sendable {
        public var factor: Double
        public var lowFrequencyFactor: Double
        public var highFrequencyFactor: Double
        public var originalPositionCount: Int

        public init(factor: Double, lowFrequencyFactor: Double, highFrequencyFactor: Double, originalPositionCount: Int) {
            self.factor = factor
            self.lowFrequencyFactor = lowFrequencyFactor
            self.highFrequencyFactor = highFrequencyFactor
            self.originalPositionCount = originalPositionCount
        }

        /// What each rotary frequency is divided by, `[rotarySize / 2]`.
        ///
        ///     frequency[i]  = theta ^ (-2 i / rotarySize)
        ///     wavelength[i] = 2 pi / frequency[i]
        ///     blend[i]      = (original / wavelength[i] - low) / (high - low), limited to 0...1
        ///     divisor[i]    = 1 / ((1 - blend[i]) / factor + blend[i])
        ///
        /// As `_compute_llama3_parameters` of transformers 5.23 has it; computed in Double.
        public func divisors(rotarySize: Int, theta: Double) -> [Double] {
            (0..<rotarySize / 2).map { index in
                let wavelength = 2 * Double.pi * pow(theta, 2 * Double(index) / Double(rotarySize))
                let place = (Double(originalPositionCount) / wavelength - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor)
                let blend = min(max(place, 0), 1)
                return 1 / ((1 - blend) / factor + blend)
            }
        }
    }
}
