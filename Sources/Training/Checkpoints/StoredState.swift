import Formats
import Models
package import Support
package import Tensors

/// How a checkpoint names what it holds.
enum StatePiece {
    /// The entries of one kind of state at some places of a parameter or unit: `exp_avg/model.norm.weight/0` for those from 0 on; with gaps
    /// between rows also from one row to the next: `exp_avg/model.layers.0.mlp.down_proj.weight/512/1536`.
    static func name(kind: String, owner: String, _ places: StatePlaces) -> String {
        "\(kind)/\(owner)/\(places.first)" + (places.rows == 1 ? "" : "/\(places.stride)")
    }

    /// A unit as one rank of a tensor group has it: `model.layers.0 1 of 2`.
    static func owner(unit: String, tensorIndex: Int, of size: Int) -> String { size == 1 ? unit : "\(unit) \(tensorIndex + 1) of \(size)" }

    /// The size of the tensor group that an owner is named for.
    static func tensorSize(ofOwner owner: String) -> Int {
        let words = owner.split(separator: " ")
        return words.count == 4 && words[2] == "of" ? Int(words[3]) ?? 1 : 1
    }

    /// The file of one of the ranks that saved.
    static func fileName(rank: Int, of size: Int) -> String {
        func five(_ number: Int) -> String { String(repeating: "0", count: max(0, 5 - "\(number)".count)) + "\(number)" }
        return "\(filePrefix)\(five(rank + 1))-of-\(five(size)).safetensors"
    }

    static let filePrefix = "state-"

    /// Whose state a tensor of a name is, and where it lies; nil if no checkpoint names one so.
    static func read(_ name: String, shape: [Int]) -> (key: String, places: StatePlaces)? {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        let numbers = parts.dropFirst(2).compactMap { Int($0) }
        guard parts.count > 2, numbers.count == parts.count - 2, numbers.allSatisfy({ (0..<1 << 48).contains($0) }),
            shape.allSatisfy({ (1..<1 << 48).contains($0) })
        else { return nil }
        let key = "\(parts[0])/\(parts[1])"
        switch (numbers.count, shape.count) {
        case (1, 1): return (key, StatePlaces(numbers[0]..<numbers[0] + shape[0]))
        case (2, 2):
            let end = numbers[1].multipliedReportingOverflow(by: shape[0])
            guard numbers[1] >= shape[1], !end.overflow, end.partialValue < 1 << 48 else { return nil }
            return (key, StatePlaces(first: numbers[0], rows: shape[0], columns: shape[1], stride: numbers[1]))
        default: return nil
        }
    }
}

/// Where entries lie that follow one another in a rank's memory: in the whole of what they belong to, counted row after row.
///
/// They follow one another there, too, unless the rank has only some columns of a matrix: then they are rows with gaps between them.
struct StatePlaces: Equatable {
    let first: Int
    let rows: Int
    /// Entries of a row.
    let columns: Int
    /// From one row's first entry to the next one's.
    let stride: Int

    init(first: Int, rows: Int, columns: Int, stride: Int) {
        self.first = first
        self.rows = rows
        self.columns = columns
        self.stride = stride
    }

    init(_ range: Range<Int>) { self.init(first: range.lowerBound, rows: 1, columns: range.count, stride: range.count) }

    var count: Int { rows * columns }
    /// As a file has it: `[n]` without gaps, `[rows, columns]` with them.
    var shape: [Int] { rows == 1 ? [columns] : [rows, columns] }

    /// The place after the last entry's.
    var end: Int { first + (rows - 1) * stride + columns }

    /// The entries from a place on that have no gap between them: the number of the first, and how many; nil if none lies there.
    func run(from place: Int) -> (own: Int, count: Int)? {
        guard place >= first else { return nil }
        let row = min((place - first) / stride, rows - 1)
        let column = place - first - row * stride
        return column < columns ? (row * columns + column, columns - column) : nil
    }

    /// Whether an entry lies in a range.
    func overlaps(_ range: Range<Int>) -> Bool {
        if run(from: range.lowerBound) != nil { return true }
        let row = max(0, (range.lowerBound - first + stride - 1) / stride)
        return row < rows && (range.lowerBound...range.upperBound - 1).contains(first + row * stride)
    }

    /// Ranges of places, each with the number of its first entry.
    var runs: [(places: Range<Int>, own: Int)] {
        (0..<rows).map { (first + $0 * stride..<first + $0 * stride + columns, $0 * columns) }
    }

    /// The elements of a range of a rank's part of a parameter: part of a row, whole rows, and part of a row again.
    static func of(_ slice: ParameterSlice, _ elements: Range<Int>) -> [StatePlaces] {
        let first = slice.place(elements.lowerBound)
        guard slice.hasGaps else { return [StatePlaces(first..<first + elements.count)] }
        let width = slice.columns.count
        let firstEdge = min((elements.lowerBound + width - 1) / width * width, elements.upperBound)
        let lastEdge = max(elements.upperBound / width * width, firstEdge)
        func part(_ range: Range<Int>, rows: Int) -> StatePlaces? {
            guard !range.isEmpty else { return nil }
            return StatePlaces(first: slice.place(range.lowerBound), rows: rows, columns: range.count / rows, stride: slice.wholeColumns)
        }
        return [
            part(elements.lowerBound..<firstEdge, rows: 1), part(firstEdge..<lastEdge, rows: max(1, (lastEdge - firstEdge) / width)),
            part(lastEdge..<elements.upperBound, rows: 1),
        ].compactMap { $0 }
    }
}

/// The state that ranks have saved, each its part, found again by parameter and place: only what is asked for is read.
package struct StoredState {
    private struct Piece {
        let places: StatePlaces
        let entry: TensorEntry
        let file: SafeTensorsFile
    }

    private let folder: String
    /// By kind and owner.
    private var pieces: [String: [Piece]] = [:]

    /// - Parameter names: The files in the folder.
    /// - Throws: `file` and `format` for files that are missing, damaged or not of this kind.
    package init(folder: String, names: [String]) throws(TrainerError) {
        self.folder = folder
        for name in names.sorted() where name.hasPrefix(StatePiece.filePrefix) {
            let file = try SafeTensorsFile(path: "\(folder)/\(name)")
            for name in file.names {
                let entry = try file.entry(name)
                guard let (key, places) = StatePiece.read(name, shape: entry.shape) else {
                    throw TrainerError(.format, "\(file.path): \(name)", "does not say whose state it is", remedy: "Resume from another checkpoint")
                }
                pieces[key, default: []].append(Piece(places: places, entry: entry, file: file))
            }
        }
    }

    /// What is saved of each kind, in all.
    var kinds: [SavedKind] {
        let byKind = Dictionary(grouping: pieces) { key, _ in String(key.split(separator: "/")[0]) }
        return byKind.sorted { $0.key < $1.key }.map { name, owners in
            let all = owners.flatMap(\.value)
            return SavedKind(
                name: name, entryCount: all.reduce(0) { $0 + $1.places.count }, byteCount: all.reduce(0) { $0 + $1.entry.bytes.count })
        }
    }

    /// Refuses a checkpoint that holds the values of other parameters than these, or other numbers of them.
    package func check(holdsValuesOf wanted: [String: Int]) throws(TrainerError) {
        var found: [String: Int] = [:]
        for (key, pieces) in pieces where key.hasPrefix("value/") {
            found[String(key.dropFirst("value/".count))] = pieces.reduce(0) { max($0, $1.places.end) }
        }
        let odd = Set(found.keys).union(wanted.keys).filter { found[$0] != wanted[$0] }.min()
        guard let odd else { return }
        func told(_ count: Int?) -> String { count.map { "\($0) values" } ?? "none" }
        throw TrainerError(
            .shape, folder, "holds \(told(found[odd])) of \(odd), but this run trains \(told(wanted[odd]))",
            remedy: "Resume with the configuration the checkpoint was made with")
    }

    /// Hands over the entries of a range, piece by piece.
    ///
    /// - Parameter body: Takes bytes and the place of their first entry.
    /// - Throws: `shape` if an entry was not saved, was saved twice, or has another type.
    package func read(
        _ kind: String, _ owner: String, _ range: Range<Int>, as type: ElementType,
        _ body: (_ bytes: UnsafeRawBufferPointer, _ place: Int) throws(TrainerError) -> Void
    ) throws(TrainerError) {
        let kinds = Set(pieces.keys.compactMap { $0.split(separator: "/").first.map(String.init) })
        guard kinds.contains(kind) else {
            throw TrainerError(
                .shape, folder, "holds no \(kind), only \(kinds.sorted().joined(separator: ", "))",
                remedy: "Resume with the configuration the checkpoint was made with")
        }
        let all = pieces["\(kind)/\(owner)", default: []]
        var next = range.lowerBound
        while next < range.upperBound {
            guard let piece = all.first(where: { $0.places.run(from: next) != nil }), let run = piece.places.run(from: next) else { break }
            let count = min(run.count, range.upperBound - next)
            let isAlone = all.count { $0.places.overlaps(next..<next + count) } == 1
            guard isAlone, piece.entry.elementType == type else { break }
            let bytes = type.byteCount(run.own)..<type.byteCount(run.own + count)
            try body(UnsafeRawBufferPointer(rebasing: piece.entry.bytes[bytes]), next)
            next += count
        }
        for piece in all { piece.file.forget(piece.entry) }
        guard next == range.upperBound else {
            try checkTensorSize(kind, owner)
            throw TrainerError(
                .shape, "\(folder): \(kind) of \(owner)", "holds no \(type.rawValue) entry \(next) of the \(range.upperBound) that this run keeps",
                remedy: "Resume with the configuration the checkpoint was made with")
        }
    }

    /// Refuses a state whose entries belong to several elements each, and so to a rank of the tensor group it was saved by, on a group of
    /// another size.
    private func checkTensorSize(_ kind: String, _ owner: String) throws(TrainerError) {
        let saved = pieces.keys.filter { $0.hasPrefix("\(kind)/") }.map { StatePiece.tensorSize(ofOwner: String($0.dropFirst(kind.count + 1))) }.max()
        let own = StatePiece.tensorSize(ofOwner: owner)
        guard let saved, saved != own else { return }
        throw TrainerError(
            .shape, "\(folder): \(kind)",
            "was saved with parallel.tensor=\(saved) and can't be read with \(own): each entry is of a block of elements",
            remedy: "Resume with parallel.tensor=\(saved)")
    }

    /// The whole values of a parameter, in order.
    func values(of parameter: Parameter, _ sink: TensorToWrite.Sink) throws(TrainerError) {
        try withoutActuallyEscaping(sink) { (sink) throws(TrainerError) in
            try read("value", parameter.name, 0..<parameter.wholeCount, as: .float32) { (bytes, _) throws(TrainerError) in try sink(bytes) }
        }
    }
}
