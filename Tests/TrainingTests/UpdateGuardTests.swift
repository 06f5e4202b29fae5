import Foundation
import Testing

@testable import Training

@Suite struct UpdateGuardTests {
    private func verdicts(_ norms: [Double], _ options: UpdateGuard.Options) -> [UpdateGuard.Verdict] {
        var updates = UpdateGuard()
        return norms.map { updates.judge(isFinite: $0.isFinite, norm: $0, options) }
    }

    @Test("a step that is not finite ends the run; told to skip, only so many in a row do, and a finite one between begins to count anew")
    func nonFinite() {
        var options = UpdateGuard.Options()
        #expect(verdicts([1, .nan], options) == [.update, .stop(inARow: 1)])
        options.skipsNonFinite = true
        options.nonFiniteLimit = 3
        #expect(
            verdicts([.nan, .infinity, 1, .nan, .nan, .nan], options)
                == [.skipNonFinite, .skipNonFinite, .update, .skipNonFinite, .skipNonFinite, .stop(inARow: 3)])
        var updates = UpdateGuard()
        for isFinite in [false, true, false] { _ = updates.judge(isFinite: isFinite, norm: 1, options) }
        #expect(updates.skippedCount == 2 && updates.nonFiniteInARow == 1 && updates.norms.isEmpty)
    }

    @Test("a spike is a norm above the factor times the median of the window; where norms stay large the median follows")
    func spikes() {
        var options = UpdateGuard.Options()
        options.spikeFactor = 2
        options.spikeWindow = 3
        #expect(
            verdicts([9, 1, 2, 4, 4.1, 9, 9, 9], options)
                == [.update, .update, .update, .update, .skipSpike(limit: 4), .skipSpike(limit: 8), .skipSpike(limit: 8.2), .update])
        options.spikeWindow = 2
        #expect(verdicts([1, 2, 3, 3.1], options) == [.update, .update, .update, .update])
        #expect(verdicts([1, 2, 3.1], options).last == .skipSpike(limit: 3))
        options.skipsNonFinite = true
        #expect(verdicts([1, 2, .infinity, 3.1], options) == [.update, .update, .skipNonFinite, .skipSpike(limit: 3)])
    }

    @Test("pain 21: stopped after any step and read back from its checkpoint, it decides as if never stopped")
    func resumes() throws {
        var options = UpdateGuard.Options()
        options.spikeFactor = 1.1
        options.spikeWindow = 5
        options.skipsNonFinite = true
        let norms = (0..<40).map { (step: Int) -> Double in step % 13 == 12 ? .nan : 1 + 0.3 * sin(Double(step) * 1.7) }
        let whole = verdicts(norms, options)
        #expect(whole.contains { if case .skipSpike = $0 { true } else { false } })
        for cut in 0..<40 {
            var updates = UpdateGuard()
            for norm in norms[..<cut] { _ = updates.judge(isFinite: norm.isFinite, norm: norm, options) }
            let position = RunPosition(step: cut, cursor: 0, stream: 1, method: "full", before: nil, updates: updates)
            var read = try #require(try RunPosition(metadata: position.metadata, subject: "checkpoint").updates)
            #expect(norms[cut...].map { read.judge(isFinite: $0.isFinite, norm: $0, options) } == Array(whole[cut...]))
        }
    }
}
