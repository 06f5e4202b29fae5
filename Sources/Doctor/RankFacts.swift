/// What one rank found out about itself and its node. Values that were not measured or that the system does not tell are nil.
public struct RankFacts: Codable, Equatable, Sendable {
    public var rank = 0
    public var rankCount = 1
    public var node = ""
    public var ranksOnNode = 1
    /// The lowest rank on the node: names of nodes may be alike.
    public var nodeLeader = 0
    /// The first rank of each node examines what the ranks of a node share.
    public var isFirstOnNode = true

    // What runs.
    public var mpi = ""
    public var threadLevel = ""
    /// SHA-256 of the program's file.
    public var program = ""
    /// Built without optimisation: our kernels are many times slower then.
    public var isDebugBuild = false
    public var openBLAS = ""
    public var kernel = ""
    public var cLibrary = ""

    /// Variables of the environment that the libraries and trainer go by.
    public var environment: [String: String] = [:]
    /// The values of a run's configuration by key, and by path what its files hold; empty where none was given.
    public var configuration: [String: String] = [:]
    public var files: [String: String] = [:]

    // The processor.
    public var processor = ""
    /// Those of /proc/cpuinfo that matter for matrix products.
    public var instructionSets: [String] = []
    /// Those that the program was compiled for and the processor lacks.
    public var missingInstructionSets: [String] = []
    public var blasCore = ""
    /// OpenBLAS kernels that suit the processor better; nil if there are none.
    public var betterBLASCore: String?
    public var blasCoreOrigin = ""
    /// The cores that the launcher left to this process, those of the node, and those that training would use.
    public var boundCores: [Int] = []
    public var nodeCores: [Int] = []
    public var usedCores: [Int] = []
    public var sharesCores = false
    /// Cores of the node that are switched on, and those of `nodeCores` that are not hyperthreads of each other.
    public var onlineCores: Int?
    public var physicalCores: Int?
    public var threadCount = 1
    /// Cores' worth of time that a container may use; nil without a limit.
    public var coreQuota: Double?
    /// Processes that were running or waiting for a core in the last minute.
    public var load: Double?

    // Memory and limits, in bytes.
    public var memoryTotal = 0
    public var memoryAvailable = 0
    public var memoryLimit: Int?
    public var swapUsed = 0
    public var hugePages = ""
    public var openFiles = 0
    public var openFilesAllowed = 0
    public var sharedMemoryFree: Int?
    public var sharedMemoryTotal: Int?
    public var isRoot = false
    public var mayRunAsRoot = false
    /// What the environment tells Open MPI of sharing and binding cores and of its ways, as `name=value`.
    public var mpiSettings: [String] = []

    // Measured.
    public var speeds = Speeds()
    public var disk: DiskFacts?

    public init() {}

    /// Floating-point operations, bytes and messages per second.
    public struct Speeds: Codable, Equatable, Sendable {
        /// GFLOP/s of large float32 products: by trainer's own kernels and by OpenBLAS, with one thread and with all of the rank.
        public var ownOneThread: Double?
        public var ownAllThreads: Double?
        public var blasOneThread: Double?
        public var blasAllThreads: Double?
        /// Bytes a second, read and written, while all ranks of the node do the same.
        public var memory: Double?
        /// Seconds of a small message's way to rank 0, and bytes a second of large ones.
        public var messageSeconds: Double?
        public var messageBytes: Double?

        public init() {}
    }
}

/// The disk that holds a run's folder.
public struct DiskFacts: Codable, Equatable, Sendable {
    public var folder = ""
    public var free = 0
    /// Bytes a second of a large file, brought to the device.
    public var write: Double?
    /// Bytes a second of the same file, past the page cache where the file system allows that.
    public var read: Double?
    /// Seconds until a file of 4 KB is on the device.
    public var smallWriteSeconds: Double?
    /// Why it could not be measured.
    public var problem: String?

    public init(folder: String) { self.folder = folder }
}
