import TestSupport
import Testing

@Suite struct TrainerProcessTests {
    @Test("trainer starts, alone and on two ranks")
    func starts() throws {
        for ranks in [nil, 2] {
            let result = try runTrainer(["--help"], ranks: ranks)
            #expect(result.status == 0, "\(result)")
        }
    }
}
