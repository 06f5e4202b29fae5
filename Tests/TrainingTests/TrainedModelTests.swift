import Models
import Planning
import Support
import Tensors
import TestSupport
import Testing

@testable import Training

@Suite struct TrainedModelTests {
    @Test(
        "pain 15: loading takes no more than the model keeps and one tensor being converted",
        arguments: ["tied", "bf16", "sharded"], [MethodOptions.Kind.full, .lora, .qlora])
    func loading(name: String, kind: MethodOptions.Kind) throws {
        let device = try CPUDevice(threadCount: 1)
        let scratchOfTheDevice = device.ledger.alive(.scratch)
        let reference = try ReferenceCase(name)
        let trained = try reference.make(kind, lora: ReferenceCase.lora, on: device)
        let kept = device.ledger.total.bytes
        // A tensor as stored, decoded, and its block maxima while NF4 is made: under 12 bytes an element.
        let largest = trained.model.parameters.map(\.count).max() ?? 0
        #expect(device.ledger.peak.bytes - kept <= 12 * largest)
        #expect(device.ledger.alive(.scratch) == scratchOfTheDevice)
        #expect(device.ledger.alive(.activations) == .zero)
        if kind == .full { #expect(device.ledger.alive(.weights).bytes >= 4 * trained.model.parameterCount) }
    }
}
