import Doctor
import Glibc
import Kernels
import Support

/// Sees to it that OpenBLAS runs the kernels that the processor deserves, before anything else happens.
enum BLASKernel {
    private static let variable = "OPENBLAS_CORETYPE"
    private static let mark = "TRAINER_CORETYPE_SET"

    static var processor: Processor {
        Processor(cpuinfo: SystemText.read("/proc/cpuinfo") ?? "")
    }

    /// Who decided which kernels OpenBLAS runs.
    static var origin: String {
        if getenv(mark) != nil { return BLASCoreOrigin.trainer }
        return getenv(variable) != nil ? BLASCoreOrigin.user : BLASCoreOrigin.openBLAS
    }

    /// Where OpenBLAS chose worse kernels than the processor offers, names better ones in the environment and runs this program anew.
    ///
    /// - Throws: `configuration` if the program was compiled for instructions that this processor lacks.
    static func useBest() throws(TrainerError) {
        let processor = processor
        guard processor.missing.isEmpty || processor.instructionSets.isEmpty else {
            throw TrainerError(
                .configuration, "processor",
                "\(processor.modelName) lacks \(processor.missing.joined(separator: ", ")), which this program was built for",
                remedy: "Build it on this machine, or with TRAINER_CPU=x86-64-v3 for a mixed cluster")
        }
        // Set by the user, or by us a moment ago: no second attempt.
        guard getenv(variable) == nil, getenv(mark) == nil, let better = processor.betterCore(than: blasCoreName()) else { return }
        setenv(variable, better, 1)
        setenv(mark, "1", 1)
        execv("/proc/self/exe", CommandLine.unsafeArgv)
        // Where the program can't be run again it runs on as it is; the summary shows the kernels in use.
    }
}
