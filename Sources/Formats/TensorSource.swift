public import Support
public import Tensors

/// Named tensors in mapped files, whatever the container.
///
/// Everything is checked when the source is opened, so every listed range lies inside its file. Nothing is read until a tensor's bytes are
/// touched; `forget` gives the pages back.
public protocol TensorSource: Sendable {
    /// The file or folder, for errors.
    var path: String { get }
    /// Every tensor, in the files' order.
    var listings: [TensorListing] { get }
    func listing(_ name: String) -> TensorListing?
    /// A tensor to read.
    ///
    /// - Throws: `format` if there is none of that name, or its stored type is one that trainer does not read; both are named.
    func entry(_ name: String) throws(TrainerError) -> TensorEntry
}

extension TensorSource {
    public var names: [String] { listings.map(\.name) }

    public func contains(_ name: String) -> Bool { listing(name) != nil }

    /// Drops a tensor's pages from this process's resident memory, after it has been read.
    public func forget(_ entry: TensorEntry) { entry.file.forget(entry.offset..<entry.offset + entry.byteCount) }
}

/// What a file says about a tensor.
public struct TensorListing: Equatable, Sendable {
    public var name: String
    /// Outermost dimension first; the elements of the last lie next to each other.
    public var shape: [Int]
    /// The type as the file spells it: `BF16`, `Q6_K`.
    public var storedType: String
    /// nil for a type that trainer lists, but does not read.
    public var elementType: ElementType?
    /// The file that holds the bytes.
    public var path: String
    /// Where in that file the bytes begin.
    public var offset: Int
    public var byteCount: Int

    public var elementCount: Int { product(shape) ?? 0 }
}

/// A tensor in a mapped file; it keeps the mapping alive.
public struct TensorEntry: Sendable {
    public let name: String
    /// Outermost dimension first.
    public let shape: [Int]
    public let elementType: ElementType
    /// Where in the file the bytes begin.
    public let offset: Int
    public let byteCount: Int
    let file: MappedFile

    public var path: String { file.path }
    public var elementCount: Int { product(shape) ?? 0 }

    /// The stored bytes, valid while this entry lives: keep it in a variable. They may begin at any address, so load them unaligned.
    public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: file.bytes[offset..<offset + byteCount]) }
}

/// The checked tensors of one file, found by name.
struct TensorTable: Sendable {
    let file: MappedFile
    let listings: [TensorListing]
    private let positions: [String: Int]

    /// - Throws: `format` if a name comes twice.
    init(file: MappedFile, listings: [TensorListing]) throws(TrainerError) {
        var positions: [String: Int] = [:]
        for (position, listing) in listings.enumerated() {
            guard positions.updateValue(position, forKey: listing.name) == nil else {
                throw .format(file.path, tensor: listing.name, "comes a second time in the file")
            }
        }
        self.file = file
        self.listings = listings
        self.positions = positions
    }

    func listing(_ name: String) -> TensorListing? { positions[name].map { listings[$0] } }

    func entry(_ name: String) throws(TrainerError) -> TensorEntry {
        guard let listing = listing(name) else { throw .format(file.path, tensor: name, "is not in the file") }
        guard let elementType = listing.elementType else {
            let remedy = "Convert it to one of \(GGUFTensorType.readableNames)"
            throw .format(file.path, tensor: name, "is stored as \(listing.storedType), which is not read", remedy: remedy)
        }
        return TensorEntry(
            name: name, shape: listing.shape, elementType: elementType, offset: listing.offset, byteCount: listing.byteCount, file: file)
    }
}
