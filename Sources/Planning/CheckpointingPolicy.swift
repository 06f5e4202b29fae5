public import Support

/// Which activations are computed again in backward instead of being kept.
public enum CheckpointingPolicy: ConfigurationValue {
    /// Every activation that a backward reads is kept.
    case none
    /// Gate and up are computed again.
    case selective
    /// Each block's input is kept, and the block runs again.
    case full
    /// The same in every n-th block; `every_2` as a file has it.
    case every(Int)

    public static let wanted = "none, selective, full, or every_2, every_3 and so on"
    public static let choices = ["none", "selective", "full", "every_2"]

    public init?(configuration node: ConfigurationNode) {
        guard let text = node.anyText else { return nil }
        switch text {
        case "none": self = .none
        case "selective": self = .selective
        case "full": self = .full
        default:
            // Written back it must be the same word: no signs, no zeros in front.
            guard text.hasPrefix("every_"), let n = Int(text.dropFirst("every_".count)), n >= 2, text == "every_\(n)" else { return nil }
            self = .every(n)
        }
    }

    public var configuration: ConfigurationNode {
        switch self {
        case .none: .text("none")
        case .selective: .text("selective")
        case .full: .text("full")
        case .every(let n): .text("every_\(n)")
        }
    }
}
