public import Parallelism
public import Support

/// What the copies of a model share out, as the configuration says it.
public enum ZeROChoice: ConfigurationValue {
    /// The least that lets the run fit into memory.
    case auto
    case stage(ZeROStage)

    public static var wanted: String { "auto, 0, 1, 2 or 3" }

    public init?(configuration node: ConfigurationNode) {
        if node.anyText == "auto" {
            self = .auto
        } else if let stage = Int(configuration: node).flatMap(ZeROStage.init) {
            self = .stage(stage)
        } else {
            return nil
        }
    }

    public var configuration: ConfigurationNode {
        switch self {
        case .auto: .plain("auto")
        case .stage(let stage): stage.rawValue.configuration
        }
    }
}
