import Formats
import Models
import Support
import Tensors

/// How a checkpoint names what it holds.
enum StatePiece {
    /// The entries of one kind of state that begin at `first` of a parameter or unit: `exp_avg/model.norm.weight/0`.
    static func name(kind: String, owner: String, first: Int) -> String { "\(kind)/\(owner)/\(first)" }

    /// The file of one of the ranks that saved.
    static func fileName(rank: Int, of size: Int) -> String {
        func five(_ number: Int) -> String { String(repeating: "0", count: max(0, 5 - "\(number)".count)) + "\(number)" }
        return "\(filePrefix)\(five(rank + 1))-of-\(five(size)).safetensors"
    }

    static let filePrefix = "state-"
}

/// The state that ranks have saved, each its part, found again by parameter and place: only what is asked for is read.
struct StoredState {
    private struct Piece {
        let first: Int
        let count: Int
        let entry: TensorEntry
        let file: SafeTensorsFile
    }

    private let folder: String
    /// By kind and owner, in the order of their places.
    private var pieces: [String: [Piece]] = [:]

    /// - Parameter names: The files in the folder.
    /// - Throws: `file` and `format` for files that are missing, damaged or not of this kind.
    init(folder: String, names: [String]) throws(TrainerError) {
        self.folder = folder
        for name in names.sorted() where name.hasPrefix(StatePiece.filePrefix) {
            let file = try SafeTensorsFile(path: "\(folder)/\(name)")
            for name in file.names {
                let parts = name.split(separator: "/", omittingEmptySubsequences: false)
                let entry = try file.entry(name)
                guard parts.count == 3, let first = Int(parts[2]), first >= 0, entry.shape.count == 1,
                    !first.addingReportingOverflow(entry.shape[0]).overflow
                else {
                    throw TrainerError(.format, "\(file.path): \(name)", "does not say whose state it is", remedy: "Resume from another checkpoint")
                }
                pieces["\(parts[0])/\(parts[1])", default: []].append(Piece(first: first, count: entry.shape[0], entry: entry, file: file))
            }
        }
        for key in pieces.keys { pieces[key]?.sort { $0.first < $1.first } }
    }

    /// Refuses a checkpoint that holds the values of other parameters than these, or other numbers of them.
    func check(holdsValuesOf wanted: [String: Int]) throws(TrainerError) {
        var found: [String: Int] = [:]
        for (key, pieces) in pieces where key.hasPrefix("value/") {
            found[String(key.dropFirst("value/".count))] = pieces.last.map { $0.first + $0.count }
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
    func read(
        _ kind: String, _ owner: String, _ range: Range<Int>, as type: ElementType,
        _ body: (_ bytes: UnsafeRawBufferPointer, _ place: Int) throws(TrainerError) -> Void
    ) throws(TrainerError) {
        let kinds = Set(pieces.keys.compactMap { $0.split(separator: "/").first.map(String.init) })
        guard kinds.contains(kind) else {
            throw TrainerError(
                .shape, folder, "holds no \(kind), only \(kinds.sorted().joined(separator: ", "))",
                remedy: "Resume with the configuration the checkpoint was made with")
        }
        var next = range.lowerBound
        for piece in pieces["\(kind)/\(owner)", default: []] {
            let shared = (piece.first..<piece.first + piece.count).clamped(to: range)
            guard !shared.isEmpty else { continue }
            guard piece.entry.elementType == type, shared.lowerBound == next else { break }
            let bytes = type.byteCount(shared.lowerBound - piece.first)..<type.byteCount(shared.upperBound - piece.first)
            try body(UnsafeRawBufferPointer(rebasing: piece.entry.bytes[bytes]), shared.lowerBound)
            piece.file.forget(piece.entry)
            next = shared.upperBound
        }
        guard next == range.upperBound else {
            throw TrainerError(
                .shape, "\(folder): \(kind) of \(owner)", "holds no \(type.rawValue) entry \(next) of the \(range.upperBound) that this run keeps",
                remedy: "Resume with the configuration the checkpoint was made with")
        }
    }

    /// The whole values of a parameter, in order.
    func values(of parameter: Parameter, _ sink: TensorToWrite.Sink) throws(TrainerError) {
        try withoutActuallyEscaping(sink) { (sink) throws(TrainerError) in
            try read("value", parameter.name, 0..<parameter.count, as: .float32) { (bytes, _) throws(TrainerError) in try sink(bytes) }
        }
    }
}
