import MessagePassing
import Support

/// A named piece of work for all ranks, which throws where it does not find what it should.
struct Check: Sendable {
    let name: String
    let run: @Sendable (Communicator) throws(TrainerError) -> Void

    init(_ name: String, _ run: @escaping @Sendable (Communicator) throws(TrainerError) -> Void) {
        self.name = name
        self.run = run
    }
}

/// - Throws: `shape` if the two differ.
func expectEqual<Value: Equatable>(_ found: Value, _ wanted: Value, _ what: String) throws(TrainerError) {
    guard found != wanted else { return }
    let (found, wanted) = (String("\(found)".prefix(200)), String("\(wanted)".prefix(200)))
    throw TrainerError(.shape, what, "found \(found), wanted \(wanted)")
}

/// - Throws: `shape` if a value is off by more than `relative` of the largest magnitude wanted.
func expectClose(_ found: [Float], _ wanted: [Float], relative: Float, _ what: String) throws(TrainerError) {
    try expectEqual(found.count, wanted.count, "values, \(what)")
    let tolerance = relative * wanted.reduce(0) { max($0, abs($1)) }
    for (index, (a, b)) in zip(found, wanted).enumerated() where !(abs(a - b) <= tolerance) {
        throw TrainerError(.shape, what, "value \(index) is \(a), wanted \(b) to within \(tolerance)")
    }
}
