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
