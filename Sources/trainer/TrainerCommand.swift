import ArgumentParser
import Glibc
import MessagePassing
import Support

/// The command line: `trainer [train] CONFIG [key=value ...]` and its companions.
@main
struct TrainerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trainer", abstract: "Fine-tunes language models: fully, by LoRA or by QLoRA, on any number of MPI ranks.",
        version: ProgramVersion.text,
        subcommands: [
            TrainCommand.self, CheckCommand.self, WatchCommand.self, GenerateCommand.self, EvalCommand.self, DataCommand.self, TokenizeCommand.self,
            InspectCommand.self,
            CheckpointCommand.self, ConvertCommand.self, MergeCommand.self, KeysCommand.self, DoctorCommand.self, BenchmarkCommand.self,
        ],
        defaultSubcommand: TrainCommand.self)

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
    ///
    /// What every rank finds is printed once as a rule: the first rank ends the job at once, the others leave it half a second to do so.
    static func fail(_ error: TrainerError) -> Never {
        if let rank = getenv("OMPI_COMM_WORLD_RANK"), String(cString: rank) != "0" { usleep(500_000) }
        let line = Array("\(error)\n".utf8)
        write(STDERR_FILENO, line, line.count)
        MPIJob.abort(exitStatus: error.code.exitStatus)
    }
}
