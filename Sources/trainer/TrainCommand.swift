import ArgumentParser
import Glibc
import MessagePassing
import Planning
import Support
import Training

/// `trainer train`: a run from a configuration; what `trainer` does when no command is named.
struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Fine-tunes a model as a configuration says; under mpirun, on all its ranks.",
        discussion: """
            Keys of the configuration can be set on the command line: trainer train run.yaml method.r=8. Without a file it is \
            \(defaultConfiguration). `trainer keys` lists every key.
            """)

    static let defaultConfiguration = "Configs/quickstart.yaml"

    @Argument(help: "The run's YAML file.") var file = Self.defaultConfiguration
    @Argument(help: "Keys to set: key=value.") var overrides: [String] = []

    func run() throws {
        let world = try MPIJob.start()
        let loaded = try RunConfiguration.load(path: file, overrides: overrides, rankCount: world.size)
        let configuration = loaded.configuration
        try RankComparison.check(configuration, world)
        if configuration.model.download { try ModelDownload.run(configuration.model.path, world: world) }
        let shape = try configuration.parallel.grid(rankCount: world.size)
        let context = try RankContext.make(
            world: world, threads: configuration.parallel.threads.given, shape: shape,
            hierarchical: configuration.parallel.hierarchical, traces: configuration.training.profile)
        let outcome = try TrainingRun(loaded, context).run()
        if world.rank == 0 { show(outcome, loaded) }
        try world.barrier()
        MPIJob.end()
        if case .interrupted = outcome { throw ExitCode(TrainerError.Code.interrupted.exitStatus) }
    }

    private func show(_ outcome: TrainingRun.Outcome, _ loaded: LoadedConfiguration) {
        switch outcome {
        case .finished(let result): print("\n" + result.text(configurationPath: file))
        case .finishedBefore(let result):
            print("This run has finished before; its result, from \(loaded.configuration.output):\n\n" + result.text(configurationPath: file))
            print("\nTo train again, give another output (output=runs/again) or remove the folder.")
        case .interrupted(step: 0): print("interrupted before the first step; the same command begins anew")
        case .interrupted(let step):
            print("interrupted after step \(step), which a checkpoint holds; the same command goes on from there")
        }
    }
}
