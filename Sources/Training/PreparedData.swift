public import Data
public import Formats
import Planning
public import Support
public import Tensors
public import Tokenizers

/// The rows of a run as tokens, the same on every rank.
public struct PreparedData: Sendable {
    public var training: TokenizedRows
    public var trainingReport: DataReport
    /// Whether the rows are chats in the model's template.
    public var isChat: Bool
    /// nil if nothing is held out.
    public var validation: TokenizedRows?

    /// Reads and tokenises the files, each rank its share of the records, and gathers the rows on every rank.
    ///
    /// - Throws: `configuration`, `file`, or `format` with file and line for a row that can't be trained on; on every rank alike.
    public static func load(
        _ options: DataOptions, _ model: ModelFiles, _ tokenizer: Tokenizer, seed: UInt64, group: any ProcessGroup
    ) throws(TrainerError) -> PreparedData {
        let read = try rows(options.train, options, limit: options.maxRows, model, tokenizer, group)
        switch options.validation {
        case nil: return PreparedData(training: read.part.rows, trainingReport: read.part.report, isChat: read.isChat, validation: nil)
        case .files(let paths):
            let heldOut = try rows(paths, options, limit: options.maxValidationRows, model, tokenizer, group)
            return PreparedData(training: read.part.rows, trainingReport: read.part.report, isChat: read.isChat, validation: heldOut.part.rows)
        case .fraction(let fraction):
            let (training, validation) = try read.part.rows.split(validation: fraction, seed: seed)
            return PreparedData(training: training, trainingReport: read.part.report, isChat: read.isChat, validation: validation)
        }
    }

    /// All rows of some files, and whether they are chats.
    public static func rows(
        _ paths: DataPaths, _ options: DataOptions, limit: Int?, _ model: ModelFiles, _ tokenizer: Tokenizer, _ group: any ProcessGroup
    ) throws(TrainerError) -> (part: RowTokenizer.Part, isChat: Bool) {
        let name = "reading \(paths.patterns.joined(separator: ", "))"
        let (reader, own) = try group.agree(name) { () throws(TrainerError) in
            let reader = try RowTokenizer(paths, options, model, tokenizer)
            let records = reader.files.share(group.index, of: group.size).clamped(to: 0..<(limit ?? .max))
            return (reader, try reader.tokenize(records: records))
        }
        let words = own.encoded
        let all = try group.gather(words.withUnsafeBytes { Array($0) }, name: name)
        return try group.agree(name) { () throws(TrainerError) in
            var parts: [RowTokenizer.Part] = []
            for bytes in all { parts.append(try RowTokenizer.Part(encoded: bytes.withUnsafeBytes { Array($0.bindMemory(to: Int32.self)) })) }
            return (try reader.merge(parts), reader.isChat)
        }
    }
}
