/// What a measurement on held-out rows found: a line of `metrics.jsonl`.
public struct EvaluationRecord: Equatable, Sendable, Decodable {
    /// The steps trained before it; 0 is before the run.
    public var step: Int
    /// Which rows: `heldout`.
    public var name: String
    /// Mean over the trained tokens of the rows.
    public var loss: Double
    /// Tokens that the loss counts.
    public var trainedTokens: Int
    public var seconds: Double
    /// Scores of generated text by name: `field_match`.
    public var scores: [String: Double]
    /// What the model made of some of the rows.
    public var samples: [Sample]
    /// When it ended, in Unix seconds.
    public var time: Double

    enum CodingKeys: String, CodingKey {
        case step
        case name = "evaluation"
        case loss
        case trainedTokens = "trained_tokens"
        case seconds, scores, samples, time
    }

    /// A row with what the model made of it.
    public struct Sample: Equatable, Sendable, Codable {
        public var prompt: String
        public var wanted: String
        public var generated: String

        enum CodingKeys: String, CodingKey {
            case prompt, wanted, generated
        }

        public init(prompt: String, wanted: String, generated: String) {
            self.prompt = prompt
            self.wanted = wanted
            self.generated = generated
        }
    }

    public init(
        step: Int, name: String = "heldout", loss: Double, trainedTokens: Int, seconds: Double, scores: [String: Double] = [:],
        samples: [Sample] = [], time: Double = 0
    ) {
        self.step = step
        self.name = name
        self.loss = loss
        self.trainedTokens = trainedTokens
        self.seconds = seconds
        self.scores = scores
        self.samples = samples
        self.time = time
    }
}
