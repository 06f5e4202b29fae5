public import Data
import Planning
public import Support
import Tensors

/// The rows of a run as tokens, the same on every rank.
public struct PreparedData: Sendable {
    public var training: TokenizedRows
    /// nil if nothing is held out.
    public var validation: TokenizedRows?
    /// The files that are trained on, as they were read: their audit counts the rows of a held-out share, too.
    public var read: RowReading.Found
    /// What the user should know of the rows and of the cache, a line each.
    public var warnings: [String]

    /// Reads the files that a configuration names, and refuses those that can't be trained on.
    ///
    /// - Parameter say: Shows the audit of data that is refused.
    /// - Throws: `configuration`, `file`, or `format` for rows that can't be read or trained on; on every rank alike.
    public static func load(_ reading: RowReading, seed: UInt64, say: (String) -> Void) throws(TrainerError) -> PreparedData {
        let options = reading.options
        let read = try reading.rows(options.train, limit: options.maxRows)
        try check(read, reading.group, say)
        switch options.validation {
        case nil: return PreparedData(training: read.rows, validation: nil, read: read, warnings: read.warnings)
        case .files(let paths):
            let heldOut = try reading.rows(paths, limit: options.maxValidationRows)
            try check(heldOut, reading.group, say)
            let warnings = read.warnings + heldOut.warnings.map { "of the held-out rows: \($0)" }
            return PreparedData(training: read.rows, validation: heldOut.rows, read: read, warnings: warnings)
        case .fraction(let fraction):
            let (training, validation) = try read.rows.split(validation: fraction, seed: seed)
            return PreparedData(training: training, validation: validation, read: read, warnings: read.warnings)
        }
    }

    private static func check(_ read: RowReading.Found, _ group: any ProcessGroup, _ say: (String) -> Void) throws(TrainerError) {
        try group.agree("checking the rows") { () throws(TrainerError) in
            do throws(TrainerError) { try read.data.check() } catch {
                say(read.text)
                throw error
            }
        }
    }
}
