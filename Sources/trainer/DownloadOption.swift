import ArgumentParser
import MessagePassing
import Support
import Training

/// The option of commands that take a model: whether the network may be used to fetch it.
struct DownloadOption: ParsableArguments {
    @Flag(help: "Fetch a model named owner/name or owner/name@revision from the hub if neither a folder here nor the cache has it.")
    var download = false

    /// Brings the model here if that is allowed and needed.
    func fetch(_ model: String, world: Communicator? = nil) throws(TrainerError) {
        if download { try ModelDownload.run(model, world: world) }
    }
}
