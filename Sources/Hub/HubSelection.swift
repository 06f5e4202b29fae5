import Support

/// Which of a repository's files make the model: what our readers read, and what other programs need beside it. Never a pickle.
struct HubSelection {
    static let weightsName = "model.safetensors"
    static let indexName = "model.safetensors.index.json"
    static let vocabularies = ["tokenizer.json", "tokenizer.model", "vocab.json"]
    private static let companions =
        [
            "config.json", "generation_config.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "merges.txt",
            "chat_template.jinja", "chat_template.json",
        ] + vocabularies

    enum Weights: Equatable {
        case safetensors
        /// Shards that an index names.
        case index
        /// The first file of a GGUF model.
        case gguf(String)
    }

    private let names: Set<String>

    init(names: Set<String>) { self.names = names }

    /// Nil if there is none, or more than one GGUF model to choose from.
    var weights: Weights? {
        if names.contains(Self.indexName) { return .index }
        if names.contains(Self.weightsName) { return .safetensors }
        return ggufs.count == 1 ? .gguf(ggufs[0]) : nil
    }

    var isOnlyGGUF: Bool { names.isDisjoint(with: [Self.indexName, Self.weightsName]) }

    /// Configuration, tokenizer and template, as far as they are there.
    var companions: [String] { Self.companions.filter(names.contains) }

    /// GGUF models: of one in several files the first.
    var ggufs: [String] { names.filter { $0.hasSuffix(".gguf") && Self.parts(of: $0).first == $0 }.sorted() }

    /// The files of a repository to fetch for a reference, weights last; the shards of an index are added once it is here.
    ///
    /// - Throws: `file` if the repository holds no model that can be read, or several.
    func files(for reference: HubReference) throws(TrainerError) -> [String] {
        if let file = reference.file {
            guard names.contains(file) else { throw missing(file, reference) }
            let parts = Self.parts(of: file)
            if let part = parts.first(where: { !names.contains($0) }) { throw missing(part, reference) }
            return parts
        }
        switch weights {
        case .index: return companions + [Self.indexName]
        case .safetensors: return companions + [Self.weightsName]
        case .gguf(let file): return Self.parts(of: file)
        case nil: throw noModel(reference)
        }
    }

    /// A GGUF model's files: those of `name-00001-of-00003.gguf` are three.
    static func parts(of file: String) -> [String] {
        guard let match = file.wholeMatch(of: /(.*)-(\d{5})-of-(\d{5})\.gguf/), let count = Int(match.3), (1...10_000).contains(count) else {
            return [file]
        }
        func digits(_ number: Int) -> String { String(repeating: "0", count: 5 - String(number).count) + String(number) }
        return (1...count).map { "\(match.1)-\(digits($0))-of-\(match.3).gguf" }
    }

    private func missing(_ file: String, _ reference: HubReference) -> TrainerError {
        let known = ggufs.isEmpty ? "It holds no GGUF file" : "It holds \(ggufs.prefix(12).joined(separator: ", "))"
        return TrainerError(.file, reference.description, "the repository has no \(file)", remedy: known)
    }

    private func noModel(_ reference: HubReference) -> TrainerError {
        if ggufs.count > 1 {
            let list = ggufs.prefix(12).joined(separator: ", ")
            return TrainerError(
                .file, reference.description, "the repository holds \(ggufs.count) GGUF models: \(list)",
                remedy: "Name one, as \(reference.repository)/\(ggufs[0])")
        }
        let pickles = names.filter { $0.hasSuffix(".bin") || $0.hasSuffix(".pt") || $0.hasSuffix(".pth") }.sorted()
        if let pickle = pickles.first {
            return TrainerError(
                .file, reference.description, "the repository has its weights only as \(pickle), which may hold code and is never loaded",
                remedy: "Look for a revision or a copy with model.safetensors")
        }
        return TrainerError(
            .file, reference.description, "the repository holds neither model.safetensors nor a GGUF file", remedy: "Name a repository of a model")
    }
}
