import Adapters
import Formats
import Models
import Objectives
import Optimizers
import Support
import Tensors
import TestSupport
import Testing

@testable import Training

/// What is kept for backward, what is computed again, and what waits in a file: the memory it takes, and that no result depends on it.
@Suite struct ActivationMemoryTests {
    /// What is done about activations.
    struct Saving: CustomTestStringConvertible, Equatable {
        var checkpointing = Checkpointing.none
        var offloads = false
        var type = ElementType.float32
        var testDescription: String { "\(checkpointing)\(offloads ? ", offloaded" : "")" }

        static let all = [Checkpointing.none, .selective, .full, .every(2), .every(3)].flatMap {
            [Saving(checkpointing: $0), Saving(checkpointing: $0, offloads: true)]
        }
    }

    /// A model of SmolLM2-135M's shape, or of a few channels.
    static func model(layers: Int, channels: Int, vocabulary: Int, share: ModelShare = ModelShare()) -> LanguageModel {
        let heads = AttentionHeads(queryHeads: 9, keyHeads: 3, headSize: channels / 9, scale: 1 / Float(channels / 9).squareRoot())
        let options = DecoderOptions(
            channels: channels, layerCount: layers, heads: heads, feedForwardWidth: channels * 8 / 3, vocabulary: vocabulary, normEpsilon: 1e-5,
            rotary: RotaryOptions(base: 10_000, scaling: .none), isTied: true, maximumPositions: 256, endTokens: [])
        return LanguageModel.build(options, Llama.self, share: share)
    }

    static func batch(sequences: Int, length: Int, vocabulary: Int) -> PackedBatch {
        let count = sequences * length
        return PackedBatch(
            tokens: (0..<count).map { Int32($0 * 7919 % vocabulary) }, sequenceStarts: (0...sequences).map { $0 * length },
            trained: [Bool](repeating: true, count: count), globalPositions: (0..<count).map(Int64.init))
    }

    /// One forward and backward: the loss, every gradient, and the ledger.
    static func run(
        _ model: LanguageModel, _ saving: Saving, _ batch: PackedBatch, on device: any Device, folder: String
    ) throws -> (loss: Double, gradients: [[Float]], ledger: MemoryLedger) {
        model.setCheckpointing(saving.checkpointing)
        try model.allocate(on: device, gradients: true, longestSequence: 256)
        for parameter in model.parameters where device.holdsValues {
            let random = Philox(seed: UInt64(parameter.name.utf8.reduce(0) { $0 * 31 % 99_991 + Int($1) }), purpose: .initialValues)
            parameter.write((0..<parameter.count).map { parameter.isVector ? 1 : 0.4 * (Philox.unit(random.words(UInt64($0)).0) - 0.5) })
        }
        let storage = ActivationStorage(
            elementType: saving.type, spill: saving.offloads ? try Spill(folder: folder, on: device) : nil)
        device.ledger.restartPeak()
        let pass = try Pass(batch, on: device, keepsActivations: true, activations: storage, dropout: DropoutStream(seed: 1, step: 1))
        let loss = try model.lossSumAndGradients(pass, gradientScale: 1)
        #expect(pass.stack.isEmpty)
        let gradients = device.holdsValues ? model.parameters.compactMap { $0.gradient?.values() } : []
        return (loss, gradients, device.ledger)
    }

    /// The most bytes of activations at a time on SmolLM2-135M: 8 sequences of 256 tokens.
    private func counted(_ saving: Saving) throws -> Double {
        let model = Self.model(layers: 30, channels: 576, vocabulary: 49_152)
        let batch = Self.batch(sequences: 8, length: 256, vocabulary: 49_152)
        let ledger = try Self.run(model, saving, batch, on: CountingDevice(threadCount: 2), folder: "/no/such/folder").ledger
        return Double(ledger.highest(.activations).bytes)
    }

    @Test("peak of activations, counted on SmolLM2-135M: offloaded at most 0.25 of none, full 0.15, selective 0.5, every_2 0.6, in 16 bits 0.62")
    func bars() throws {
        let none = try counted(Saving())
        let bars = [
            (Saving(offloads: true), 0.25), (Saving(checkpointing: .full), 0.15), (Saving(checkpointing: .selective), 0.5),
            (Saving(checkpointing: .every(2)), 0.6), (Saving(checkpointing: .full, offloads: true), 0.08), (Saving(type: .bfloat16), 0.62),
            (Saving(type: .float16), 0.62),
        ]
        for (saving, bar) in bars {
            let share = try counted(saving) / none
            #expect(share <= bar, "\(saving.testDescription): \(share)")
        }
    }

    @Test("peaks on SmolLM2-135M are what the blocks keep, and the gradients of one block's output and of its gate and up")
    func formula() throws {
        let (layers, channels, heads, keyHeads, size, width) = (30.0, 576.0, 9.0, 3.0, 64.0, 1536.0)
        // Inputs and scales of two norms; query, key, value and output; log-sum-exp; gate and up.
        let block = 2 * channels + 2 + 2 * heads * size + 2 * keyHeads * size + heads + 2 * width
        let atWork = channels + 2 * width
        for (checkpointing, kept) in [(Checkpointing.none, layers * block), (.full, (layers - 1) * channels + block)] {
            let (wanted, found) = (4 * 2048 * (kept + atWork), try counted(Saving(checkpointing: checkpointing)))
            #expect(abs(found - wanted) <= 0.002 * wanted, "\(checkpointing): \(found), not \(wanted)")
        }
    }

    @Test("loss and every gradient are the same bits whatever is kept, and memory is as counted", arguments: Saving.all)
    func sameBits(saving: Saving) throws {
        try withTemporaryFolder { folder in
            func make(_ adapted: Bool) throws -> LanguageModel {
                let model = Self.model(layers: 8, channels: 36, vocabulary: 96)
                var options = LoRAOptions()
                (options.r, options.loraDropout) = (4, 0.1)
                if adapted { _ = try LoRA.attach(options, to: model) }
                return model
            }
            let batch = Self.batch(sequences: 3, length: 21, vocabulary: 96)
            for adapted in [false, true] {
                let wanted = try Self.run(try make(adapted), Saving(), batch, on: try CPUDevice(threadCount: 2), folder: folder)
                let found = try Self.run(try make(adapted), saving, batch, on: try CPUDevice(threadCount: 2), folder: folder)
                #expect(found.loss == wanted.loss)
                #expect(found.gradients == wanted.gradients && !wanted.gradients.isEmpty)
                #expect(try Self.run(try make(adapted), saving, batch, on: CountingDevice(threadCount: 2), folder: folder).ledger == found.ledger)
                if saving.offloads, saving.checkpointing == .none {
                    #expect(found.ledger.highest(.activations) < ByteCount(wanted.ledger.highest(.activations).bytes / 2))
                }
            }
        }
    }

    @Test(
        "kept in bfloat16 or float16, gradients are those of float32 to a hundredth or a thousandth by norm, the loss is the same, and memory is as counted",
        arguments: [(ElementType.bfloat16, 1e-2), (.float16, 1.5e-3)])
    func rounded(type: ElementType, tolerance: Double) throws {
        let batch = Self.batch(sequences: 3, length: 21, vocabulary: 96)
        func run(_ saving: Saving, on device: any Device) throws -> (loss: Double, gradients: [[Float]], ledger: MemoryLedger) {
            try Self.run(Self.model(layers: 4, channels: 36, vocabulary: 96), saving, batch, on: device, folder: "/no/such/folder")
        }
        for checkpointing in [Checkpointing.none, .selective, .full] {
            let saving = Saving(checkpointing: checkpointing, type: type)
            let wanted = try run(Saving(), on: try CPUDevice(threadCount: 2))
            let found = try run(saving, on: try CPUDevice(threadCount: 2))
            #expect(found.loss == wanted.loss && found.gradients != wanted.gradients)
            for (a, b) in zip(wanted.gradients, found.gradients) {
                let apart = zip(a, b).reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }.squareRoot()
                #expect(apart < tolerance * a.reduce(0.0) { $0 + Double($1 * $1) }.squareRoot())
            }
            #expect(try run(saving, on: CountingDevice(threadCount: 2)).ledger == found.ledger)
        }
    }

    @Test("a spill folder that fills up in a step is an error that names it", .enabled(if: SmallDisk.isAvailable, "needs a small tmpfs"))
    func fullDisk() throws {
        try SmallDisk.with { folder in
            let model = Self.model(layers: 8, channels: 72, vocabulary: 96)
            let batch = Self.batch(sequences: 8, length: 128, vocabulary: 96)
            let error = #expect(throws: TrainerError.self) {
                try Self.run(model, Saving(offloads: true), batch, on: try CPUDevice(threadCount: 2), folder: folder)
            }
            #expect(error?.code == .file && error?.subject == folder)
        }
    }
}
