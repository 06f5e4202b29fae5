public import Support

extension HuggingFaceConfiguration {
    /// Writes `config.json` into a folder: the raw object as it was read, with changes, keys sorted as transformers sorts them.
    ///
    /// For a model that came from GGUF the raw object is the one that transformers wants, so its `AutoModel` loads the folder.
    ///
    /// - Parameters:
    ///   - storedType: The type of the weights beside it, in torch's spelling: `float32`, `bfloat16`.
    ///   - changes: Keys to set, over the raw ones.
    /// - Throws: `file` if it can't be written; `format` for rotary divisors that no option of transformers expresses.
    public func write(folder: String, storedType: String, changes: [(String, JSONValue)] = []) throws(TrainerError) {
        if case .divisors = rotaryScaling {
            throw .format(path, tensor: "rope_freqs.weight", "holds rotary divisors that config.json can't express")
        }
        var object = raw
        // transformers 5 reads both names, older versions only the older one.
        object[object["dtype"] == nil ? "torch_dtype" : "dtype"] = .string(storedType)
        for (key, value) in changes { object[key] = value }
        try HuggingFaceConfiguration.write(object.sorted, to: "\(folder)/config.json")
    }

    static func write(_ object: JSONObject, to path: String) throws(TrainerError) {
        let file = try FileWriter(path: path)
        try file.write(Array((JSONValue.object(object).text(indent: 2) + "\n").utf8))
        try file.finish()
    }

    /// `rope_scaling` in transformers' words; null for what has none.
    static func json(_ scaling: RotaryScaling) -> JSONValue {
        switch scaling {
        case .none, .divisors: return .null
        case .other(let kind): return .object(JSONObject([("rope_type", .string(kind))]))
        case .linear(let factor): return .object(JSONObject([("factor", .double(factor)), ("rope_type", .string("linear"))]))
        case .llama3(let options):
            return .object(
                JSONObject([
                    ("factor", .double(options.factor)), ("high_freq_factor", .double(options.highFrequencyFactor)),
                    ("low_freq_factor", .double(options.lowFrequencyFactor)),
                    ("original_max_position_embeddings", .integer(options.originalPositionCount)), ("rope_type", .string("llama3")),
                ]))
        }
    }
}
