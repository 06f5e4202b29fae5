import ArgumentParser
import Glibc
import MessagePassing
import Support

/// The command line: `trainer [train] CONFIG [key=value ...]` and its companions.
@main
struct TrainerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trainer", abstract: "Fine-tunes language models: fully, by LoRA or by QLoRA, on any number of MPI ranks.",
        subcommands: [BenchmarkCommand.self])

    static func main() {
        do {
            try BLASKernel.useBest()
            var command = try parseAsRoot()
            try command.run()
        } catch let error as TrainerError {
            fail(error)
        } catch {
            exit(withError: error)
        }
    }

    /// Prints an error on one line and ends the job with its status: a rank that fails takes its peers along.
    static func fail(_ error: TrainerError) -> Never {
        let line = Array("\(error)\n".utf8)
        write(STDERR_FILENO, line, line.count)
        MPIJob.abort(exitStatus: error.code.exitStatus)
    }
}
