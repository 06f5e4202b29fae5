/// A row as token ids, and which of them are trained.
public struct TokenizedRow: Sendable, Equatable {
    public let tokens: [Int32]
    /// Whether each token is a target of the loss, unshifted; false for the row's first token, which nothing predicts.
    public let trained: [Bool]
    /// The record that the row came from, from 1: in one file of JSON lines its line.
    public let line: Int

    /// - Precondition: As many flags as tokens, and at least one. The flag of the first token is cleared.
    public init(tokens: [Int32], trained: [Bool], line: Int) {
        precondition(tokens.count == trained.count && !tokens.isEmpty, "TokenizedRow.init: \(trained.count) flags for \(tokens.count) tokens")
        var trained = trained
        trained[0] = false
        self.tokens = tokens
        self.trained = trained
        self.line = line
    }
}
