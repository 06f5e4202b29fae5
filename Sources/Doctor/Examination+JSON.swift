import Foundation
import MessagePassing
import Support

extension Examination {
    /// Every rank's facts, on every rank.
    static func gather(_ facts: RankFacts, _ world: Communicator) throws(TrainerError) -> [RankFacts] {
        guard let own = try? JSONEncoder().encode(facts) else {
            throw TrainerError(.communication, "rank \(facts.rank)", "its findings can't be sent")
        }
        var all: [RankFacts] = []
        for bytes in try world.gather([UInt8](own)) {
            guard let facts = try? JSONDecoder().decode(RankFacts.self, from: Data(bytes)) else {
                throw TrainerError(
                    .communication, "rank \(all.count)", "what it found can't be read", remedy: "Start the same program on every node")
            }
            all.append(facts)
        }
        return all
    }

    /// The examination as JSON, keys sorted.
    public var json: String {
        struct Document: Encodable {
            var isSound: Bool
            var findings: [Finding]
            var ranks: [RankFacts]
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        let data = try? encoder.encode(Document(isSound: isSound, findings: findings, ranks: ranks))
        return data.map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
}
