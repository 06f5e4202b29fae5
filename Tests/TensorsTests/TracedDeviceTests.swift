import Foundation
import Support
import Tensors
import Testing

@Suite struct TracedDeviceTests {
    @Test("operations called on the device and through its tensors are recorded with their shapes, and do what they did")
    func records() throws {
        let trace = Trace()
        trace.isDetailed = true
        let inner = try CPUDevice(threadCount: 1)
        let device = TracedDevice(inner, trace)
        let scratch = inner.ledger.total
        do {
            let left = try device.tensor([1, 2, 3, 4, 5, 6] as [Float]).reshaped(rows: 2, columns: 3)
            let right = try device.tensor([1, 1, 1] as [Float])
            let output = try left.device.zeros(2, 1)
            device.product(output, left, right, transposesLeft: false, transposesRight: true, alpha: 1, adds: false)
            #expect(output.values() == [6, 15])
            #expect(output.device.sumOfSquares(output) == 261)
            #expect(device.ledger.total > scratch)
        }
        #expect(inner.ledger.total == scratch)
        let text = String(decoding: trace.json(rank: 0), as: UTF8.self)
        for words in ["\"product\"", "[2, 3] · [1, 3]", "\"sum of squares\"", "\"zero\"", "\"download\""] { #expect(text.contains(words)) }
    }

    @Test("the group's calls are recorded with their names and sizes")
    func group() throws {
        let trace = Trace()
        trace.isDetailed = true
        let group = TracedGroup(SoloGroup(), trace)
        #expect(try group.sum([1, 2], name: "the loss") == [1, 2])
        #expect(try group.gather([7], name: "hashes") == [[7]])
        try group.finish()
        let text = String(decoding: trace.json(rank: 0), as: UTF8.self)
        for words in ["the loss, 16 B", "\"gather\"", "\"wait for transfers\"", "\"collective\""] { #expect(text.contains(words)) }
    }
}
