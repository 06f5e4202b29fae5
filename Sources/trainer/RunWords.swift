import Support

/// Words that name a run's configuration and set keys of it, in any order.
struct RunWords {
    /// nil if none is named.
    let file: String?
    let overrides: [String]

    init(_ words: [String]) {
        let place = words.firstIndex { !Self.setsKey($0) }
        file = place.map { words[$0] }
        overrides = words.indices.filter { $0 != place }.map { words[$0] }
    }

    /// `method.r=8` does, unless it is a file; `runs/lr=1e-3/resolved.yaml` does not.
    private static func setsKey(_ word: String) -> Bool {
        guard let equals = word.firstIndex(of: "="), FileSystem().size(of: word) == nil else { return false }
        return word[..<equals].allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == ".") }
    }
}
