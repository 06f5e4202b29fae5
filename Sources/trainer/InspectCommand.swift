import ArgumentParser
import Formats
import Support

/// `trainer inspect`: what a file of weights holds.
struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Shows what a model, an adapter or a checkpoint holds: format, metadata, tensors.",
        discussion: "Tensors that differ in the layer's number only are shown together; --tensors lists each.")

    @Argument(help: "A safetensors or GGUF file, or the folder of a model, of an adapter or of a checkpoint.") var path: String
    @Flag(help: "List every tensor, with where it lies.") var tensors = false
    @Flag(help: "Print one JSON object instead, with every tensor.") var json = false

    func run() throws {
        let inspection = try Inspection.open(path)
        print(json ? inspection.json.text(indent: 2) : inspection.text(listsAll: tensors), terminator: json ? "\n" : "")
    }
}
