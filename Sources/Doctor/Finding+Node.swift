import Support

extension Finding {
    /// Pain 16: ranks that share cores, and more threads than cores.
    static func cores(_ facts: RankFacts) -> [Finding] {
        var found: [Finding] = []
        let (node, cores, ranks) = (facts.node, facts.nodeCores.count, facts.ranksOnNode)
        if facts.sharesCores {
            found.append(
                Finding(
                    fix: "\(ranks) ranks on \(node) share its \(cores) \(cores == 1 ? "core" : "cores")",
                    "Start at most \(cores) ranks there; more only slow each other down"))
        } else if facts.threadCount > facts.usedCores.count {
            found.append(
                Finding(
                    fix: "each rank on \(node) has \(facts.threadCount) threads for \(facts.usedCores.count) cores",
                    "Set parallel.threads to \(max(1, facts.usedCores.count)) or auto"))
        }
        if let online = facts.onlineCores, online > cores {
            let remedy =
                "Ask the scheduler for more where they are free: --cpus-per-task in Slurm, --map-by slot:PE=\(max(1, online / max(1, ranks))) in mpirun"
            found.append(Finding(know: "the job was left \(cores) of the \(online) cores of \(node)", remedy))
        }
        if let quota = facts.coreQuota, quota + 0.01 < Double(min(cores, facts.threadCount * ranks)) {
            found.append(
                Finding(
                    fix:
                        "the container on \(node) may use \(fixed(quota, 1)) cores' worth of time, and training would use \(min(cores, facts.threadCount * ranks))",
                    "Raise its limit, or set parallel.threads so that all ranks together have \(max(1, Int(quota)))"))
        }
        if let load = facts.load, load > 0.5 * Double(max(1, cores)) {
            found.append(
                Finding(
                    know: "in the last minute \(fixed(load, 1)) processes wanted the \(cores) cores of \(node), so what was measured may be too low",
                    "Ask again when the node is free"))
        }
        return found
    }

    static func kernels(_ facts: RankFacts) -> [Finding] {
        var found: [Finding] = []
        if !facts.missingInstructionSets.isEmpty {
            let list = facts.missingInstructionSets.joined(separator: ", ")
            found.append(Finding(fix: "\(facts.processor) lacks \(list), which the program was built for", "Build it on \(facts.node)"))
        }
        if facts.isDebugBuild {
            found.append(Finding(fix: "this is a debug build, whose own products are many times slower", "Build it with swift build -c release"))
        }
        if let better = facts.betterBLASCore {
            let remedy =
                facts.blasCoreOrigin == BLASCoreOrigin.user ? "Unset OPENBLAS_CORETYPE, or set it to \(better)" : "Set OPENBLAS_CORETYPE=\(better)"
            found.append(Finding(fix: "OpenBLAS runs its kernels for \(facts.blasCore) on \(facts.node), which has better ones", remedy))
        }
        if let one = facts.speeds.ownOneThread, let all = facts.speeds.ownAllThreads, facts.threadCount > 1,
            all < 0.5 * one * Double(facts.threadCount)
        {
            found.append(
                Finding(
                    know: "on \(facts.node) \(facts.threadCount) threads are only \(fixed(all / one, 1)) times as fast as one",
                    "Cores may be hyperthreads of each other or busy: try fewer by parallel.threads"))
        }
        return found
    }

    static func memory(_ facts: RankFacts) -> [Finding] {
        let available = min(facts.memoryAvailable, facts.memoryLimit ?? .max)
        guard available < max(1 << 30, facts.memoryTotal / 20) else { return [] }
        return [
            Finding(fix: "\(ByteCount(available)) of memory are available on \(facts.node)", "End what else uses memory there, or raise the limit")
        ]
    }

    static func limits(_ facts: RankFacts) -> [Finding] {
        var found: [Finding] = []
        if facts.openFiles < 256 {
            found.append(Finding(fix: "only \(facts.openFiles) files may be open at once on \(facts.node)", "Raise the limit: ulimit -n 1024"))
        }
        // Open MPI keeps 4 MB and more for each rank of a node there.
        if let free = facts.sharedMemoryFree, facts.ranksOnNode > 1, free < facts.ranksOnNode * 16 << 20 {
            found.append(
                Finding(
                    fix: "/dev/shm on \(facts.node) has \(ByteCount(free)) left, through which \(facts.ranksOnNode) ranks exchange messages",
                    "Give the container more (--shm-size=1g), or clear what lies there"))
        }
        if facts.isRoot, !facts.mayRunAsRoot {
            found.append(
                Finding(
                    know: "Open MPI's mpirun refuses to start jobs of root",
                    "Use another user, or set OMPI_ALLOW_RUN_AS_ROOT=1 and OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1"))
        }
        if !["funneled", "serialized", "multiple"].contains(facts.threadLevel) {
            found.append(Finding(fix: "this MPI allows no threads (\(facts.threadLevel))", "Install an MPI built with threads"))
        }
        return found
    }

    static func disk(_ facts: RankFacts) -> [Finding] {
        guard let disk = facts.disk else { return [] }
        if let problem = disk.problem {
            return [Finding(fix: "runs can't be written on \(facts.node): \(problem)", "Name another folder with --folder, and in output")]
        }
        var found: [Finding] = []
        if disk.free < 1 << 30 {
            found.append(
                Finding(fix: "\(ByteCount(disk.free)) are free at \(disk.folder) on \(facts.node)", "Free some space: a checkpoint has to fit"))
        }
        if let write = disk.write, write < 50e6 {
            found.append(
                Finding(
                    know: "\(disk.folder) on \(facts.node) is written at \(ByteCount(Int(write)))/s, so checkpoints take long",
                    "Put output on a faster disk, or save less often by checkpoint.every_minutes"))
        }
        return found
    }
}

/// Who decided which kernels OpenBLAS runs.
public enum BLASCoreOrigin {
    public static let openBLAS = "OpenBLAS"
    public static let user = "OPENBLAS_CORETYPE"
    public static let trainer = "trainer, which started itself anew for it"
}
