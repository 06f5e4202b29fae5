import ArgumentParser
import Data
import Doctor
import Glibc
import MessagePassing
import Planning
import Support
import Training

/// `trainer doctor`: what this machine gives a job, and what to fix.
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Measures what this machine gives a job, and says what to fix.",
        discussion: """
            Under mpirun all ranks and nodes are examined, as they would train. It takes a few seconds, changes nothing, and ends with status 0 where \
            nothing has to be fixed and \(Self.fixStatus) where something has. Given a run's configuration, it also compares its values and files \
            between the ranks.
            """)

    /// sysexits.h's EX_CONFIG: something in the machine's configuration.
    static let fixStatus: Int32 = 78

    @Argument(help: "A run's configuration, and key=value words that override it.") var words: [String] = []
    @Option(help: "The folder that runs are written to; its disk is measured.") var folder = "."
    @Option(help: "Threads of each rank; by default the node's cores divided by its ranks.") var threads: Int?
    @Flag(help: "Print everything as JSON.") var json = false

    func run() throws {
        let bound = ProcessorCores.allowed()?.cores ?? []
        let world = try MPIJob.start()
        let context = try RankContext.make(world: world, threads: threads)
        var setting = RankFacts.Setting(
            boundCores: bound, nodeCores: context.nodeCores.cores, usedCores: context.cores?.cores, threadCount: context.threadCount,
            blasCoreOrigin: BLASKernel.origin, processor: BLASKernel.processor)
        try addRun(to: &setting)
        var options = Examination.Options()
        options.folder = folder
        let examination = try Examination.run(setting, options, on: context.processor, world)
        if world.rank == 0 { print(examination.json(orText: json), terminator: "") }
        fflush(nil)
        try world.barrier()
        MPIJob.end()
        // Every rank ends alike: mpirun reports the status of any that does not end with 0.
        if !examination.isSound { throw ExitCode(Self.fixStatus) }
    }

    /// What a configuration says and names, if one is given; it may be another on each rank.
    private func addRun(to setting: inout RankFacts.Setting) throws {
        let words = RunWords(words)
        guard let path = words.file else {
            guard words.overrides.isEmpty else {
                throw TrainerError(.configuration, "command line", "has values but no configuration", remedy: "Name the run's YAML file first")
            }
            return
        }
        let configuration = try RunConfiguration.load(path: path, overrides: words.overrides).configuration
        for key in configuration.settings { setting.configuration[key.path] = key.value.flowText }
        var patterns = configuration.data.train.patterns
        if case .files(let files) = configuration.data.validation { patterns += files.patterns }
        setting.paths = [configuration.model.path] + ((try? DataFiles.paths(patterns)) ?? patterns)
    }
}

extension Examination {
    fileprivate func json(orText isJSON: Bool) -> String { isJSON ? json + "\n" : text }
}
