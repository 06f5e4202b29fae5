public import Support

/// The settings of LoRA and QLoRA, by the names PEFT has for them.
public struct LoRAOptions: ConfigurationOptions {
    /// The adapter rank R.
    public var r = 16
    public var loraAlpha = 32.0
    public var loraDropout = 0.0
    public var targetModules = TargetModules.allLinear
    public var useRslora = false
    public var modulesToSave: [String] = []

    public init() {}

    public static var keys: [ConfigurationKey<LoRAOptions>] {
        [
            .key("r", \.r, .from(1, to: 65_536), "Rank of the adapters; memory and time of the trained part grow with it").known(
                as: "lora_r", "rank", "lora_rank"),
            .key("lora_alpha", \.loraAlpha, .above(0), "Scale: what an adapter adds is multiplied by lora_alpha / r").known(as: "alpha"),
            .key("lora_dropout", \.loraDropout, .from(0, below: 1), "Share of an adapter's inputs that are zeroed at random in training")
                .known(as: "dropout"),
            .key("target_modules", \.targetModules, "Linear layers that get an adapter; all-linear takes every one but the head")
                .known(as: "lora_target_modules", "lora_target"),
            .key("use_rslora", \.useRslora, "Scale by lora_alpha / sqrt(r) instead, which keeps large ranks stable (arXiv:2312.03732)")
                .known(as: "rslora"),
            .key("modules_to_save", \.modulesToSave, "Modules that are trained whole and saved beside the adapters, such as lm_head"),
        ]
    }

    /// What an adapter's output is multiplied by: `lora_alpha / r`, or `lora_alpha / sqrt(r)` with `use_rslora`.
    public var scale: Double { loraAlpha / (useRslora ? Double(r).squareRoot() : Double(r)) }
}

/// Which linear layers get an adapter.
public enum TargetModules: ConfigurationValue {
    /// Every linear layer but the head.
    case allLinear
    /// The layers whose name ends in one of these, such as `q_proj`.
    case names([String])

    public static var wanted: String { "all-linear or a list of names such as [q_proj, v_proj]" }
    public static var choices: [String] { ["all-linear"] }

    public init?(configuration node: ConfigurationNode) {
        if node.anyText == "all-linear" {
            self = .allLinear
        } else if let names = [String](configuration: node), !names.isEmpty {
            self = .names(names)
        } else {
            return nil
        }
    }

    public var configuration: ConfigurationNode {
        switch self {
        case .allLinear: .text("all-linear")
        case .names(let names): names.configuration
        }
    }
}
