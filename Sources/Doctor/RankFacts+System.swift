import CLinux
import Crypto
import Foundation
import Glibc
public import Kernels
import MessagePassing
import Support

extension RankFacts {
    /// What the caller knows and this target can't find out.
    public struct Setting: Sendable {
        /// The cores that this process was left before it chose its own.
        public var boundCores: [Int]
        public var nodeCores: [Int]
        /// Nil where ranks share cores.
        public var usedCores: [Int]?
        public var threadCount: Int
        public var blasCoreOrigin: String
        public var processor: Processor
        /// The values of a run's configuration by key, and the files it names, to be compared between ranks.
        public var configuration: [String: String] = [:]
        public var paths: [String] = []

        public init(
            boundCores: [Int], nodeCores: [Int], usedCores: [Int]?, threadCount: Int, blasCoreOrigin: String, processor: Processor
        ) {
            self.boundCores = boundCores
            self.nodeCores = nodeCores
            self.usedCores = usedCores
            self.threadCount = threadCount
            self.blasCoreOrigin = blasCoreOrigin
            self.processor = processor
        }
    }

    /// Everything that is there to be read; speeds come later.
    static func read(_ setting: Setting, _ world: Communicator, node: Communicator) throws(TrainerError) -> RankFacts {
        var facts = RankFacts()
        (facts.rank, facts.rankCount, facts.ranksOnNode, facts.isFirstOnNode) = (world.rank, world.size, node.size, node.rank == 0)
        facts.nodeLeader = Int(try node.reduce([Double(world.rank)], .min)[0])
        facts.readPrograms(try MPILibrary.inUse())
        facts.configuration = setting.configuration
        facts.files = FileSample.all(setting.paths)
        facts.readProcessor(setting)
        facts.readMemory()
        facts.readLimits()
        return facts
    }

    private mutating func readPrograms(_ library: MPILibrary) {
        mpi = "\(library.name), MPI \(library.standard)"
        threadLevel = library.threadLevel
        program = Self.hash(of: "/proc/self/exe")
        #if DEBUG
            isDebugBuild = true
        #endif
        openBLAS = blasDescription().split(separator: " ").prefix(2).joined(separator: " ")
        var names = utsname()
        if uname(&names) == 0 {
            node = Self.text(of: &names.nodename)
            kernel = Self.text(of: &names.release)
        }
        cLibrary = "glibc \(String(cString: clinux_libc_version()))"
    }

    private mutating func readProcessor(_ setting: Setting) {
        let telling = ["sse4_2", "avx", "f16c", "fma", "avx2", "avx512f", "avx512bw", "avx512vl", "avx512_vnni", "avx512_bf16", "amx_bf16"]
        processor = setting.processor.modelName
        instructionSets = telling.filter(setting.processor.instructionSets.contains)
        missingInstructionSets = setting.processor.missing
        blasCore = blasCoreName()
        betterBLASCore = setting.processor.betterCore(than: blasCore)
        blasCoreOrigin = setting.blasCoreOrigin
        (boundCores, nodeCores, threadCount) = (setting.boundCores, setting.nodeCores, setting.threadCount)
        usedCores = setting.usedCores ?? setting.nodeCores
        sharesCores = setting.usedCores == nil && ranksOnNode > 1
        onlineCores = sysconf(Int32(_SC_NPROCESSORS_ONLN))
        let siblings = setting.nodeCores.compactMap { SystemText.read("/sys/devices/system/cpu/cpu\($0)/topology/thread_siblings_list") }
        physicalCores = siblings.count == setting.nodeCores.count ? Set(siblings).count : nil
        coreQuota = SystemText.controlGroup("cpu.max").compactMap(SystemText.coreQuota).min()
        load = SystemText.read("/proc/loadavg").flatMap { $0.split(separator: " ").first }.flatMap { Double($0) }
    }

    private mutating func readMemory() {
        let text = SystemText.read("/proc/meminfo") ?? ""
        memoryTotal = SystemText.meminfo("MemTotal", in: text) ?? 0
        memoryAvailable = SystemText.meminfo("MemAvailable", in: text) ?? 0
        swapUsed = (SystemText.meminfo("SwapTotal", in: text) ?? 0) - (SystemText.meminfo("SwapFree", in: text) ?? 0)
        memoryLimit = SystemText.controlGroup("memory.max").compactMap { Int($0.split(whereSeparator: \.isWhitespace).first ?? "") }.min()
        hugePages = SystemText.read("/sys/kernel/mm/transparent_hugepage/enabled").flatMap(SystemText.choice) ?? "unknown"
        var status = statvfs()
        if statvfs("/dev/shm", &status) == 0 {
            let unit = UInt64(status.f_frsize)
            sharedMemoryFree = Int(clamping: UInt64(status.f_bavail).multipliedReportingOverflow(by: unit).partialValue)
            sharedMemoryTotal = Int(clamping: UInt64(status.f_blocks).multipliedReportingOverflow(by: unit).partialValue)
        }
    }

    private mutating func readLimits() {
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            (openFiles, openFilesAllowed) = (Int(clamping: limit.rlim_cur), Int(clamping: limit.rlim_max))
        }
        let names = ["rmaps_base_oversubscribe", "rmaps_base_mapping_policy", "hwloc_base_binding_policy", "mpi_yield_when_idle", "btl", "pml"]
        environment = Self.variables(ProcessInfo.processInfo.environment)
        mpiSettings = names.compactMap { name in getenv("OMPI_MCA_" + name).map { "\(name)=\(String(cString: $0))" } }
        isRoot = geteuid() == 0
        mayRunAsRoot = ["OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"].allSatisfy { (name: String) in getenv(name) != nil }
    }

    /// Those that decide which libraries are loaded and how they and trainer work. Of Open MPI's none: it sets some for each rank itself. Nor
    /// those of OpenBLAS's kernels, which are compared themselves.
    static func variables(_ environment: [String: String]) -> [String: String] {
        let beginnings = ["OPENBLAS_", "OMP_", "GOTO_", "UCX_", "HF_", "TRAINER_", "LD_LIBRARY_PATH", "LD_PRELOAD", "MALLOC_"]
        return environment.filter { name, _ in !name.contains("CORETYPE") && beginnings.contains { name.hasPrefix($0) } }
    }

    private static func hash(of path: String) -> String {
        var hash = SHA256()
        guard (try? FileSystem().read(path) { hash.update(bufferPointer: $0) }) != nil else { return "" }
        return hexadecimal(hash.finalize())
    }

    /// A C array of characters.
    private static func text<Characters>(of characters: inout Characters) -> String {
        withUnsafeBytes(of: &characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
