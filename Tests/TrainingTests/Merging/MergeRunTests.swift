import Adapters
import Evaluation
import Formats
import Foundation
import Models
import Support
import Tensors
import TestSupport
import Testing

@testable import Training

/// Merging against what PEFT and bitsandbytes computed on the fixtures.
@Suite struct MergeRunTests {
    private static func logits(_ path: String, _ batch: PackedBatch, on device: any Device) throws -> [Float] {
        let model = try LoadedModel.load(path, on: device).model
        return try model.logits(Pass(batch, on: device, keepsActivations: false)).values()
    }

    private static func values(_ folder: String, _ name: String) throws -> [Float] {
        let entry = try SafeTensorsFolder(path: folder).entry(name)
        return (0..<entry.elementCount).map { entry.bytes.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self) }
    }

    @Test(
        "pain 26: the merged model has the logits of PEFT's base and adapter to 1e-4, a head trained whole and the scale by the root of r among them",
        arguments: [("tied", "adapter", "lora"), ("tied", "adapter_rslora", "rslora"), ("untied", "adapter", "lora")])
    func logits(name: String, adapter: String, figures: String) throws {
        let reference = try ReferenceCase(name, figures)
        let batch = try ReferenceCase(name, "lora").batch()
        try withTemporaryFolder { folder in
            let merge = try SmallMerge(in: folder, name, adapter: adapter)
            let report = try merge.run()
            #expect(merge.left == ["merged"])
            #expect(report.type == .float32 && report.comparison.positions > 100 && report.comparison.greedyAgreement == 1)
            #expect(report.comparison.largestDifference < 1e-4 && report.change > 0.01)
            #expect(report.notes.count == 1 && report.notes[0].contains("can't be told"))
            expectClose(try Self.logits(merge.output, batch, on: merge.device), try reference.floats("logits"), absolute: 1e-4, name)
            let tie = try HuggingFaceConfiguration.read(folder: merge.output).isHeadTied
            #expect(tie == (name == "tied"))
            #expect(try SafeTensorsFolder(path: merge.output).contains("lm_head.weight") == !tie)
        }
    }

    @Test("pain 26: a merge of the wrong scale, of one weight or with numbers that are not finite is refused, and nothing is left")
    func wrongScale() throws {
        func refusal(_ type: ElementType = .float32, _ alter: @escaping (SmallMerge, String) throws -> Void) throws -> TrainerError? {
            try withTemporaryFolder { folder in
                let merge = try SmallMerge(in: folder, "tied")
                let error = #expect(throws: TrainerError.self) { try merge.run({ $0.type = type }, altering: { try alter(merge, $0) }) }
                #expect(merge.left.isEmpty)
                return error
            }
        }
        let scaled = try refusal { merge, folder in
            // W + 1.1 · scale · B·A
            try SmallMerge.change(in: folder) { name, values in
                guard let base = try? Self.values(merge.base, name) else { return values }
                return zip(values, base).map { $0 + 0.1 * ($0 - $1) }
            }
        }
        #expect(scaled?.code == .numerics && scaled?.problem.contains("more than 1.0e-03") == true, "\(String(describing: scaled))")
        let unmerged = try refusal { merge, folder in
            try FileManager.default.removeItem(atPath: "\(folder)/model.safetensors")
            try FileManager.default.copyItem(atPath: "\(merge.base)/model.safetensors", toPath: "\(folder)/model.safetensors")
        }
        #expect(unmerged?.code == .numerics)
        let one = try refusal { _, folder in try SmallMerge.scale("model.layers.1.mlp.up_proj.weight", by: 1.01, in: folder) }
        #expect(one?.code == .numerics)
        let notFinite = try refusal { _, folder in try SmallMerge.scale("model.norm.weight", by: .nan, in: folder) }
        #expect(notFinite?.code == .numerics && notFinite?.problem.contains("inf") == true, "\(String(describing: notFinite))")
    }

    @Test("weights in half precision are rounded once, and what is allowed says so", arguments: [ElementType.bfloat16, .float16])
    func precision(type: ElementType) throws {
        try withTemporaryFolder { folder in
            let merge = try SmallMerge(in: folder, "tied")
            _ = try merge.run { $0.output = "\(folder)/whole" }
            let report = try merge.run { $0.type = type }
            #expect(report.tolerance == MergeTolerance(type) && report.comparison.largestDifference > MergeTolerance(.float32).largestDifference)
            let (rounded, whole) = (try SafeTensorsFolder(path: merge.output), try SafeTensorsFolder(path: "\(folder)/whole"))
            for name in whole.names {
                let entry = try rounded.entry(name)
                let values = try Self.values("\(folder)/whole", name)
                #expect(entry.elementType == type)
                for (index, value) in values.enumerated() {
                    let bits = entry.bytes.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)
                    let found = type == .bfloat16 ? Float(bitPattern: UInt32(bits) << 16) : Float(Float16(bitPattern: bits))
                    guard abs(found - value) > abs(value) * (type == .bfloat16 ? 0x1p-8 : 0x1p-11) + 0x1p-25 else { continue }
                    Issue.record("\(name)[\(index)] is \(found), wanted \(value)")
                    return
                }
            }
            #expect(try HuggingFaceConfiguration.read(folder: merge.output).storedType == type.rawValue)
        }
    }

    @Test("pain 26: merged onto NF4 it is bitsandbytes' decoded weights and scale · B·A, and like base and adapter in NF4")
    func onNF4() throws {
        let reference = try ReferenceCase("tied", "qlora")
        try withTemporaryFolder { folder in
            let merge = try SmallMerge(in: folder, "tied")
            let report = try merge.run { $0.onto = .nf4 }
            #expect(report.comparison.largestDifference < 1e-4)
            expectClose(try Self.logits(merge.output, try reference.batch(), on: merge.device), try reference.floats("logits"), absolute: 1e-4, "nf4")
            let original = try merge.run { $0.output = "\(folder)/original" }
            #expect(original.comparison.largestDifference < 1e-4)
            let name = "model.layers.1.mlp.down_proj.weight"
            let (nf4, whole) = (try Self.values(merge.output, name), try Self.values("\(folder)/original", name))
            let (decoded, base) = (try reference.floats("dequantised.\(name)"), try Self.values(merge.base, name))
            expectClose(zip(nf4, whole).map { $0 - $1 }, zip(decoded, base).map { $0 - $1 }, absolute: 1e-6, "what NF4 changes")
        }
    }

    @Test("pain 27: a trained head on a tied base unties it, the configuration says so, and base and merged model agree")
    func untying() throws {
        try withTemporaryFolder { folder in
            let merge = try SmallMerge(in: folder, "tied") {
                $0 = $0.replacing("\"modules_to_save\": null", with: "\"modules_to_save\": [\"lm_head\"]")
            }
            let path = "\(merge.adapter)/adapter_model.safetensors"
            let file = try SafeTensorsFile(path: path)
            let head = try Self.values(merge.base, "model.embed_tokens.weight").enumerated().map { $1 + ($0 % 7 == 0 ? 0.125 : 0) }
            var tensors = try file.names.map { TensorToWrite(try file.entry($0)) }
            tensors.append(TensorToWrite("base_model.model.lm_head.weight", [256, 64], floats: head))
            try SafeTensorsWriter(tensors).write(to: path)
            let report = try merge.run()
            #expect(report.isUntied && report.comparison.largestDifference < 1e-4)
            #expect(try !HuggingFaceConfiguration.read(folder: merge.output).isHeadTied)
            #expect(try Self.values(merge.output, "lm_head.weight") == head)
            #expect(try Self.values(merge.output, "model.embed_tokens.weight") == Self.values(merge.base, "model.embed_tokens.weight"))
        }
    }

    @Test("an output that exists, a base that is not there and prompts that are none are refused")
    func refusals() throws {
        try withTemporaryFolder { folder in
            let merge = try SmallMerge(in: folder, "tied")
            let base = #expect(throws: TrainerError.self) { try merge.run { $0.base = nil } }
            #expect(base?.code == .file && base?.subject == "tied" && base?.remedy == "Name it with --base")
            try "\n".write(toFile: "\(folder)/prompts", atomically: true, encoding: .utf8)
            let prompts = #expect(throws: TrainerError.self) { try merge.run { $0.prompts = "\(folder)/prompts" } }
            #expect(prompts?.problem == "holds no prompt")
            #expect(merge.left.isEmpty)
            try FileManager.default.createDirectory(atPath: merge.output, withIntermediateDirectories: true)
            let there = #expect(throws: TrainerError.self) { try merge.run() }
            #expect(there?.code == .file && there?.problem == "exists already")
        }
    }

    @Test("an adapter that is lost in rounding is refused in half precision")
    func lost() throws {
        let tolerance = MergeTolerance(.bfloat16)
        var comparison = LogitComparison()
        comparison.add(wanted: [1, 2, 3], found: [1.01, 2, 2.99], vocabulary: 3)
        #expect(tolerance.problem(comparison, change: 0.1) == nil)
        #expect(tolerance.problem(comparison, change: 0.01)?.contains("82 % of what the adapter changes") == true)
        #expect(tolerance.problem(comparison, change: 0) == nil)
    }
}
