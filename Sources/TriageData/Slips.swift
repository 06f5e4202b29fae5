/// What hurried fingers do to a text: slips, lost capitals, lost apostrophes, American spelling.
///
/// Text between `open` and `close` stays as it is; both marks go.
struct Slips {
    static let open: Character = "⟦"
    static let close: Character = "⟧"

    var draw: Draw

    static func keep(_ text: String) -> String { "\(open)\(text)\(close)" }

    mutating func apply(to text: String, register: Register) -> String {
        var pieces = Self.pieces(of: text)
        if draw.chance(40) { change(&pieces) { Self.american[$0] ?? $0 } }
        if register == .shouting, draw.chance(25) { change(&pieces) { $0.uppercased() } }
        if draw.chance(register.lowerCasePercent) { change(&pieces) { $0.lowercased() } }
        if [.chatty, .terse].contains(register), draw.chance(40) { change(&pieces) { $0 == "'" ? "" : $0 } }
        if [.chatty, .terse].contains(register), draw.chance(30) { change(&pieces) { $0 == "," ? "" : $0 } }
        if draw.chance(register.typos.percent) {
            for _ in 0...draw.below(register.typos.most) { slip(&pieces) }
        }
        return pieces.map(\.text).joined()
    }

    // MARK: - Pieces

    /// A word, a kept text, or a single character between words.
    struct Piece: Equatable {
        var text: String
        var isKept = false
    }

    static func pieces(of text: String) -> [Piece] {
        var pieces: [Piece] = []
        var rest = Substring(text)
        while let first = rest.first {
            if first == open {
                let kept = rest.dropFirst().prefix { $0 != close }
                pieces.append(Piece(text: String(kept), isKept: true))
                rest = rest[kept.endIndex...].dropFirst()
            } else if first.isLetter {
                let word = rest.prefix { $0.isLetter }
                pieces.append(Piece(text: String(word)))
                rest = rest[word.endIndex...]
            } else {
                pieces.append(Piece(text: String(first)))
                rest = rest.dropFirst()
            }
        }
        return pieces
    }

    private func change(_ pieces: inout [Piece], _ body: (String) -> String) {
        for index in pieces.indices where !pieces[index].isKept { pieces[index].text = body(pieces[index].text) }
    }

    /// Swaps, drops or doubles an inner letter of one word of five letters or more; a shorter one could turn into another word.
    private mutating func slip(_ pieces: inout [Piece]) {
        let words = pieces.indices.filter { !pieces[$0].isKept && pieces[$0].text.count >= 5 }
        guard !words.isEmpty else { return }
        let word = draw.pick(words)
        var letters = Array(pieces[word].text)
        let at = 1 + draw.below(letters.count - 3)
        switch draw.below(3) {
        case 0: letters.swapAt(at, at + 1)
        case 1: letters.remove(at: at)
        default: letters.insert(letters[at], at: at)
        }
        pieces[word].text = String(letters)
    }

    static let american = [
        "colours": "colors", "catalogue": "catalog", "grey": "gray", "cheque": "check", "fortnight": "two weeks", "instalments": "installments",
        "neighbour": "neighbor", "neighbours": "neighbors", "metre": "meter", "recognise": "recognize", "litre": "liter", "parcel": "package",
        "parcels": "packages", "lorry": "truck", "flat": "apartment", "carton": "box", "holidays": "vacation",
    ]
}
