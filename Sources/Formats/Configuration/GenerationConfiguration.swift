import Foundation
public import Support

/// What `generation_config.json` says: where to stop, and how its authors sample.
public struct GenerationConfiguration: Equatable, Sendable {
    public var raw: JSONObject
    public var beginTokenID: Int?
    /// Any of these ends a text.
    public var endTokenIDs: [Int]
    public var paddingTokenID: Int?
    public var isSampled: Bool
    public var temperature: Double?
    public var topK: Int?
    public var topP: Double?

    /// Reads a folder's file; nil if there is none.
    ///
    /// - Throws: `file` if it can't be read; `format` naming file and key for one of the wrong type or out of range.
    public static func read(folder: String) throws(TrainerError) -> GenerationConfiguration? {
        let path = "\(folder)/generation_config.json"
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        return try GenerationConfiguration(JSONKeys(path: path))
    }

    /// - Throws: `format` as `read` does.
    public init(_ keys: JSONKeys) throws(TrainerError) {
        raw = keys.object
        beginTokenID = try keys.tokenIDs("bos_token_id").first
        endTokenIDs = try keys.tokenIDs("eos_token_id")
        paddingTokenID = try keys.tokenIDs("pad_token_id").first
        isSampled = try keys.bool("do_sample") ?? false
        temperature = try keys.double("temperature")
        topK = try keys.integer("top_k", in: 0...Int.max)
        topP = try keys.double("top_p")
    }

    /// The tokens of a model that has no such file.
    public init(_ configuration: HuggingFaceConfiguration) {
        raw = JSONObject()
        for key in ["bos_token_id", "eos_token_id", "pad_token_id"] {
            if let value = configuration.raw[key], value != .null { raw[key] = value }
        }
        beginTokenID = configuration.beginTokenID
        endTokenIDs = configuration.endTokenIDs
        paddingTokenID = configuration.paddingTokenID
        isSampled = false
    }

    /// What a GGUF file says of ends and of sampling.
    ///
    /// - Throws: `format` for a key of the wrong type or out of range.
    public init(_ configuration: HuggingFaceConfiguration, _ file: GGUFFile) throws(TrainerError) {
        self.init(configuration)
        temperature = try HuggingFaceConfiguration.asWritten(file.double("general.sampling.temp"))
        topK = try file.integer("general.sampling.top_k", in: 0...Int.max)
        topP = try HuggingFaceConfiguration.asWritten(file.double("general.sampling.top_p"))
        isSampled = temperature != nil || topK != nil || topP != nil
        if isSampled { raw["do_sample"] = .bool(true) }
        raw["temperature"] = temperature.map { .double($0) }
        raw["top_k"] = topK.map { .integer($0) }
        raw["top_p"] = topP.map { .double($0) }
    }

    /// How its authors sample, as keys of a GGUF file's metadata; none if they don't.
    public var samplingMetadata: [(key: String, value: GGUFValue)] {
        guard isSampled else { return [] }
        var metadata: [(key: String, value: GGUFValue)] = []
        if let topK { metadata.append(("general.sampling.top_k", .int32(Int32(clamping: topK)))) }
        if let topP { metadata.append(("general.sampling.top_p", .float32(Float(topP)))) }
        if let temperature { metadata.append(("general.sampling.temp", .float32(Float(temperature)))) }
        return metadata
    }

    /// Writes `generation_config.json` into a folder, keys sorted.
    ///
    /// - Throws: `file` if it can't be written.
    public func write(folder: String) throws(TrainerError) {
        try HuggingFaceConfiguration.write(raw.sorted, to: "\(folder)/generation_config.json")
    }
}
