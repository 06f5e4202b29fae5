public import Formats
import Glibc
import Support
import Tensors

/// The frequencies of the rotary embedding.
public struct RotaryOptions: Equatable, Sendable {
    public var base: Float
    /// How frequencies are stretched for contexts longer than in pre-training.
    public var scaling: RotaryScaling

    public init(base: Float, scaling: RotaryScaling) {
        self.base = base
        self.scaling = scaling
    }

    /// `base^(-2i / D)`, each divided as the scaling says, `[D / 2]`; in float32, as the models were trained.
    public func frequencies(headSize: Int) -> [Float] {
        let plain = (0..<headSize / 2).map { 1 / powf(base, Float(2 * $0) / Float(headSize)) }
        switch scaling {
        case .none, .other: return plain
        case .linear(let factor): return plain.map { $0 / Float(factor) }
        case .divisors(let divisors): return zip(plain, divisors).map { $0 / $1 }
        case .llama3(let llama3): return zip(plain, llama3.divisors(rotarySize: headSize, theta: Double(base))).map { $0 / Float($1) }
        }
    }
}

/// Cosines and sines of `position * frequency`, `[positions, D / 2]`, grown to the longest sequence seen.
public final class RotaryTable {
    private let options: RotaryOptions
    private let headSize: Int
    private var tables: (cosine: Tensor, sine: Tensor)?

    init(_ options: RotaryOptions, headSize: Int) {
        self.options = options
        self.headSize = headSize
    }

    /// The tables for at least `positions` positions.
    func tables(_ positions: Int, on device: any Device) throws(TrainerError) -> (cosine: Tensor, sine: Tensor) {
        if let tables, tables.cosine.rows >= positions { return tables }
        let frequencies = options.frequencies(headSize: headSize)
        var cosines: [Float] = []
        var sines: [Float] = []
        for position in 0..<positions {
            for frequency in frequencies {
                let angle = Float(position) * frequency
                cosines.append(cosf(angle))
                sines.append(sinf(angle))
            }
        }
        let grown = (
            cosine: try device.tensor(cosines, .weights).reshaped(rows: positions, columns: headSize / 2),
            sine: try device.tensor(sines, .weights).reshaped(rows: positions, columns: headSize / 2)
        )
        tables = grown
        return grown
    }
}
