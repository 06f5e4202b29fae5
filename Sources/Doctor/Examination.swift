public import MessagePassing
public import Support
public import Tensors

/// What all ranks found out, and what follows from it.
public struct Examination: Codable, Equatable, Sendable {
    public let ranks: [RankFacts]
    public let findings: [Finding]
    /// Whether nothing has to be fixed.
    public var isSound: Bool { !findings.contains { $0.mustFix } }

    public init(_ ranks: [RankFacts]) {
        self.ranks = ranks
        findings = Finding.all(ranks)
    }

    /// How long to measure, and where.
    public struct Options: Sendable {
        public var folder = "."
        /// Of each measurement of products and memory; the disk takes up to four times as long.
        public var duration = Duration.milliseconds(300)

        public init() {}
    }

    /// Measures on all ranks; every rank gets the whole.
    ///
    /// What ranks of a node share is measured by one while the others sleep; what they do at once in training, at once.
    public static func run(
        _ setting: RankFacts.Setting, _ options: Options = Options(), on device: CPUDevice, _ world: Communicator
    ) throws(TrainerError) -> Examination {
        let node = try world.onThisNode()
        var facts = try RankFacts.read(setting, world, node: node)
        if node.rank == 0 {
            let single = SpeedTest(device: try CPUDevice(threadCount: 1), duration: options.duration)
            facts.speeds.ownOneThread = try single.products(.own)
            facts.speeds.blasOneThread = try single.products(.openBLAS)
            facts.disk = DiskTest.run(folder: options.folder, duration: options.duration * 4)
        }
        try world.idleBarrier()
        let together = SpeedTest(device: device, duration: options.duration)
        facts.speeds.ownAllThreads = try together.products(.own)
        try world.idleBarrier()
        facts.speeds.blasAllThreads = try together.products(.openBLAS)
        try world.idleBarrier()
        facts.speeds.memory = try together.memory(byteCount: max(16 << 20, (256 << 20) / node.size))
        try measureMessages(&facts, world)
        return Examination(try gather(facts, world))
    }

    /// Messages between the first rank and others, pair by pair while the rest sleeps; of many ranks some.
    private static func measureMessages(_ facts: inout RankFacts, _ world: Communicator) throws(TrainerError) {
        let peers = (1..<max(1, world.size)).filter { $0.isMultiple(of: max(1, world.size / 16)) || $0 == 1 }
        for peer in peers {
            try world.idleBarrier()
            let small = try world.pingPong(between: 0, and: peer, byteCount: 8, count: 200)
            let large = try world.pingPong(between: 0, and: peer, byteCount: 4 << 20, count: 5)
            guard world.rank == peer, let small, let large else { continue }
            facts.speeds.messageSeconds = small / .seconds(1)
            facts.speeds.messageBytes = Double(4 << 20) / (large / .seconds(1))
        }
        try world.idleBarrier()
    }
}
