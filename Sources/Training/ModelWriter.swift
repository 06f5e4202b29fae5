import Adapters
import Data
import Formats
import Models
import Planning
import Support
import Tensors
import Tokenizers

/// Writes what a run has trained in the formats of the ecosystem, with a model card and the record of where it comes from.
struct ModelWriter {
    let setup: RunSetup
    let trained: TrainedModel
    /// Hands over the values of a trained parameter in order.
    let values: (Parameter, TensorToWrite.Sink) throws(TrainerError) -> Void

    /// The adapter as a PEFT folder, or the model as a Hugging Face folder; returns its path.
    ///
    /// It is written under a temporary name and takes its own when it is whole.
    func write(into folder: String, _ record: Provenance) throws(TrainerError) -> String {
        let path = "\(folder)/\(trained.lora == nil ? "model" : "adapter")"
        let files = FileSystem()
        let partial = "\(path).partial"
        try files.remove(partial)
        try files.createFolders(partial)
        if let lora = trained.lora {
            try lora.write(to: partial, baseModel: publishedPath(setup.configuration.model.path)) { (parameter) throws(TrainerError) in
                var all: [Float] = []
                try values(parameter) { all += $0.bindMemory(to: Float.self) }
                return all
            }
        } else {
            try writeModel(to: partial)
        }
        if let template = setup.data.read.chat?.template { try ModelFolder.writeTemplate(template, to: partial) }
        try describe(partial, record)
        try files.remove(path)
        try files.rename(partial, to: path)
        return path
    }

    /// Writes card and record, anew if they are there.
    func describe(_ folder: String, _ record: Provenance) throws(TrainerError) {
        try record.write(folder: folder)
        try FileSystem().replace("\(folder)/README.md", with: Array(ModelCard(record: record, isChat: setup.data.read.data.isChat).text.utf8))
    }

    private func writeModel(to folder: String) throws(TrainerError) {
        try ModelFolder.write(trained.model.parameters, values, to: folder)
        try ModelFolder.writeCompanions(setup.files, setup.tokenizer, to: folder, storedAs: .float32)
    }
}

/// What stands beside the weights in a Hugging Face folder.
enum ModelFolder {
    /// Writes parameters in float32.
    ///
    /// - Parameter values: Hands over those of a parameter in order.
    static func write(
        _ parameters: [Parameter], _ values: @escaping (Parameter, TensorToWrite.Sink) throws(TrainerError) -> Void, to folder: String
    ) throws(TrainerError) {
        let tensors = parameters.map { parameter in
            TensorToWrite(parameter.name, .float32, parameter.shape) { (sink) throws(TrainerError) in try values(parameter, sink) }
        }
        try SafeTensorsFolderWriter(tensors).write(to: folder)
    }

    /// Writes configuration, generation configuration and tokenizer, and copies the tokenizer's other files where the model is a folder.
    ///
    /// - Parameter isUntied: Whether the head has become a matrix of its own.
    static func writeCompanions(
        _ files: ModelFiles, _ tokenizer: Tokenizer, to folder: String, storedAs type: ElementType, isUntied: Bool = false
    ) throws(TrainerError) {
        let changes: [(String, JSONValue)] = isUntied ? [("tie_word_embeddings", .bool(false))] : []
        try files.configuration.write(folder: folder, storedType: type.rawValue, changes: changes)
        try files.generation.write(folder: folder)
        try tokenizer.save(to: folder)
        guard files.gguf == nil else { return }
        let fileSystem = FileSystem()
        for name in ["special_tokens_map.json", "added_tokens.json", "tokenizer.model", "vocab.json", "merges.txt"] {
            guard fileSystem.size(of: "\(files.path)/\(name)") != nil else { continue }
            try fileSystem.replace("\(folder)/\(name)", with: try fileSystem.contents(of: "\(files.path)/\(name)"))
        }
    }

    static let templateName = "chat_template.jinja"

    static func writeTemplate(_ text: String, to folder: String) throws(TrainerError) {
        try FileSystem().replace("\(folder)/\(templateName)", with: Array(text.utf8))
    }
}
