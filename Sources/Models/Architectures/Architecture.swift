public import Formats
public import Support

/// A family of models: how its `config.json` becomes a described decoder, and what files call its parameters.
public protocol Architecture: Sendable {
    /// `model_type` in config.json, and `general.architecture` in GGUF files.
    static var modelTypes: [String] { get }
    /// One row per kind of parameter.
    static var table: [ParameterRow] { get }
    /// - Throws: `configuration` for settings that the family has but this program does not compute; `format` for values that can't be.
    static func options(from configuration: HuggingFaceConfiguration) throws(TrainerError) -> DecoderOptions
}

/// The families that can be read, one line each.
public enum Architectures {
    public static let all: [any Architecture.Type] = [Llama.self]

    /// The family of a model type.
    ///
    /// - Throws: `configuration` if it is none of these; the message names it and them.
    public static func named(_ modelType: String, subject: String) throws(TrainerError) -> any Architecture.Type {
        if let found = all.first(where: { $0.modelTypes.contains(modelType) }) { return found }
        let known = all.flatMap { $0.modelTypes }.joined(separator: ", ")
        throw TrainerError(.configuration, subject, "the architecture \(modelType) is not supported", remedy: "Use a model of the families \(known)")
    }
}

/// What a parameter is in the decoder.
public enum ParameterRole: CaseIterable, Sendable {
    case embedding, finalNorm, head
    case attentionNorm, query, key, value, attentionOutput
    case feedForwardNorm, gate, up, down
}

/// What files call one kind of parameter.
public struct ParameterRow: Sendable {
    /// How a GGUF file orders the rows of a matrix.
    public enum GGUFRowOrder: Sendable {
        case same
        /// The two halves of each head interleaved, as ggml's rotary embedding wants query and key.
        case interleavedQuery, interleavedKey

        /// Where a GGUF file has a row of the model; nil where it is the same row.
        public func fileRow(headSize: Int) -> ((Int) -> Int)? {
            guard self != .same else { return nil }
            return { row in
                let (head, within) = (row / headSize, row % headSize)
                return head * headSize + 2 * (within % (headSize / 2)) + within / (headSize / 2)
            }
        }

        /// Which row of the model a GGUF file has in a row; nil where it is the same row.
        public func modelRow(headSize: Int) -> ((Int) -> Int)? {
            guard self != .same else { return nil }
            return { row in
                let (head, within) = (row / headSize, row % headSize)
                return head * headSize + within % 2 * (headSize / 2) + within / 2
            }
        }
    }

    public let role: ParameterRole
    /// In safetensors; `{layer}` stands for the block's number.
    public let name: String
    /// In GGUF.
    public let ggufName: String
    public let ggufRowOrder: GGUFRowOrder

    public init(_ role: ParameterRole, _ name: String, gguf ggufName: String, _ ggufRowOrder: GGUFRowOrder = .same) {
        self.role = role
        self.name = name
        self.ggufName = ggufName
        self.ggufRowOrder = ggufRowOrder
    }

    /// A name with the block's number filled in.
    static func fill(_ name: String, layer: Int) -> String {
        guard let mark = name.firstRange(of: "{layer}") else { return name }
        return name.replacingCharacters(in: mark, with: String(layer))
    }
}

extension String {
    fileprivate func replacingCharacters(in range: Range<String.Index>, with text: String) -> String {
        String(self[..<range.lowerBound]) + text + String(self[range.upperBound...])
    }
}
