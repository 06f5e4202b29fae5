import Data
import Reporting
import Support

/// The rows of a step that went wrong, as a file to look at.
struct FaultyStep {
    /// Steps done before it.
    let step: Int
    let plan: StepPlan
    let rows: TokenizedRows

    /// Writes a line of JSON for each row: its number in the data, its record in the file, the copy of the model and the microbatch that had it, its tokens, and which
    /// of those are trained.
    ///
    /// - Returns: The file's path.
    func write(into folder: RunFolder) throws(TrainerError) -> String {
        var text: [UInt8] = []
        for (copy, microbatches) in plan.ranks.enumerated() {
            for (number, microbatch) in microbatches.enumerated() {
                for slot in microbatch.slots { text += try line(slot, copy, number) + [UInt8(ascii: "\n")] }
            }
        }
        return try folder.writeFaultyStep(step + 1, text)
    }

    private func line(_ slot: Int, _ copy: Int, _ microbatch: Int) throws(TrainerError) -> [UInt8] {
        let row = try rows.row(plan.rows[slot])
        let object = JSONValue.object(
            JSONObject([
                ("row", .integer(plan.rows[slot])), ("record", .integer(row.line)), ("copy", .integer(copy)), ("microbatch", .integer(microbatch)),
                ("tokens", .integers(row.tokens.map { Int($0) })), ("trained", .integers(row.trained.map { $0 ? 1 : 0 })),
            ]))
        return Array(object.text().utf8)
    }
}
