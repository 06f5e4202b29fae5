public import Support

/// What losses are multiplied by before the backward, as the configuration says it.
public enum LossScaleChoice: ConfigurationValue {
    /// Found while training where float16 is in use; else 1.
    case auto
    /// A power of two, so that it is divided out exactly.
    case fixed(Double)

    /// Two to the power of 32: also the highest that a scale is raised to while training.
    public static let highest = 4_294_967_296.0

    public static var wanted: String { "auto or a power of two from 1 to 4294967296" }

    public init?(configuration node: ConfigurationNode) {
        if node.anyText == "auto" {
            self = .auto
        } else if let scale = Double(configuration: node), scale >= 1, scale <= Self.highest, scale.significand == 1 {
            self = .fixed(scale)
        } else {
            return nil
        }
    }

    public var configuration: ConfigurationNode {
        switch self {
        case .auto: .plain("auto")
        case .fixed(let scale): Int(scale).configuration
        }
    }
}
