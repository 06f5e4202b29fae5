public import Support

/// How texts are continued.
public struct GenerationOptions: Equatable, Sendable {
    public var maxNewTokens = 128
    /// What logits are divided by before sampling; 0 takes the most likely token each time.
    public var temperature = 0.0
    /// Only this many of the most likely tokens are drawn from; nil for no limit.
    public var topK: Int?
    /// Only the most likely tokens that together have this probability are drawn from (Holtzman et al. 2019, arXiv:1904.09751).
    public var topP = 1.0
    /// Decides every draw, together with the row and the place in it.
    public var seed: UInt64 = 0
    /// Texts that end a generation when the model writes them; they are left out of the result.
    public var stopStrings: [String] = []
    /// Tokens that end a generation beside those that end one anyway.
    public var stopTokens: Set<Int32> = []
    /// The most tokens, prompts and what is generated, of sequences that are continued together: it bounds the memory of keys and values.
    public var batchTokens = 8192

    public init() {}

    /// - Throws: `configuration` naming the first option that is out of its range.
    public func check() throws(TrainerError) {
        func refuse(_ name: String, _ found: String, _ wanted: String) -> TrainerError {
            TrainerError(.configuration, name, "found \(found), wants \(wanted)")
        }
        if maxNewTokens < 1 { throw refuse("max-new-tokens", "\(maxNewTokens)", "a whole number from 1") }
        if !(temperature >= 0 && temperature.isFinite) { throw refuse("temperature", "\(temperature)", "a number from 0") }
        if let topK, topK < 1 { throw refuse("top-k", "\(topK)", "a whole number from 1") }
        if !(topP > 0 && topP <= 1) { throw refuse("top-p", "\(topP)", "a number above 0, at most 1") }
        if stopStrings.contains("") { throw refuse("stop", "an empty text", "a text") }
    }
}
