import Data
import Foundation
import Support
import Tensors
import Testing

@testable import Evaluation

@Suite struct HeldOutLossTests {
    /// Rows of different lengths, one of them without a target.
    private static func rows(_ count: Int) throws -> TokenizedRows {
        let rows = (0..<count).map { row in
            let tokens = SmallModel.tokens(2 + row * 7 % 31, stream: UInt64(row))
            return TokenizedRow(tokens: tokens, trained: tokens.indices.map { row != 3 && $0 % (1 + row % 3) == 0 }, line: row + 1)
        }
        return try TokenizedRows(rows)
    }

    /// The same sum from the logits of each row alone, in double.
    private static func wanted(_ rows: TokenizedRows, _ small: SmallModel) throws -> (sum: Double, count: Int) {
        var (sum, count) = (0.0, 0)
        for row in 0..<rows.count {
            let row = try rows.row(row)
            let logits = try small.logits(row.tokens)
            for place in row.tokens.indices where row.trained[place] {
                let values = logits[place - 1].map(Double.init)
                sum += log(values.reduce(0) { $0 + exp($1) }) - values[Int(row.tokens[place])]
                count += 1
            }
        }
        return (sum, count)
    }

    @Test("the loss is the mean over all trained tokens, however rows are packed", arguments: ["tied", "llama3"])
    func packing(name: String) throws {
        let small = try SmallModel(name)
        let rows = try Self.rows(9)
        let wanted = try Self.wanted(rows, small)
        for limit in [1, 40, 1000] {
            let found = try HeldOutLoss.measure(small.model, on: rows, microbatchTokens: limit, device: small.device)
            #expect(found.tokenCount == wanted.count)
            #expect(abs(found.loss - wanted.sum / Double(wanted.count)) < 1e-5)
            #expect(abs(found.perplexity - exp(found.loss)) < 1e-9)
        }
    }

    @Test("any number of ranks measures the same loss by one sum each, also ranks without a row")
    func ranks() throws {
        let small = try SmallModel()
        let rows = try Self.rows(5)
        let alone = try HeldOutLoss.measure(small.model, on: rows, microbatchTokens: 50, device: small.device)
        for size in [2, 3, 8] {
            var sum = 0.0
            for index in 0..<size {
                let group = PartGroup(index, of: size)
                let part = try HeldOutLoss.measure(small.model, on: rows, microbatchTokens: 50, group: group, device: small.device)
                #expect(part.tokenCount == alone.tokenCount && group.calls == ["the held-out loss"])
                sum += part.lossSum
            }
            #expect(abs(sum - alone.lossSum) < 1e-5 * alone.lossSum)
        }
    }

    @Test("pain 38: evaluation needs no more memory for more rows")
    func memory() throws {
        let small = try SmallModel()
        var peaks: [Int] = []
        for count in [16, 160] {
            small.device.ledger.restartPeak()
            _ = try HeldOutLoss.measure(small.model, on: Self.rows(count), microbatchTokens: 128, device: small.device)
            peaks.append(small.device.ledger.peak.bytes)
        }
        #expect(Double(peaks[1]) < 1.05 * Double(peaks[0]))
    }

    @Test("no row is an error, not a loss of nothing")
    func empty() throws {
        let small = try SmallModel()
        let error = #expect(throws: TrainerError.self) {
            try HeldOutLoss.measure(small.model, on: TokenizedRows(), microbatchTokens: 50, device: small.device)
        }
        #expect(error?.code == .configuration)
    }
}
