import Formats
import Support

/// `adapter_config.json`, the settings in PEFT's words.
extension LoRAOptions {
    /// Reads a folder's settings.
    ///
    /// - Returns: The options, and what the file calls the base model. `target_modules` given as a pattern are nil: the file's tensors tell them.
    /// - Throws: `file` if it can't be read; `format` for keys of the wrong type; `configuration` for an adapter that is not LoRA, or for a
    ///   variant of LoRA that is not computed here, naming the key.
    static func read(adapter folder: String) throws(TrainerError) -> (options: LoRAOptions, hasPattern: Bool, baseModel: String?) {
        let keys = try JSONKeys(path: "\(folder)/adapter_config.json")
        let kind = try keys.requiredString("peft_type")
        guard kind == "LORA" else { throw unsupported(keys, "peft_type", "\(kind) is not supported", remedy: "Only LORA is") }
        for key in keys.object.keys where !plainKeys.contains(key) { try refuseVariant(keys, key) }
        var options = LoRAOptions()
        options.r = try keys.requiredInteger("r", in: 1...1 << 20)
        options.loraAlpha = try keys.double("lora_alpha", isPositive: true) ?? 8
        options.loraDropout = try keys.double("lora_dropout") ?? 0
        options.useRslora = try keys.bool("use_rslora") ?? false
        options.modulesToSave = try keys.strings("modules_to_save") ?? []
        if try keys.bool("ensure_weight_tying") == true, !options.modulesToSave.isEmpty {
            throw unsupported(
                keys, "ensure_weight_tying", "true is not supported with modules_to_save",
                remedy: "Merge the adapter with PEFT and use the merged model")
        }
        var hasPattern = false
        if case .string(let text) = keys.value("target_modules") {
            hasPattern = text != "all-linear"
        } else if let names = try keys.strings("target_modules") {
            options.targetModules = .names(names)
        }
        return (options, hasPattern, try keys.string("base_model_name_or_path"))
    }

    /// The same settings for PEFT to read.
    ///
    /// - Parameter adapted: The paths of the adapted modules, whose last names stand for `all-linear`.
    func json(baseModel: String, adapted: [String]) -> JSONObject {
        let targets: [String]
        switch targetModules {
        case .allLinear:
            let names = adapted.compactMap { $0.split(separator: ".").last.map(String.init) }
            targets = names.enumerated().filter { names.firstIndex(of: $0.element) == $0.offset }.map(\.element)
        case .names(let names): targets = names
        }
        return JSONObject([
            ("base_model_name_or_path", .string(baseModel)), ("bias", .string("none")), ("fan_in_fan_out", .bool(false)),
            ("inference_mode", .bool(true)), ("init_lora_weights", .bool(true)),
            ("lora_alpha", loraAlpha == loraAlpha.rounded() && loraAlpha < 1e9 ? .integer(Int(loraAlpha)) : .double(loraAlpha)),
            ("lora_dropout", .double(loraDropout)), ("modules_to_save", modulesToSave.isEmpty ? .null : .strings(modulesToSave)),
            ("peft_type", .string("LORA")), ("r", .integer(r)), ("revision", .null), ("target_modules", .strings(targets)),
            ("task_type", .string("CAUSAL_LM")), ("use_dora", .bool(false)), ("use_rslora", .bool(useRslora)),
        ])
    }

    /// Keys that are read above, or change nothing of what an adapter computes once it is trained.
    private static let plainKeys: Set<String> = [
        "peft_type", "r", "lora_alpha", "lora_dropout", "use_rslora", "modules_to_save", "target_modules", "base_model_name_or_path", "auto_mapping",
        "ensure_weight_tying", "eva_config", "inference_mode", "layers_pattern", "megatron_core", "peft_version", "qalora_group_size", "revision",
        "task_type",
    ]

    /// Initial values that leave the base model as it was.
    private static let plainInitialisations: [JSONValue] = [.bool(true), .bool(false), .string("gaussian"), .string("eva"), .string("orthogonal")]

    /// Any other key must be null, false or empty: it stands for a variant that computes something else.
    private static func refuseVariant(_ keys: JSONKeys, _ key: String) throws(TrainerError) {
        guard let value = keys.value(key) else { return }
        let isPlain =
            switch value {
            case .bool(false), .array([]), .string("none"): true
            case .object(let object): object.keys.isEmpty
            default: key == "init_lora_weights" && plainInitialisations.contains(value)
            }
        guard isPlain else {
            throw unsupported(keys, key, "\(value.shown) is not supported", remedy: "Merge the adapter with PEFT and use the merged model")
        }
    }

    private static func unsupported(_ keys: JSONKeys, _ key: String, _ problem: String, remedy: String) -> TrainerError {
        TrainerError(.configuration, "\(keys.path): \(key)", problem, remedy: remedy)
    }
}
