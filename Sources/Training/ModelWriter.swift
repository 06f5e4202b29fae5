import Adapters
import Formats
import Foundation
import Models
import Planning
import Support
import Tensors
import Tokenizers

/// Writes what a run has trained in the formats of the ecosystem.
struct ModelWriter {
    let setup: RunSetup
    let trained: TrainedModel

    /// The adapter as a PEFT folder, or the model as a Hugging Face folder; returns its path.
    ///
    /// It is written under a temporary name and takes its own when it is whole.
    func write(into folder: String) throws(TrainerError) -> String {
        let path = "\(folder)/\(trained.lora == nil ? "model" : "adapter")"
        let files = FileSystem()
        let partial = "\(path).partial"
        try files.remove(partial)
        try files.createFolders(partial)
        if let lora = trained.lora {
            try lora.write(to: partial, baseModel: setup.configuration.model.path)
        } else {
            try writeModel(to: partial)
        }
        try files.remove(path)
        try files.rename(partial, to: path)
        return path
    }

    private func writeModel(to folder: String) throws(TrainerError) {
        let parameters = trained.model.parameters.map { TensorToWrite($0.name, $0.weight.values, shape: $0.shape) }
        try SafeTensorsFolderWriter(parameters).write(to: folder)
        try setup.files.configuration.write(folder: folder, storedType: "float32")
        try setup.files.generation.write(folder: folder)
        try setup.tokenizer.save(to: folder)
    }
}
