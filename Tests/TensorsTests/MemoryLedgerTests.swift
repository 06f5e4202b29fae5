import Support
import Testing

@testable import Tensors

@Suite struct MemoryLedgerTests {
    @Test("peak: the kinds as they were when the total was highest, and anew after a restart")
    func peak() {
        var ledger = MemoryLedger()
        ledger.add(100, .weights)
        ledger.add(50, .activations)
        ledger.remove(50, .activations)
        ledger.add(20, .gradients)
        #expect(ledger.total == ByteCount(120))
        #expect(ledger.peak == ByteCount(150))
        #expect(ledger.highest(.activations) == ByteCount(50) && ledger.highest(.gradients) == ByteCount(20))
        #expect(ledger.atPeak(.activations) == ByteCount(50) && ledger.atPeak(.gradients) == .zero)
        #expect(ledger.alive(.gradients) == ByteCount(20) && ledger.alive(.activations) == .zero)
        ledger.restartPeak()
        ledger.add(5, .scratch)
        #expect(ledger.highest(.activations) == .zero && ledger.highest(.scratch) == ByteCount(5))
        #expect(ledger.peak == ByteCount(125) && ledger.atPeak(.gradients) == ByteCount(20))
    }
}
