public import Support

/// A model in GGUF: one file, or the parts that llama.cpp's `gguf-split` cuts one into, found by the first.
///
/// A part `n` of `count` is named `name-00001-of-00003.gguf` and holds `split.no` from 0, `split.count` and `split.tensors.count`, the tensors
/// of all parts; the model's own metadata are the first part's.
public struct GGUFFile: TensorSource {
    private let parts: [GGUFPart]
    /// Which part has a tensor.
    private let partOf: [String: Int]
    /// Every tensor, part after part.
    public let listings: [TensorListing]

    private var first: GGUFPart { parts[0] }
    /// The first part's.
    public var path: String { first.table.file.path }
    public var version: Int { first.version }
    public var alignment: Int { first.alignment }
    /// The metadata's keys in the file's order.
    public var keys: [String] { first.keys }
    public var metadata: [String: GGUFValue] { first.metadata }
    /// The files, in order.
    public var paths: [String] { parts.map(\.table.file.path) }

    public func listing(_ name: String) -> TensorListing? { partOf[name].flatMap { parts[$0].table.listing(name) } }

    public func entry(_ name: String) throws(TrainerError) -> TensorEntry { try parts[partOf[name] ?? 0].table.entry(name) }

    /// - Throws: `file` if a file can't be mapped or a part is missing; `format` with the byte offset, or the tensor's name, for anything that
    ///   breaks the format: a cut file, counts and lengths beyond its end, unknown types, keys or names that come twice, tensors out of place, out
    ///   of the file or over one another; for a path that is not the first part, and for parts that do not belong together.
    public init(path: String) throws(TrainerError) {
        let first = try GGUFPart(path: path)
        parts = [first] + (try GGUFSplit.otherParts(of: first))
        var partOf: [String: Int] = [:]
        for (number, part) in parts.enumerated() {
            for listing in part.table.listings {
                if let earlier = partOf.updateValue(number, forKey: listing.name) {
                    let problem = "is in part \(earlier + 1) of the split file, and again in this one"
                    throw .format(part.table.file.path, tensor: listing.name, problem, remedy: GGUFSplit.fetchAgain)
                }
            }
        }
        self.partOf = partOf
        listings = parts.flatMap(\.table.listings)
    }
}
