import Testing

@testable import Doctor

@Suite struct FindingTests {
    /// A sound machine of eight cores and two ranks.
    private func ranks(_ change: (inout RankFacts) -> Void = { _ in }) -> [RankFacts] {
        (0..<2).map { rank in
            var facts = RankFacts()
            (facts.rank, facts.rankCount, facts.node, facts.ranksOnNode, facts.isFirstOnNode) = (rank, 2, "a", 2, rank == 0)
            (facts.mpi, facts.threadLevel, facts.program, facts.openBLAS) = ("Open MPI v4.1.4, MPI 3.1", "funneled", "abc", "OpenBLAS 0.3.21")
            (facts.processor, facts.blasCore, facts.blasCoreOrigin) = ("Xeon", "SkylakeX", BLASCoreOrigin.openBLAS)
            (facts.nodeCores, facts.threadCount) = (Array(0..<8), 4)
            facts.usedCores = rank == 0 ? Array(0..<4) : Array(4..<8)
            facts.boundCores = facts.usedCores
            (facts.memoryTotal, facts.memoryAvailable) = (64 << 30, 60 << 30)
            (facts.openFiles, facts.openFilesAllowed, facts.sharedMemoryFree, facts.load) = (1024, 4096, 30 << 30, 0.2)
            (facts.speeds.ownOneThread, facts.speeds.ownAllThreads) = (rank == 0 ? 100 : nil, 390)
            if rank == 0 {
                facts.disk = DiskFacts(folder: "runs")
                facts.disk?.free = 100 << 30
                facts.disk?.write = 500e6
            }
            change(&facts)
            return facts
        }
    }

    private func findings(_ change: (inout RankFacts) -> Void) -> [Finding] { Finding.all(ranks(change)) }

    @Test("a sound machine has no findings")
    func sound() {
        #expect(Finding.all(ranks()).isEmpty)
        #expect(Examination(ranks()).text.hasSuffix("All is well.\n"))
    }

    @Test("pain 16: ranks that share cores, threads beyond the cores and a container's limit must be fixed, once per node")
    func cores() {
        let shared = findings { ($0.sharesCores, $0.nodeCores, $0.usedCores, $0.threadCount) = (true, [3], [3], 1) }
        #expect(shared.map(\.problem) == ["2 ranks on a share its 1 core"] && shared[0].mustFix)
        let crowded = findings { ($0.threadCount, $0.usedCores) = (8, Array(0..<4)) }
        #expect(crowded.first?.problem == "each rank on a has 8 threads for 4 cores")
        let bound = findings { ($0.onlineCores, $0.physicalCores) = (64, 4) }
        #expect(bound.map(\.problem) == ["the job was left 8 of the 64 cores of a"] && !bound[0].mustFix)
        let limited = findings { $0.coreQuota = 2 }
        #expect(limited.first?.problem.contains("may use 2.0 cores' worth of time, and training would use 8") == true)
    }

    @Test("pain 16: OpenBLAS with kernels for another processor must be fixed, and who chose them decides the remedy")
    func kernels() {
        let chosen = findings { ($0.blasCore, $0.betterBLASCore) = ("Prescott", "SkylakeX") }
        #expect(chosen.first?.mustFix == true && chosen.first?.remedy == "Set OPENBLAS_CORETYPE=SkylakeX")
        let forced = findings { ($0.blasCore, $0.betterBLASCore, $0.blasCoreOrigin) = ("Prescott", "SkylakeX", BLASCoreOrigin.user) }
        #expect(forced.first?.remedy.hasPrefix("Unset OPENBLAS_CORETYPE") == true)
        #expect(findings { $0.isDebugBuild = true }.map(\.mustFix) == [true])
        #expect(findings { $0.missingInstructionSets = ["avx512f"] }.first?.problem.contains("lacks avx512f") == true)
    }

    @Test("what differs between ranks is named with the ranks: another build must be fixed, another processor is worth knowing")
    func differences() {
        let build = findings { if $0.rank == 1 { $0.program = "def" } }
        #expect(build.map(\.problem) == ["the program differs: abc on rank 0, def on rank 1"] && build[0].mustFix)
        let processor = findings { if $0.rank == 1 { $0.processor = "EPYC" } }
        #expect(processor.count == 1 && !processor[0].mustFix && processor[0].problem.contains("EPYC on rank 1"))
    }

    @Test("configurations, files and versions that differ must be fixed or known, each value with its ranks, and what a rank lacks is none")
    func runs() {
        let values = findings { $0.configuration = ["training.seed": $0.rank == 0 ? "42" : "7", "parallel.zero": "1"] }
        #expect(values.map(\.problem) == ["training.seed differs: 42 on rank 0, 7 on rank 1"] && values[0].mustFix)
        let files = findings { if $0.rank == 1 { $0.files = ["m/config.json": "2 bytes, SHA-256 ab"] } }
        #expect(files.map(\.problem) == ["the file m/config.json differs: none on rank 0, 2 bytes, SHA-256 ab on rank 1"] && files[0].mustFix)
        let variables = findings { if $0.rank == 0 { $0.environment = ["OMP_NUM_THREADS": "4"] } }
        #expect(variables.map(\.problem) == ["the variable OMP_NUM_THREADS differs: 4 on rank 0, none on rank 1"] && !variables[0].mustFix)
        #expect(findings { if $0.rank == 1 { $0.mpi = "Open MPI v5" } }.first?.mustFix == true)
    }

    @Test("hosts that are uneven in memory, cores and ranks are worth knowing")
    func unevenHosts() {
        func uneven(_ change: (inout RankFacts) -> Void) -> [Finding] {
            findings { facts in
                (facts.node, facts.nodeLeader, facts.isFirstOnNode) = (facts.rank == 0 ? "a" : "b", facts.rank, true)
                if facts.rank == 1 { change(&facts) }
            }
        }
        #expect(uneven { $0.memoryTotal -= 1 << 30 }.isEmpty)
        let memory = uneven { ($0.memoryTotal, $0.memoryAvailable) = (32 << 30, 30 << 30) }
        #expect(memory.map(\.problem) == ["b has 34.4 GB of memory and a 68.7 GB"] && !memory[0].mustFix)
        #expect(uneven { $0.nodeCores = Array(0..<16) }.map(\.problem) == ["the number of cores of a node differs: 8 on rank 0, 16 on rank 1"])
        #expect(uneven { $0.ranksOnNode = 1 }.map(\.problem) == ["the number of ranks on a node differs: 2 on rank 0, 1 on rank 1"])
    }

    @Test("variables that decide how libraries work are compared; those that Open MPI sets for each rank are not")
    func variables() {
        let found = RankFacts.variables(["OMP_NUM_THREADS": "2", "OMPI_COMM_WORLD_RANK": "1", "HOME": "/root", "LD_PRELOAD": "x"])
        #expect(found == ["OMP_NUM_THREADS": "2", "LD_PRELOAD": "x"])
    }

    @Test("a rank that is much slower than the others is named")
    func slowRank() {
        let slow = findings { if $0.rank == 0 { $0.speeds.ownAllThreads = 200 } }
        #expect(slow.contains { $0.problem.hasPrefix("rank 0 on a reaches 200 GFLOP/s") && !$0.mustFix })
    }

    @Test("little memory, few open files, a small /dev/shm, a full or missing disk must be fixed")
    func limits() {
        let cases: [((inout RankFacts) -> Void, String)] = [
            ({ $0.memoryAvailable = 500 << 20 }, "524 MB of memory are available on a"),
            ({ $0.memoryLimit = 512 << 20 }, "537 MB of memory are available on a"),
            ({ $0.openFiles = 64 }, "only 64 files may be open at once on a"),
            ({ $0.sharedMemoryFree = 8 << 20 }, "/dev/shm on a has 8.39 MB left, through which 2 ranks exchange messages"),
            ({ $0.disk?.free = 1 << 20 }, "1.05 MB are free at runs on a"),
            ({ $0.disk?.problem = "runs: can't be created" }, "runs can't be written on a: runs: can't be created"),
            ({ $0.threadLevel = "single" }, "this MPI allows no threads (single)"),
        ]
        for (change, problem) in cases {
            let found = findings(change)
            #expect(found.map(\.problem) == [problem] && found[0].mustFix, "\(found)")
        }
        #expect(findings { $0.disk?.write = 9e6 }.map(\.mustFix) == [false])
        #expect(findings { $0.isRoot = true }.map(\.mustFix) == [false])
    }
}
