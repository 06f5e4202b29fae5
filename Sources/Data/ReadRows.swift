public import Support

/// A data set that was read: its rows, and what is known of them.
public struct ReadRows: Sendable {
    public let rows: TokenizedRows
    public let report: DataReport
    public let kind: RowKind
    /// Whether the rows are chats in the model's template.
    public let isChat: Bool
    /// The files, in the order of the rows.
    public let paths: [String]
    private let sequenceLength: Int

    /// - Precondition: There is a part.
    init(_ parts: [TokenPart], paths: [String], sequenceLength: Int) {
        rows = TokenizedRows(parts: parts)
        report = parts.reduce(into: DataReport()) { $0.append($1.about.report) }
        kind = parts[0].about.kind
        isChat = parts[0].about.isChat
        self.paths = paths
        self.sequenceLength = sequenceLength
    }

    /// Refuses data that can't be trained on as it is.
    ///
    /// - Throws: `format`, as `DataReport` does.
    public func check() throws(TrainerError) { try report.check(paths, sequenceLength: sequenceLength) }

    /// The audit as rows of name and value.
    public var table: [(name: String, value: String)] { [("rows of", kind.name)] + report.table(paths) }

    /// What looks wrong but may be meant, a line each.
    public var warnings: [String] { report.warnings(paths) }
}
