import Adapters
import Crypto
import Data
import Foundation
import Formats
import Models
import Support
import Tensors
import Training

/// What trainer itself writes, and others may have damaged: adapters, checkpoints, cached tokens, records.
extension FuzzReader {
    private static let smallModel = DecoderOptions(
        channels: 8, layerCount: 1, heads: AttentionHeads(queryHeads: 2, keyHeads: 1, headSize: 4, scale: 0.5), feedForwardWidth: 8, vocabulary: 8,
        normEpsilon: 1e-5, rotary: RotaryOptions(base: 10000, scaling: .none), isTied: true, maximumPositions: 16, endTokens: [])

    static func adapter() throws -> FuzzReader {
        let words = [
            "\"LORA\"", "\"r\"", "\"lora_alpha\"", "\"target_modules\"", "\"modules_to_save\"", "\"all-linear\"", "\"lm_head\"", "\"q_proj\"",
            "\"embed_tokens\"",
        ]
        let seed = try made { folder in
            let model = LanguageModel.build(smallModel, Llama.self)
            for parameter in model.parameters { parameter.setTrainable(false) }
            var options = LoRAOptions()
            options.r = 2
            options.targetModules = .names(["q_proj", "down_proj"])
            let lora = try LoRA.attach(options, to: model)
            try model.allocate(on: CPUDevice(threadCount: 1), gradients: false, longestSequence: 16)
            for unit in model.units { lora.initialise(unit, seed: 1) }
            try lora.write(to: folder, baseModel: "small")
            try record.write(folder: folder)
        }
        return FuzzReader("adapter", seeds: [seed], words: words) { (folder) throws(TrainerError) in
            let files = try AdapterFiles.open(folder)
            let model = LanguageModel.build(files.options.untying(smallModel, Llama.self), Llama.self)
            for parameter in model.parameters { parameter.setTrainable(false) }
            _ = try LoRA.attach(files, to: model)
        }
    }

    static func checkpoint() throws -> FuzzReader {
        let seed = try made { folder in
            let store = CheckpointStore(folder: folder, keepLast: 2, keepBest: true)
            for step in 1...2 {
                let files = [
                    CheckpointFile(name: "state.json", bytes: Array("{\"step\": \(step)}".utf8)), CheckpointFile(name: "values", bytes: [1, 2, 3]),
                ]
                try store.save(step: step, score: 1 / Double(step), files: files, metadata: ["seed": "1"])
            }
        }
        let words = [
            "\"serial\"", "\"score\"", "\"files\"", "\"byteCount\"", "\"../step-00000001/values\"", "\"format\"", "\"inf\"", "\"nan\"",
            "\"/dev/zero\"",
        ]
        return FuzzReader("checkpoint", seeds: [seed], words: words, repair: markers) { (folder) throws(TrainerError) in
            let store = CheckpointStore(folder: folder, keepLast: 1, keepBest: true)
            let newest = try store.newestVerified()
            _ = try store.bestVerified()
            guard let checkpoint = newest.checkpoint else {
                throw TrainerError(.file, "checkpoints", newest.passedOver.map { "\($0.name): \($0.reason)" }.joined(separator: "; "))
            }
            _ = checkpoint.manifest.byteCount
        }
    }

    /// What two ranks of a tensor group have saved of a matrix of 4 rows and 6 columns, and of a vector.
    static func checkpointState() throws -> FuzzReader {
        let names = (1...2).map { "state-0000\($0)-of-00002.safetensors" }
        let seed = try made { folder in
            for (rank, name) in names.enumerated() {
                let matrix = (0..<12).map { Float($0 / 3 * 6 + rank * 3 + $0 % 3) }
                let vector = (0..<4).map { Float(rank * 4 + $0) }
                let pieces = ["value", "exp_avg"].flatMap { kind in
                    [
                        TensorToWrite("\(kind)/layer.weight/\(rank * 3)/6", [4, 3], floats: matrix),
                        TensorToWrite("\(kind)/norm.weight/\(rank * 4)", [4], floats: vector),
                    ]
                }
                try SafeTensorsWriter(pieces).write(to: "\(folder)/\(name)")
            }
        }
        let words = [
            "\"value/layer.weight/0/6\"", "\"value/layer.weight/3/4611686018427387904\"", "\"value/layer.weight/0\"", "\"exp_avg/norm.weight/4\"",
            "\"value/norm.weight/281474976710655\"", "\"value//0\"", "\"shape\"", "\"data_offsets\"", "\"F16\"", "\"I64\"", "[1,12]", "[12,1]",
            "[0,3]", "[2,2,3]",
        ]
        return FuzzReader("checkpoint-state", seeds: [seed], words: words, repair: headerLength) { (folder) throws(TrainerError) in
            let state = try StoredState(folder: folder, names: names)
            try state.check(holdsValuesOf: ["layer.weight": 24, "norm.weight": 8])
            var sum: UInt8 = 0
            for kind in ["value", "exp_avg"] {
                for (owner, range) in [("layer.weight", 0..<24), ("layer.weight", 5..<20), ("norm.weight", 0..<8), ("norm.weight", 3..<5)] {
                    try state.read(kind, owner, range, as: .float32) { (bytes, place) throws(TrainerError) in
                        for byte in bytes { sum ^= byte }
                        guard bytes.count % 4 == 0, range.contains(place), place + bytes.count / 4 <= range.upperBound else {
                            throw TrainerError(.format, owner, "is read\nbeyond \(range)")
                        }
                    }
                }
            }
            sink = sum
        }
    }

    /// Gives each manifest the marker that belongs to it.
    private static func markers(_ damaged: FuzzCase, _ seed: FuzzCase) -> FuzzCase {
        var input = damaged
        for (index, file) in damaged.files.enumerated() where file.name.hasSuffix("/complete") {
            guard let manifest = damaged.bytes(file.name.dropLast("complete".count) + "manifest.json") else { continue }
            input.files[index].bytes = Array((SHA256.hash(data: manifest).map { String(format: "%02x", $0) }.joined() + "\n").utf8)
        }
        return input
    }

    static func tokenCache() throws -> FuzzReader {
        let name = TokenPartName(key: String(repeating: "0123456789abcdef", count: 4), index: 0, count: 1)
        let recipe = RowRecipe(encoding: ByteEncoding(endToken: 0), options: RowOptions(sequenceLength: 64))
        let file = "tokens/\(name.key)/part-00000-of-00001"
        var seeds: [FuzzCase] = []
        for rows in try corpus("rows") where rows.files[0].name.hasPrefix("pairs") {
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent("trainer-fuzz-\(UUID().uuidString)").path
            defer { try? FileManager.default.removeItem(atPath: folder) }
            try rows.write(to: folder)
            let words = try RowTokenizer(files: DataFiles(["\(folder)/*"]), recipe: recipe).words(of: name)
            seeds.append(FuzzCase(file, words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }))
        }
        return FuzzReader("token-cache", seeds: seeds, repair: checksum) { (folder) throws(TrainerError) in
            let cache = TokenCache(folder: folder)
            let contents = try cache.contents(of: name.key)
            guard let rows = cache.rows(contents, paths: ["rows.jsonl"], recipe: recipe) else {
                throw contents.damages.first ?? TrainerError(.file, folder, "holds no part")
            }
            _ = (rows.table, rows.warnings)
            for row in 0..<rows.rows.count { _ = try rows.rows.row(row) }
        }
    }

    /// Gives a part of cached tokens the checksum that fits its columns, report and footer.
    private static func checksum(_ damaged: FuzzCase, _ seed: FuzzCase) -> FuzzCase {
        let bytes = damaged.files[0].bytes
        var words = (0..<(bytes.count / 4)).map { word in (0..<4).reduce(0 as UInt32) { $0 | UInt32(bytes[4 * word + $1]) << UInt32(8 * $1) } }
        let footer = words.count - 19
        guard footer >= 0 else { return damaged }
        let (rows, start) = (Int(words[footer + 13]), Int(words[footer + 14]))
        let edges = (0...4).map { start + $0 * rows } + [footer]
        guard edges[4] <= footer else { return damaged }
        var check = Checksum()
        for (from, to) in zip(edges + [footer], edges.dropFirst() + [footer + 17]) {
            for word in stride(from: from, to: to, by: 2) { check.add(UInt64(words[word]) | (word + 1 < to ? UInt64(words[word + 1]) << 32 : 0)) }
        }
        words[footer + 17] = UInt32(truncatingIfNeeded: check.value)
        words[footer + 18] = UInt32(truncatingIfNeeded: check.value >> 32)
        return FuzzCase(damaged.files[0].name, words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } })
    }

    private static let record = Provenance(
        madeBy: "trainer", kind: .adapter,
        base: Provenance.Base(
            path: "small", modelType: "llama", quantization: "nf4", files: [Provenance.File(path: "model.safetensors", bytes: 8, sha256: nil)],
            tensors: [Provenance.Tensor(name: "model.norm.weight", shape: [8], fileType: "F32", trainedAs: "F32", fingerprint: "0123456789abcdef")]),
        merge: Provenance.Merge(
            onto: "nf4", dtype: "float32", positions: 8, largestDifference: 1e-6, meanDivergence: 1e-9, greedyAgreement: 1))

    static func provenance() throws -> FuzzReader {
        let seed = try made { try record.write(folder: $0) }
        return FuzzReader("provenance", seeds: [seed], words: ["\"format_version\"", "\"shape\"", "\"adapter\"", "\"bytes\"", "null"]) {
            (folder) throws(TrainerError) in
            _ = try Provenance.read(folder: folder)
        }
    }
}
