import Formats
import Support
import Tensors
import Tokenizers

extension ModelConversion {
    /// Writes a Hugging Face folder: weights, `config.json`, `generation_config.json` and the tokenizer's files.
    ///
    /// - Returns: What a folder can't say: nothing.
    func writeFolder(_ toWrite: [TensorToWrite], _ tensors: [ConvertedTensor], to target: Target) throws(TrainerError) -> [String] {
        let writer = try SafeTensorsFolderWriter(toWrite, maximumShardBytes: options.maximumShardBytes)
        try target.begin(byteCount: writer.byteCount)
        try writer.write(to: target.unfinished)
        try files.configuration.write(folder: target.unfinished, storedType: storedType(tensors))
        try files.generation.write(folder: target.unfinished)
        try tokenizer.save(to: target.unfinished)
        return []
    }

    /// The type that transformers loads the folder in: that of the matrices if it is one, else the one that loses nothing.
    private func storedType(_ tensors: [ConvertedTensor]) -> String {
        let types = Set(tensors.filter { $0.rows > 1 }.map(\.type))
        return (types.count == 1 ? types.first ?? .float32 : .float32).rawValue
    }
}
