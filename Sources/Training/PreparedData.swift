public import Data
import Planning
public import Support
public import Tensors
public import Tokenizers

/// The rows of a run as tokens, the same on every rank.
public struct PreparedData: Sendable {
    public var training: TokenizedRows
    public var trainingReport: DataReport
    /// nil if nothing is held out.
    public var validation: TokenizedRows?

    /// Reads and tokenises the files, each rank its share of the lines, and gathers the rows on every rank.
    ///
    /// - Throws: `configuration`, `file`, or `format` with file and line for a row that can't be trained on; on every rank alike.
    public static func load(
        _ options: DataOptions, _ tokenizer: Tokenizer, seed: UInt64, group: any ProcessGroup
    ) throws(TrainerError) -> PreparedData {
        let read = try rows(options.train, options, limit: options.maxRows, tokenizer, group)
        switch options.validation {
        case nil: return PreparedData(training: read.rows, trainingReport: read.report, validation: nil)
        case .path(let path):
            let heldOut = try rows(path, options, limit: options.maxValidationRows, tokenizer, group)
            return PreparedData(training: read.rows, trainingReport: read.report, validation: heldOut.rows)
        case .fraction(let fraction):
            let (training, validation) = try read.rows.split(validation: fraction, seed: seed)
            return PreparedData(training: training, trainingReport: read.report, validation: validation)
        }
    }

    /// All rows of one file.
    public static func rows(
        _ path: String, _ options: DataOptions, limit: Int?, _ tokenizer: Tokenizer, _ group: any ProcessGroup
    ) throws(TrainerError) -> RowTokenizer.Part {
        let name = "reading \(path)"
        let (reader, own) = try group.agree(name) { () throws(TrainerError) in
            let rowOptions = RowOptions(trainOn: options.trainOn, sequenceLength: options.sequenceLength, overLength: options.overlength)
            let reader = try RowTokenizer(file: LineFile(path: path), encoding: tokenizer, options: rowOptions)
            let lines = reader.file.share(group.index, of: group.size).clamped(to: 0..<(limit ?? .max))
            return (reader, try reader.tokenize(lines: lines))
        }
        let words = own.encoded
        let all = try group.gather(words.withUnsafeBytes { Array($0) }, name: name)
        return try group.agree(name) { () throws(TrainerError) in
            var parts: [RowTokenizer.Part] = []
            for bytes in all { parts.append(try RowTokenizer.Part(encoded: bytes.withUnsafeBytes { Array($0.bindMemory(to: Int32.self)) })) }
            return try reader.merge(parts)
        }
    }
}
