import Data
import Formats
import Foundation
import Models
import Support
import Tensors
import Tokenizers

extension ModelConversion {
    /// Writes a GGUF file with the keys that llama.cpp's `convert_hf_to_gguf.py` gives a model of this family.
    ///
    /// - Returns: What the file can't say.
    func writeGGUF(_ toWrite: [TensorToWrite], _ tensors: [ConvertedTensor], to target: Target) throws(TrainerError) -> [String] {
        var vocabulary = try GGUFVocabulary(tokenizer, size: model.options.vocabulary)
        let ends = ends(vocabulary.endToken)
        vocabulary.beginToken = vocabulary.beginToken ?? files.configuration.beginTokenID.map { Int32(clamping: $0) }
        vocabulary.endToken = ends.first
        vocabulary.paddingToken = vocabulary.paddingToken ?? files.configuration.paddingTokenID.map { Int32(clamping: $0) }
        let general = generalMetadata(tensors, name: target.path)
        let metadata = try general + files.generation.samplingMetadata + architectureMetadata() + vocabulary.metadata + Self.otherEnds(ends)
        let writer = try GGUFWriter(metadata: metadata, tensors: rotaryDivisors() + toWrite)
        try target.begin(byteCount: writer.byteCount)
        try writer.write(to: target.unfinished)
        var losses = try vocabulary.losses(of: tokenizer)
        if ends.count > 3 {
            losses.append("GGUF has room for three of the \(ends.count) tokens that end a text; \(ends.dropFirst(3)) are left out.")
        }
        let kept = tensors.filter { options.type == .q8_0 && $0.type == .float16 }
        if let first = kept.first {
            losses.append("\(kept.count) matrices are float16, since their rows are no whole number of Q8_0 blocks, such as \(first.name).")
        }
        return losses
    }

    private func generalMetadata(_ tensors: [ConvertedTensor], name: String) -> [(key: String, value: GGUFValue)] {
        // llama.cpp's `llama_ftype`: the type of most tensors.
        let fileTypes: [ElementType: UInt32] = [.float32: 0, .float16: 1, .q8_0: 7, .bfloat16: 32]
        let counts = Dictionary(tensors.filter { $0.rows > 1 }.map { ($0.type, $0.byteCount) }, uniquingKeysWith: +)
        let type = counts.max { ($0.value, $0.key.rawValue) < ($1.value, $1.key.rawValue) }?.key ?? .float32
        let source = (files.path as NSString).lastPathComponent
        return [
            ("general.architecture", .string(files.configuration.modelType)), ("general.type", .string("model")),
            ("general.name", .string(source.isEmpty || source == "." ? (name as NSString).lastPathComponent : source)),
            ("general.file_type", .uint32(fileTypes[type] ?? 0)), ("general.quantization_version", .uint32(2)),
        ]
    }

    private func architectureMetadata() throws(TrainerError) -> [(key: String, value: GGUFValue)] {
        let configuration = files.configuration
        let prefix = configuration.modelType
        func count(_ value: Int) -> GGUFValue { .uint32(UInt32(clamping: value)) }
        var metadata: [(key: String, value: GGUFValue)] = [
            ("vocab_size", count(configuration.vocabularySize)), ("context_length", count(configuration.maximumPositionCount)),
            ("embedding_length", count(configuration.hiddenSize)), ("block_count", count(configuration.layerCount)),
            ("feed_forward_length", count(configuration.intermediateSize)), ("attention.head_count", count(configuration.attentionHeadCount)),
            ("attention.head_count_kv", count(configuration.keyValueHeadCount)), ("attention.key_length", count(configuration.headSize)),
            ("attention.value_length", count(configuration.headSize)),
            ("attention.layer_norm_rms_epsilon", .float32(Float(configuration.normEpsilon))),
            ("rope.dimension_count", count(configuration.rotarySize)), ("rope.freq_base", .float32(Float(configuration.rotaryTheta))),
        ]
        if case .linear(let factor) = configuration.rotaryScaling {
            metadata += [("rope.scaling.type", .string("linear")), ("rope.scaling.factor", .float32(Float(factor)))]
        }
        if case .llama3(let scaling) = configuration.rotaryScaling {
            // llama.cpp needs the divisors alone; this lets them be turned back into options.
            metadata.append(("rope.scaling.original_context_length", count(scaling.originalPositionCount)))
        }
        return metadata.map { ("\(prefix).\($0.key)", $0.value) }
    }

    /// What Llama 3's scaling divides each rotary frequency by, which llama.cpp reads from a tensor.
    private func rotaryDivisors() -> [TensorToWrite] {
        guard case .llama3(let scaling) = files.configuration.rotaryScaling else { return [] }
        let divisors = scaling.divisors(rotarySize: files.configuration.rotarySize, theta: files.configuration.rotaryTheta)
        return [TensorToWrite("rope_freqs.weight", [divisors.count], floats: divisors.map { Float($0) })]
    }

    // MARK: - Ends

    /// The tokens that end a text, the tokenizer's own first.
    private func ends(_ own: Int32?) -> [Int32] {
        let all = files.generation.endTokenIDs.map { Int32(clamping: $0) }
        guard let own else { return all }
        return [own] + all.filter { $0 != own }
    }

    private static func otherEnds(_ ends: [Int32]) -> [(key: String, value: GGUFValue)] {
        zip(["eot", "eom"], ends.dropFirst()).map { ("tokenizer.ggml.\($0)_token_id", .uint32(UInt32(clamping: $1))) }
    }
}
