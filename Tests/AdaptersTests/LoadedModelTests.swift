import Formats
import Models
import Support
import Tensors
import TestSupport
import Testing

@testable import Adapters

@Suite struct LoadedModelTests {
    @Test("a model to use is frozen whole, without gradients, and stored as in its file")
    func frozen() throws {
        let device = try CPUDevice(threadCount: 1)
        let loaded = try LoadedModel.load(fixture("untied", of: "Training"), on: device)
        #expect(loaded.lora == nil && loaded.model.trainableCount == 0)
        #expect(loaded.model.units.allSatisfy { $0.gradients == nil })
        let stored = try LoadedModel.load(fixture("bf16", of: "Training"), on: device).model.embedding.elementType
        #expect(stored == .bfloat16)
    }

    @Test("a model that is missing is an error of the file, in one line")
    func missing() throws {
        let device = try CPUDevice(threadCount: 1)
        let error = #expect(throws: TrainerError.self) { try LoadedModel.load("nowhere/model", on: device) }
        #expect(error?.code == .file && error?.subject == "nowhere/model")
        var options = LoadedModel.Options()
        options.adapter = "nowhere/adapter"
        let adapter = #expect(throws: TrainerError.self) { try LoadedModel.load(fixture("tied", of: "Training"), options, on: device) }
        #expect(adapter?.code == .file && adapter?.subject == "nowhere/adapter")
    }
}
