import Formats
import Foundation
import Support
import Tensors
import TestSupport
import Testing

@testable import Training

@Suite struct StoredStateTests {
    /// Files of values, each with the names of its pieces and what they hold.
    private func stored(_ files: [[(String, [Float])]], in folder: String) throws -> StoredState {
        var names: [String] = []
        for (rank, pieces) in files.enumerated() {
            names.append(StatePiece.fileName(rank: rank, of: files.count))
            try SafeTensorsWriter(pieces.map { TensorToWrite($0.0, [$0.1.count], floats: $0.1) }).write(to: "\(folder)/\(names[rank])")
        }
        return try StoredState(folder: folder, names: names)
    }

    private func read(_ state: StoredState, _ kind: String, _ owner: String, _ range: Range<Int>) throws -> [Float] {
        var found: [Float] = []
        try state.read(kind, owner, range, as: .float32) { bytes, place in
            #expect(place == range.lowerBound + found.count)
            found += bytes.bindMemory(to: Float.self)
        }
        return found
    }

    @Test("ranges are put together from the pieces of any ranks, in any order of the files")
    func pieces() throws {
        try withTemporaryFolder { folder in
            let files: [[(String, [Float])]] = [
                [("value/w/3", [3, 4, 5])], [("value/w/0", [0, 1, 2]), ("exp_avg/w/0", [7])], [("value/w/6", [6])],
            ]
            let state = try stored(files, in: folder)
            for (lower, upper) in [(0, 7), (2, 4), (3, 6), (5, 7), (1, 1)] {
                #expect(try read(state, "value", "w", lower..<upper) == (lower..<upper).map(Float.init))
            }
            #expect(try read(state, "exp_avg", "w", 0..<1) == [7])
            try state.check(holdsValuesOf: ["w": 7])
        }
    }

    @Test("a state of blocks of elements that was saved on a tensor group is refused on one of another size, which the line names with what to set")
    func tensorSize() throws {
        try withTemporaryFolder { folder in
            let state = try stored([[("maxima/u 1 of 2/0", [1]), ("maxima/u 2 of 2/0", [2])], [("other/u/0", [3])]], in: folder)
            #expect(try read(state, "maxima", "u 2 of 2", 0..<1) == [2])
            for (kind, owner, saved, own) in [("maxima", "u 3 of 4", 2, 4), ("maxima", "u", 2, 1), ("other", "u 1 of 2", 1, 2)] {
                expectError(
                    .shape, "\(kind): was saved with parallel.tensor=\(saved) and can't be read with \(own)", "Resume with parallel.tensor=\(saved)."
                ) {
                    _ = try read(state, kind, owner, 0..<1)
                }
            }
            expectError(.shape, "holds no float32 entry 0", "Resume with the configuration") { _ = try read(state, "maxima", "v 1 of 2", 0..<1) }
        }
    }

    @Test("what is missing, was saved twice, belongs to another model or names no place is refused in one line")
    func refused() throws {
        try withTemporaryFolder { folder in
            let state = try stored([[("value/w/0", [0, 1, 2])], [("value/w/2", [2, 3]), ("value/v/1", [1])]], in: folder)
            func refusal(_ body: () throws -> Void) -> String {
                (#expect(throws: TrainerError.self, performing: body)).map(\.description) ?? ""
            }
            #expect(refusal { _ = try read(state, "value", "w", 0..<4) }.contains("holds no float32 entry 0 of the 4"))
            #expect(refusal { _ = try read(state, "value", "v", 0..<2) }.contains("value of v: holds no float32 entry 0 of the 2"))
            #expect(refusal { _ = try read(state, "exp_avg", "w", 0..<1) }.contains("holds no exp_avg, only value"))
            #expect(refusal { try state.check(holdsValuesOf: ["w": 4]) }.contains("holds 2 values of v, but this run trains none"))
            #expect(refusal { try state.check(holdsValuesOf: ["w": 5, "v": 2]) }.contains("holds 4 values of w, but this run trains 5 values"))
            for name in ["value/w", "value/w/x", "value/w/-1", "value/w/9223372036854775807"] {
                #expect(refusal { _ = try stored([[(name, [0, 1])]], in: folder) }.contains("does not say whose state it is"), "\(name)")
            }
        }
    }
}
