/// Which of the two files a row is for.
enum Split: String, CaseIterable, Sendable {
    case train
    case heldOut = "heldout"
}

/// A list of phrases, a line each, of which every fifth is kept for the held-out split.
///
/// A phrase holds slots such as `{p}`, which the ticket's writer fills, and choices such as `[arrived|came]`, of which one is drawn.
struct Bank: Sendable {
    let common: [String]
    let reserved: [String]

    init(_ text: String) { self.init(text.split(separator: "\n").map(String.init)) }

    init(_ phrases: [String]) {
        common = phrases.enumerated().filter { $0.offset % 5 != 4 }.map(\.element)
        reserved = phrases.enumerated().filter { $0.offset % 5 == 4 }.map(\.element)
    }

    /// A phrase; in the held-out split, two times in five one that training never sees.
    func draw(for split: Split, with draw: inout Draw) -> (phrase: String, isReserved: Bool) {
        let isReserved = split == .heldOut && !reserved.isEmpty && draw.chance(40)
        return (draw.pick(isReserved ? reserved : common), isReserved)
    }

    /// The phrase with one alternative drawn for each `[a|b]`.
    static func choose(_ phrase: String, with draw: inout Draw) -> String {
        var result = ""
        var rest = Substring(phrase)
        while let open = rest.firstIndex(of: "["), let close = rest[open...].firstIndex(of: "]") {
            result += rest[..<open]
            result += draw.pick(rest[rest.index(after: open)..<close].split(separator: "|", omittingEmptySubsequences: false))
            rest = rest[rest.index(after: close)...]
        }
        return result + rest
    }
}
