import Reporting
import Support

extension Examination {
    /// For people: a table for each node, one of the ranks, and what to do.
    public var text: String {
        var parts = ranks.filter(\.isFirstOnNode).map { nodeTable($0).text }
        parts.append(rankTable.text)
        return (parts + [advice]).joined(separator: "\n")
    }

    private func nodeTable(_ facts: RankFacts) -> TextTable {
        let onNode = ranks.filter { $0.nodeLeader == facts.nodeLeader }
        var table = TextTable([.init("node \(facts.node)"), .init("", widest: 96)])
        func sum(_ value: (RankFacts) -> Double?) -> Double? {
            let values = onNode.compactMap(value)
            return values.isEmpty ? nil : values.reduce(0, +)
        }
        table.add(["MPI", "\(facts.mpi), threads \(facts.threadLevel); \(facts.ranksOnNode) of \(facts.rankCount) ranks here"])
        table.add(["program", "SHA-256 \(facts.program.prefix(12)); \(facts.openBLAS), Linux \(facts.kernel), \(facts.cLibrary)"])
        table.add(["processor", "\(facts.processor), \(Self.cores(facts))"])
        table.add([
            "instruction sets", facts.instructionSets.joined(separator: " ") + (facts.missingInstructionSets.isEmpty ? "; the program fits" : ""),
        ])
        table.add(["OpenBLAS's kernels", "\(facts.blasCore), chosen by \(facts.blasCoreOrigin)"])
        table.add(["products, one thread", "\(rate(facts.speeds.ownOneThread)); OpenBLAS \(rate(facts.speeds.blasOneThread))"])
        table.add(["products, all threads", "\(rate(sum(\.speeds.ownAllThreads))); OpenBLAS \(rate(sum(\.speeds.blasAllThreads)))"])
        let limit = facts.memoryLimit.map { ", \(ByteCount($0)) by the container's limit" } ?? ""
        let swap = facts.swapUsed > 0 ? ", \(ByteCount(facts.swapUsed)) swapped out" : ""
        table.add([
            "memory",
            "\(ByteCount(facts.memoryAvailable)) of \(ByteCount(facts.memoryTotal)) available\(limit)\(swap); \(bytes(sum(\.speeds.memory)))",
        ])
        table.add(["huge pages", facts.hugePages])
        if let disk = facts.disk {
            let small = disk.smallWriteSeconds.map { ", 4 KB in \(fixed($0 * 1000, 1)) ms" } ?? ""
            table.add([
                "disk, \(disk.folder)", "\(ByteCount(disk.free)) free; written \(bytes(disk.write)), read \(bytes(disk.read))\(small)",
            ])
        }
        let root = facts.isRoot ? [facts.mayRunAsRoot ? "root may start jobs" : "root may not start jobs"] : []
        let settings = facts.mpiSettings + root
        table.add(["Open MPI's settings", settings.isEmpty ? "its own" : settings.joined(separator: ", ")])
        let shared = facts.sharedMemoryFree.map { "; /dev/shm \(ByteCount($0)) free" } ?? ""
        table.add(["limits", "\(grouped(facts.openFiles)) open files (at most \(grouped(facts.openFilesAllowed)))\(shared)"])
        return table
    }

    private static func cores(_ facts: RankFacts) -> String {
        let count = facts.nodeCores.count
        var text = "\(count) \(count == 1 ? "core" : "cores")"
        if let online = facts.onlineCores, online > count { text += " of \(online)" }
        if let physical = facts.physicalCores, physical < count { text += ", hyperthreads of \(physical)" }
        return text + (facts.coreQuota.map { ", \(fixed($0, 1)) by the container's limit" } ?? "")
    }

    private var rankTable: TextTable {
        var table = TextTable([
            .init("rank", .right), .init("node"), .init("cores"), .init("bound to"), .init("threads", .right), .init("GFLOP/s", .right),
            .init("OpenBLAS", .right), .init("memory", .right), .init("latency", .right), .init("bandwidth", .right),
        ])
        for facts in ranks {
            table.add([
                "\(facts.rank)", facts.node, Self.ranges(facts.usedCores) + (facts.sharesCores ? " shared" : ""), Self.ranges(facts.boundCores),
                "\(facts.threadCount)", facts.speeds.ownAllThreads.map { fixed($0, 0) } ?? "", facts.speeds.blasAllThreads.map { fixed($0, 0) } ?? "",
                facts.speeds.memory.map { bytes($0) } ?? "", facts.speeds.messageSeconds.map { "\(fixed($0 * 1e6, 1)) µs" } ?? "",
                facts.speeds.messageBytes.map { bytes($0) } ?? "",
            ])
        }
        return table
    }

    private var advice: String {
        guard !findings.isEmpty else { return "All is well.\n" }
        func list(_ title: String, _ findings: [Finding]) -> String {
            findings.isEmpty ? "" : title + "\n" + findings.map { "- \($0.problem). \($0.remedy).\n" }.joined()
        }
        let (fix, know) = (findings.filter(\.mustFix), findings.filter { !$0.mustFix })
        return list("To fix:", fix) + list(fix.isEmpty ? "Nothing has to be fixed. Worth knowing:" : "Worth knowing:", know)
    }

    private func rate(_ value: Double?) -> String { value.map { "\(fixed($0, 0)) GFLOP/s" } ?? "not measured" }
    private func bytes(_ value: Double?) -> String { value.map { "\(ByteCount(Int($0)))/s" } ?? "not measured" }

    /// `0-3, 8`.
    static func ranges(_ numbers: [Int]) -> String {
        var ranges: [ClosedRange<Int>] = []
        for number in numbers {
            if let last = ranges.last, last.upperBound + 1 == number {
                ranges[ranges.count - 1] = last.lowerBound...number
            } else {
                ranges.append(number...number)
            }
        }
        return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ", ")
    }
}
