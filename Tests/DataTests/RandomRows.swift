import Support

@testable import Data

/// Rows of 2 to `longest` tokens with ragged marks; each token id is unlike any other, so that a token found again can be told.
func randomRows(_ count: Int, longest: Int, seed: UInt64 = 1) throws -> TokenizedRows {
    let philox = Philox(seed: seed, purpose: .sampling)
    var rows: [TokenizedRow] = []
    var next: Int32 = 0
    for row in 0..<count {
        let (a, b, _, _) = philox.words(UInt64(row))
        let length = 2 + Int(a % UInt32(longest - 1))
        let firstTrained = 1 + Int(b % UInt32(length - 1))
        rows.append(TokenizedRow(tokens: Array(next..<(next + Int32(length))), trained: (0..<length).map { $0 >= firstTrained }, line: row + 1))
        next += Int32(length)
    }
    return try TokenizedRows(rows)
}

extension TokenizedRows {
    /// All rows, read one by one.
    var all: [TokenizedRow] { get throws { try (0..<count).map { try row($0) } } }
    var tokens: [Int32] { get throws { try all.flatMap(\.tokens) } }
    var trained: [Bool] { get throws { try all.flatMap(\.trained) } }
    var lines: [Int] { (0..<count).map { line(of: $0) } }
}
