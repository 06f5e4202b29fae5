import Foundation
import Support
import TestSupport
import Testing

/// A file in this target's `Fixtures`.
func formatsFixture(_ name: String) -> String { fixture(name) }

func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }

func write(_ bytes: [UInt8], to path: String) throws { try Data(bytes).write(to: URL(fileURLWithPath: path)) }

func write(_ text: String, to path: String) throws { try write(Array(text.utf8), to: path) }

/// Opens copies of a file that are cut at every length, and copies in which single bytes of the first `headerCount` are changed.
///
/// A cut copy must be refused as `format`; a changed one must be refused as `format` or read without a trap.
func expectDamageIsFound(_ path: String, headerCount: Int, sourceLocation: SourceLocation = #_sourceLocation, open: (String) throws -> Void) throws {
    let whole = try bytes(path)
    func attempt(_ damaged: [UInt8], mustFail: Bool, _ what: @autoclosure () -> String) throws {
        // A new file each time: one that is cut and written again may be synced by the file system when it is closed.
        let copy = FileManager.default.temporaryDirectory.appendingPathComponent("trainer-test-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: copy) }
        try write(damaged, to: copy)
        do {
            try open(copy)
            if mustFail { Issue.record("\(what()) was read", sourceLocation: sourceLocation) }
        } catch let error as TrainerError {
            if error.code != .format { Issue.record("\(what()): \(error)", sourceLocation: sourceLocation) }
        }
    }
    for count in stride(from: 0, to: whole.count, by: max(1, whole.count / 120)) {
        try attempt(Array(whole[..<count]), mustFail: true, "the file cut to \(count) bytes")
    }
    for index in 0..<headerCount {
        for value in [0xFF, whole[index] ^ 1] where value != whole[index] {
            var damaged = whole
            damaged[index] = value
            try attempt(damaged, mustFail: false, "byte \(index) set to \(value)")
        }
    }
}
