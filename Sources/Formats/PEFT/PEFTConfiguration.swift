public import Support

/// `adapter_config.json` of a LoRA adapter, in PEFT's words (0.21).
public struct PEFTConfiguration: Equatable, Sendable {
    /// The modules that carry an adapter.
    public enum Targets: Equatable, Sendable {
        /// Names or ends of paths: `q_proj` stands for every module whose path ends in `.q_proj`.
        case names([String])
        /// A regular expression for whole paths, or PEFT's `all-linear`.
        case pattern(String)
    }

    /// `r`.
    public var adapterRank: Int
    public var alpha: Double
    public var dropout: Double
    public var targets: Targets
    /// `use_rslora`: the scale is alpha over the root of the rank (Kalajdzievski 2023, arXiv:2312.03732), not over the rank.
    public var isRankStabilised: Bool
    /// `modules_to_save`: modules that are trained whole.
    public var savedModules: [String]
    /// `rank_pattern` and `alpha_pattern`: exceptions by the end of a path, the first that fits wins.
    public var rankPattern: [Pattern<Int>]
    public var alphaPattern: [Pattern<Double>]
    public var baseModel: String?

    public struct Pattern<Value: Equatable & Sendable>: Equatable, Sendable {
        /// A regular expression for the end of a path, from a point on.
        public var ending: String
        public var value: Value

        public init(_ ending: String, _ value: Value) {
            self.ending = ending
            self.value = value
        }
    }

    public init(
        adapterRank: Int, alpha: Double, dropout: Double = 0, targets: [String], isRankStabilised: Bool = false, savedModules: [String] = [],
        baseModel: String? = nil
    ) {
        self.adapterRank = adapterRank
        self.alpha = alpha
        self.dropout = dropout
        self.targets = .names(targets)
        self.isRankStabilised = isRankStabilised
        self.savedModules = savedModules
        rankPattern = []
        alphaPattern = []
        self.baseModel = baseModel
    }

    /// - Throws: `format` naming file and key for one that is missing, of the wrong type or out of range, for an adapter that is no plain LoRA
    ///   (DoRA, biases, PiSSA's changed base weights and the like), and for a key with a value whose meaning is not known here.
    public init(_ keys: JSONKeys) throws(TrainerError) {
        try PEFTConfiguration.checkPlain(keys)
        adapterRank = try keys.requiredInteger("r", in: 1...(1 << 20))
        guard let alpha = try keys.double("lora_alpha") else { throw keys.error("lora_alpha", "is missing") }
        self.alpha = alpha
        dropout = try keys.double("lora_dropout") ?? 0
        guard (0..<1).contains(dropout) else { throw keys.error("lora_dropout", "is \(dropout), where at least 0 and less than 1 is allowed") }
        targets = try PEFTConfiguration.targets(keys)
        isRankStabilised = try keys.bool("use_rslora") ?? false
        savedModules = try keys.strings("modules_to_save") ?? []
        baseModel = try keys.string("base_model_name_or_path")
        rankPattern = []
        alphaPattern = []
        if let ranks = try keys.keys("rank_pattern") {
            for ending in ranks.object.keys { rankPattern.append(Pattern(ending, try ranks.requiredInteger(ending, in: 1...(1 << 20)))) }
        }
        if let alphas = try keys.keys("alpha_pattern") {
            for ending in alphas.object.keys {
                guard let alpha = try alphas.double(ending) else { throw alphas.error(ending, "is missing") }
                alphaPattern.append(Pattern(ending, alpha))
            }
        }
        for ending in rankPattern.map(\.ending) + alphaPattern.map(\.ending) where (try? Regex(ending)) == nil {
            throw keys.error("rank_pattern", "\"\(ending)\" is no regular expression")
        }
    }

    private static func targets(_ keys: JSONKeys) throws(TrainerError) -> Targets {
        if case .string(let pattern) = keys.value("target_modules") { return .pattern(pattern) }
        guard let names = try keys.strings("target_modules"), !names.isEmpty else { throw keys.error("target_modules", "is missing or empty") }
        return .names(names)
    }

    // MARK: - Ranks and scales

    /// The rank of a module's adapter.
    public func rank(of module: String) -> Int { PEFTConfiguration.value(rankPattern, module) ?? adapterRank }

    /// What the product of a module's two matrices is multiplied by.
    public func scale(of module: String) -> Double {
        let rank = Double(rank(of: module))
        return (PEFTConfiguration.value(alphaPattern, module) ?? alpha) / (isRankStabilised ? rank.squareRoot() : rank)
    }

    private static func value<Value>(_ patterns: [Pattern<Value>], _ module: String) -> Value? {
        patterns.first { pattern in
            guard let whole = try? Regex("(?:.*\\.)?(?:\(pattern.ending))") else { return false }
            return (try? whole.wholeMatch(in: module)) != nil
        }?.value
    }

    // MARK: - JSON

    /// The object that PEFT reads; keys sorted as PEFT sorts them.
    public var json: JSONObject {
        func number(_ value: Double) -> JSONValue { Int(exactly: value).map { .integer($0) } ?? .double(value) }
        var targetModules: JSONValue
        switch targets {
        case .names(let names): targetModules = .strings(names)
        case .pattern(let pattern): targetModules = .string(pattern)
        }
        return JSONObject([
            ("alpha_pattern", .object(JSONObject(alphaPattern.map { ($0.ending, number($0.value)) }))), ("auto_mapping", .null),
            ("base_model_name_or_path", baseModel.map { .string($0) } ?? .null), ("bias", .string("none")), ("fan_in_fan_out", .bool(false)),
            ("inference_mode", .bool(true)), ("init_lora_weights", .bool(true)), ("layers_pattern", .null), ("layers_to_transform", .null),
            ("lora_alpha", number(alpha)), ("lora_dropout", .double(dropout)),
            ("modules_to_save", savedModules.isEmpty ? .null : .strings(savedModules)), ("peft_type", .string("LORA")),
            ("r", .integer(adapterRank)), ("rank_pattern", .object(JSONObject(rankPattern.map { ($0.ending, .integer($0.value)) }))),
            ("revision", .null), ("target_modules", targetModules), ("task_type", .string("CAUSAL_LM")), ("use_rslora", .bool(isRankStabilised)),
        ])
    }

    // MARK: - What is no plain LoRA

    /// Keys that do not change what a stored adapter computes, whatever their value; the tensors themselves say which modules have one.
    private static let harmless: Set<String> = [
        "auto_mapping", "base_model_name_or_path", "corda_config", "ensure_weight_tying", "eva_config", "exclude_modules", "inference_mode",
        "layers_pattern", "layers_to_transform", "loftq_config", "lora_ga_config", "megatron_config", "megatron_core", "peft_version",
        "qalora_group_size", "revision", "runtime_config",
    ]

    private static let read: Set<String> = [
        "alpha_pattern", "lora_alpha", "lora_dropout", "modules_to_save", "r", "rank_pattern", "target_modules", "use_rslora",
    ]

    /// Keys whose values are limited to these; a key in none of the lists may only be null, false or empty.
    private static let allowed: [(key: String, values: [JSONValue])] = [
        ("peft_type", [.string("LORA")]), ("task_type", [.string("CAUSAL_LM")]), ("bias", [.string("none")]),
        // Other ways to begin, such as "pissa", change the base weights, which the adapter then needs.
        ("init_lora_weights", [.bool(true), .bool(false), .string("gaussian"), .string("orthogonal"), .string("eva")]),
    ]

    private static func checkPlain(_ keys: JSONKeys) throws(TrainerError) {
        _ = try keys.requiredString("peft_type")
        for key in keys.object.keys where !harmless.contains(key) && !read.contains(key) {
            guard let value = keys.value(key), value != .bool(false), value != .array([]), value != .object(JSONObject()) else { continue }
            if let values = allowed.first(where: { $0.key == key })?.values {
                let list = values.map { $0.text() }.joined(separator: ", ")
                guard values.contains(value) else { throw keys.error(key, "is \(value.shown), where only \(list) is read") }
            } else {
                let remedy = "Only plain LoRA adapters are read: merge it with PEFT, or train it without this"
                throw keys.error(key, "is \(value.shown), which is not supported", remedy: remedy)
            }
        }
    }
}
