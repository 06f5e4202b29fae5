import Adapters
import Data
import Formats
import Planning
import Support
import Tensors
import Tokenizers

/// The token sequences that a merged model is compared on, and where they come from.
struct MergePrompts {
    var sequences: [[Int32]]
    var source: String
    /// Why the rows that were held out in training are not used; nil if they are, or others were asked for.
    var note: String?

    /// At most this many tokens of each, and together.
    private static let longest = 128
    private static let tokenLimit = 512
    /// Logits held of one model: 64 M floats.
    private static let logitLimit = 1 << 26
    /// A share of the training rows is held out by reading them all, so only of files up to this size.
    private static let largestFile = 64 << 20

    /// Those of a file, the rows that the adapter's run held out, or a few texts.
    ///
    /// - Throws: `file`, `format` for a file that can't be read or gives no token.
    static func make(
        path: String?, _ adapter: AdapterFiles, _ files: ModelFiles, _ tokenizer: Tokenizer, on pool: ThreadPool
    ) throws(TrainerError) -> MergePrompts {
        let limit = min(tokenLimit, max(longest, logitLimit / files.configuration.vocabularySize))
        if let path {
            let lines = String(decoding: try FileSystem().contents(of: path), as: UTF8.self).split(whereSeparator: \.isNewline).map(String.init)
            let sequences = cut(try encode(lines, tokenizer), limit)
            guard !sequences.isEmpty else { throw TrainerError(.format, path, "holds no prompt", remedy: "Write one on each line") }
            return MergePrompts(sequences: sequences, source: path)
        }
        var note: String?
        if let training = adapter.provenance?.training {
            do throws(TrainerError) {
                if let rows = try heldOut(training, adapter.path, files, tokenizer, on: pool) {
                    let sequences = cut(try Self.tokens(rows), limit)
                    return MergePrompts(sequences: sequences, source: "held-out rows of the adapter's run")
                }
            } catch {
                note = "the run's held-out rows can't be used: \(error.subject): \(error.problem)"
            }
        }
        return MergePrompts(sequences: cut(try encode(texts, tokenizer), limit), source: "built-in texts", note: note)
    }

    /// The rows that a run held out; nil if it held out none, or a share of much.
    ///
    /// Only files that have the size they had are read, so that a record from elsewhere names nothing else.
    private static func heldOut(
        _ training: Provenance.Training, _ adapter: String, _ files: ModelFiles, _ tokenizer: Tokenizer, on pool: ThreadPool
    ) throws(TrainerError) -> TokenizedRows? {
        let configuration = try RunConfiguration.load(yaml: training.configuration, file: Provenance.fileName).configuration
        var data = configuration.data
        data.overlength = .truncate
        data.cache = .memory
        let template = "\(adapter)/\(ModelFolder.templateName)"
        if FileSystem().size(of: template) != nil { data.chatTemplate = template }
        func paths(_ files: [Provenance.File]) throws(TrainerError) -> DataPaths {
            for file in files where FileSystem().size(of: file.path) != file.bytes {
                throw TrainerError(.file, file.path, "is not there as it was")
            }
            return DataPaths(files.map(\.path))
        }
        let reading = RowReading(data, files, tokenizer, group: SoloGroup(), pool: pool)
        switch data.validation {
        case nil: return nil
        case .files: return try reading.rows(paths(training.validationFiles), limit: 64).rows
        case .fraction(let fraction):
            guard training.trainingFiles.reduce(0, { $0 + min($1.bytes, largestFile) }) < largestFile else { return nil }
            let rows = try reading.rows(paths(training.trainingFiles), limit: data.maxRows).rows
            return try rows.split(validation: fraction, seed: UInt64(clamping: configuration.training.seed)).validation
        }
    }

    private static func tokens(_ rows: TokenizedRows) throws(TrainerError) -> [[Int32]] {
        var all: [[Int32]] = []
        for row in 0..<min(rows.count, 64) { all.append(Array(try rows.row(row).tokens)) }
        return all
    }

    private static func encode(_ texts: [String], _ tokenizer: Tokenizer) throws(TrainerError) -> [[Int32]] {
        var all: [[Int32]] = []
        for text in texts.prefix(256) { all.append(try tokenizer.encode(text, addingSpecialTokens: true).ids) }
        return all
    }

    /// The first tokens of each sequence, until the limit is reached.
    private static func cut(_ sequences: [[Int32]], _ limit: Int) -> [[Int32]] {
        var left = limit
        var all: [[Int32]] = []
        for sequence in sequences where left > 0 && !sequence.isEmpty {
            all.append(Array(sequence.prefix(min(longest, left))))
            left -= all[all.count - 1].count
        }
        return all
    }

    private static let texts = [
        "The ferry leaves the harbour at seven in the morning and reaches the island before noon, unless the wind turns.",
        "To make the bread, mix the flour with water and a little salt, let it rest for an hour, and bake it until the crust is brown.",
        "func area(width: Double, height: Double) -> Double { return width * height }",
        "{\"name\": \"Ada\", \"born\": 1815, \"fields\": [\"mathematics\", \"computing\"]}",
        "Question: A train travels 120 kilometres in 90 minutes. What is its average speed? Answer: 80 kilometres an hour.",
        "Der Zug nach München fährt heute von Gleis 12 ab. Le musée est fermé le mardi. El agua hierve a cien grados.",
        "Dear team, thank you for the quick reply. The parcel arrived today, but one of the two lamps was broken.",
        "1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144",
    ]
}
