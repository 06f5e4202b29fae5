import Data
import Support

/// Rows of 2 to `longest` tokens with ragged marks; each token id is unlike any other, so that a token found again can be told.
func randomRows(_ count: Int, longest: Int, seed: UInt64 = 1) -> TokenizedRows {
    let philox = Philox(seed: seed, purpose: .sampling)
    var rows = TokenizedRows()
    var next: Int32 = 0
    for row in 0..<count {
        let (a, b, _, _) = philox.words(UInt64(row))
        let length = 2 + Int(a % UInt32(longest - 1))
        let firstTrained = 1 + Int(b % UInt32(length - 1))
        rows.append(tokens: Array(next..<(next + Int32(length)))[...], trained: (0..<length).map { $0 >= firstTrained }[...], line: row + 1)
        next += Int32(length)
    }
    return rows
}
