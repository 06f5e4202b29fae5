import ArgumentParser
import Foundation
import MessagePassing
import Planning
import Support
import Training

/// `trainer check`: a run's first steps on the ranks' layout and on one rank.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Trains a run's first steps on the layout of its ranks and on one rank, and compares losses and gradient norms.",
        discussion: """
            Start it under mpirun, with the configuration and the ranks of the run. The model has to fit on one rank. Nothing is written into the run's \
            folder. The exit status is 76 where the two part by more than rounding.
            """)

    @Argument(help: "The run's YAML file.") var file: String
    @Argument(help: "Keys to set: key=value.") var overrides: [String] = []
    @Option(help: "Steps to train.") var steps = 5
    @Option(
        help: """
            The largest relative difference of a loss, ten times as much for a gradient norm; by default 1e-5, or 1e-2 where ranks round what they send \
            or keep.
            """) var tolerance: Double?

    func run() throws {
        let world = try MPIJob.start()
        guard (1...1000).contains(steps) else {
            throw TrainerError(.configuration, "--steps", "\(steps) steps can't be compared", remedy: "Use 1 to 1000")
        }
        guard tolerance.map({ $0 >= 0 && $0 < 1 }) ?? true else {
            throw TrainerError(.configuration, "--tolerance", "\(tolerance ?? 0) is no relative difference", remedy: "Use a number from 0 to below 1")
        }
        let configuration = try RunConfiguration.load(path: file, overrides: overrides, rankCount: world.size).configuration
        try RankComparison.check(configuration, world)
        if configuration.model.download { try ModelDownload.run(configuration.model.path, world: world) }
        let shape = try configuration.parallel.grid(rankCount: world.size)
        let context = try RankContext.make(
            world: world, threads: configuration.parallel.threads.given, shape: shape, hierarchical: configuration.parallel.hierarchical)
        let report = try LayoutCheck.run(
            configuration, context, stepCount: steps, tolerance: tolerance ?? (configuration.roundsAmongRanks ? 1e-2 : 1e-5)
        ) { line in try? FileHandle.standardError.write(contentsOf: Data("\(line)\n".utf8)) }
        if world.rank == 0 { print(report.text) }
        try report.check()
        if world.rank == 0 { print("They agree: on this layout the run gives what it gives on one rank.") }
        try world.barrier()
        MPIJob.end()
    }
}
