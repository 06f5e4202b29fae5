import Support
import Testing

@Suite struct ProcessorCoresTests {
    @Test("pain 16: ranks of a node share its cores: each core given once, and no rank more than one core ahead of another")
    func share() {
        for coreCount in 1...17 {
            let cores = ProcessorCores(cores: (0..<coreCount).map { $0 * 2 + 1 })
            for count in 1...coreCount {
                let shares = (0..<count).map { cores.share($0, of: count).cores }
                #expect(shares.flatMap { $0 } == cores.cores)
                let sizes = shares.map(\.count)
                #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
            }
        }
    }

    @Test("pain 16: where ranks outnumber cores each may use all of them")
    func crowd() {
        let cores = ProcessorCores(cores: [0, 1])
        #expect((0..<3).allSatisfy { cores.share($0, of: 3) == cores })
    }

    @Test("a bound thread is allowed the cores it was bound to, and no others")
    func bind() throws {
        let all = try #require(ProcessorCores.allowed())
        #expect(!all.cores.isEmpty)
        defer { all.bind() }
        let one = all.share(0, of: all.cores.count)
        one.bind()
        #expect(ProcessorCores.allowed() == one)
    }
}
