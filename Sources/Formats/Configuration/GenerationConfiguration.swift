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

    /// Writes `generation_config.json` into a folder, keys sorted.
    ///
    /// - Throws: `file` if it can't be written.
    public func write(folder: String) throws(TrainerError) {
        try HuggingFaceConfiguration.write(raw.sorted, to: "\(folder)/generation_config.json")
    }
}
