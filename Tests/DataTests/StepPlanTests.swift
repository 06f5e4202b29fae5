import Tensors
import Testing

@testable import Data

@Suite struct StepPlanTests {
    let data: TokenizedRows

    init() throws { data = try randomRows(40, longest: 30) }

    func plan(step: Int, ranks: Int, microbatchTokens: Int, parity: Int? = nil) throws -> StepPlan {
        let schedule = try RunSchedule(data, options: RunSchedule.Options(seed: 5, batch: .rows(12), epochs: 2))
        return schedule.plan(step: step, packing: PackingOptions(rankCount: ranks, microbatchTokens: microbatchTokens, attentionParity: parity))
    }

    /// Every token of a plan's batches as (global position, token id, position in its sequence, whether the next is predicted from it).
    func tokens(_ plan: StepPlan) throws -> [[Int64]] {
        var found: [[Int64]] = []
        for microbatch in plan.ranks.joined() {
            let batch = try plan.batch(microbatch, from: data)
            let predicting = Set(batch.targetRows)
            for row in 0..<batch.tokenCount {
                found.append([
                    batch.globalPositions[row], Int64(batch.tokens[row]), Int64(batch.positions[row]), predicting.contains(Int32(row)) ? 1 : 0,
                ])
            }
        }
        return found.sorted { $0[0] < $1[0] }
    }

    @Test("pain 1: a step's rows, positions, targets and divisor are the same on 1, 2, 3, 4 and 7 ranks and for any microbatch")
    func sameOnAnyLayout() throws {
        for step in [0, 3, 6] {
            let one = try plan(step: step, ranks: 1, microbatchTokens: 100_000)
            let wanted = try tokens(one)
            #expect(wanted.map { $0[0] } == Array(0..<Int64(one.tokenCount)))
            for ranks in [1, 2, 3, 4, 7] {
                for microbatchTokens in [30, 64, 1000] {
                    let other = try plan(step: step, ranks: ranks, microbatchTokens: microbatchTokens, parity: ranks == 3 ? 16 : nil)
                    #expect(other.rows == one.rows)
                    #expect(other.tokenStarts == one.tokenStarts)
                    #expect(other.trainedTokenCount == one.trainedTokenCount)
                    #expect(other.ranks.joined().reduce(0) { $0 + $1.trainedTokenCount } == one.trainedTokenCount)
                    #expect(try tokens(other) == wanted)
                }
            }
        }
    }

    @Test("pain 1: a sum over microbatches divided once by the step's count is the same mean for 1×12, 12×1 and 4 ranks")
    func oneDivision() throws {
        func mean(_ plan: StepPlan) throws -> Double {
            var sum = 0.0
            for microbatch in plan.ranks.joined() {
                let batch = try plan.batch(microbatch, from: data)
                for (row, target) in zip(batch.targetRows, batch.targets) { sum += Double(batch.positions[Int(row)]) + Double(target) / 64 }
            }
            return sum / Double(plan.trainedTokenCount)
        }
        let wanted = try mean(plan(step: 1, ranks: 1, microbatchTokens: 100_000))
        #expect(try mean(plan(step: 1, ranks: 1, microbatchTokens: 30)) == wanted)
        #expect(try mean(plan(step: 1, ranks: 4, microbatchTokens: 40)) == wanted)
    }

    @Test("pain 11: every rank has a list for every step, empty where there are more ranks than rows")
    func moreRanksThanRows() throws {
        let plan = try plan(step: 0, ranks: 20, microbatchTokens: 64)
        #expect(plan.ranks.count == 20)
        #expect(plan.ranks.filter(\.isEmpty).count == 8)
        #expect(plan.roundCount == 1)
        #expect(try tokens(plan).count == plan.tokenCount)
    }

    @Test("pain 9: a step across the end of an epoch may hold a row twice, and trains it twice")
    func twice() throws {
        let schedule = try RunSchedule(data, options: RunSchedule.Options(seed: 5, batch: .rows(60), epochs: 2))
        let plan = schedule.plan(step: 0, packing: PackingOptions(rankCount: 3, microbatchTokens: 64))
        #expect(plan.rows.count == 60)
        #expect(Set(plan.rows).count == 40)
        #expect(plan.ranks.joined().flatMap(\.slots).sorted() == Array(0..<60))
        #expect(try tokens(plan).map { $0[0] } == Array(0..<Int64(plan.tokenCount)))
    }

    @Test("pain 8: a batch has the borders, marks and tokens of its rows, in stream order")
    func batch() throws {
        let plan = try plan(step: 2, ranks: 2, microbatchTokens: 64)
        for microbatch in plan.ranks.joined() {
            let batch = try plan.batch(microbatch, from: data)
            #expect(microbatch.slots == microbatch.slots.sorted())
            #expect(batch.tokenCount == microbatch.tokenCount)
            #expect(batch.tokenCount <= 64)
            #expect(batch.targets.count == microbatch.trainedTokenCount)
            for (sequence, slot) in microbatch.slots.enumerated() {
                let range = batch.sequenceStarts[sequence]..<batch.sequenceStarts[sequence + 1]
                let row = try data.row(plan.rows[slot])
                #expect(Array(batch.tokens[range]) == row.tokens)
                #expect(Array(batch.trained[range]) == row.trained)
            }
        }
    }

    @Test("evaluation: every row once in the file's order, shared over the ranks")
    func evaluation() throws {
        let plan = StepPlan.evaluation(of: data, packing: PackingOptions(rankCount: 3, microbatchTokens: 64))
        #expect(plan.rows == Array(0..<40))
        #expect(plan.trainedTokenCount == data.trainedTokenCount)
        #expect(plan.tokenCount == data.tokenCount)
        #expect(try tokens(plan).map { $0[1] } == data.tokens.map { Int64($0) })
        let none = StepPlan.evaluation(of: TokenizedRows(), packing: PackingOptions(rankCount: 2, microbatchTokens: 64))
        #expect(none.ranks == [[], []])
    }
}
