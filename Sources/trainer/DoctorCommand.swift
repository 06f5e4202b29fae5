import ArgumentParser
import Doctor
import Glibc
import MessagePassing
import Support
import Training

/// `trainer doctor`: what this machine gives a job, and what to fix.
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Measures what this machine gives a job, and says what to fix.",
        discussion: """
            Under mpirun all ranks and nodes are examined, as they would train. It takes a few seconds, changes nothing, and ends with status 0 where \
            nothing has to be fixed and \(Self.fixStatus) where something has.
            """)

    /// sysexits.h's EX_CONFIG: something in the machine's configuration.
    static let fixStatus: Int32 = 78

    @Option(help: "The folder that runs are written to; its disk is measured.") var folder = "."
    @Option(help: "Threads of each rank; by default the node's cores divided by its ranks.") var threads: Int?
    @Flag(help: "Print everything as JSON.") var json = false

    func run() throws {
        let bound = ProcessorCores.allowed()?.cores ?? []
        let world = try MPIJob.start()
        let context = try RankContext.make(world: world, threads: threads)
        let setting = RankFacts.Setting(
            boundCores: bound, nodeCores: context.nodeCores.cores, usedCores: context.cores?.cores, threadCount: context.threadCount,
            blasCoreOrigin: BLASKernel.origin, processor: BLASKernel.processor)
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
}

extension Examination {
    fileprivate func json(orText isJSON: Bool) -> String { isJSON ? json + "\n" : text }
}
