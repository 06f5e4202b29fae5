import Support

/// Where a record begins: a file of the data set by its number, and a line from 1.
public struct RecordPlace: Codable, Equatable, Sendable {
    var file: Int
    var line: Int
}

/// Records of one kind: how many, and where the first few are.
public struct RecordPlaces: Codable, Equatable, Sendable {
    public internal(set) var count = 0
    public internal(set) var first: [RecordPlace] = []

    static let shown = 5

    /// Counts one more; its place is asked for only while places are kept.
    mutating func add(_ place: @autoclosure () -> RecordPlace) {
        count += 1
        if first.count < Self.shown { first.append(place()) }
    }

    mutating func append(_ next: RecordPlaces) {
        count += next.count
        first = Array((first + next.first).prefix(Self.shown))
    }

    /// The count and the places, `3 (lines 2, 5, 9)`: lines of the one file, or files with lines. The count alone if it is 0.
    func description(_ paths: [String]) -> String {
        guard count > 0 else { return "0" }
        let places = first.map { paths.count > 1 && paths.indices.contains($0.file) ? "\(paths[$0.file]):\($0.line)" : String($0.line) }
        let list = places.joined(separator: ", ") + (count > places.count ? ", …" : "")
        return "\(grouped(count)) (\(paths.count > 1 ? "" : "line\(count == 1 ? "" : "s") ")\(list))"
    }
}
