import Support

/// One file of GGUF, version 2 or 3, mapped and checked: a whole model, or a part of one.
///
/// The layout is ggml's `docs/gguf.md`: magic, version, counts, metadata, tensor infos, then the tensors at multiples of the alignment.
/// Shapes are turned round on reading, so that the outermost dimension comes first as everywhere else.
struct GGUFPart: Sendable {
    let version: Int
    let alignment: Int
    /// The metadata's keys in the file's order.
    let keys: [String]
    let metadata: [String: GGUFValue]
    let table: TensorTable

    /// - Throws: As `GGUFFile.init` says of a single file.
    init(path: String) throws(TrainerError) {
        var reader = GGUFReader(try MappedFile(path: path))
        version = try GGUFPart.version(&reader)
        let tensorCount = try reader.count("tensors", minimumBytes: 24)
        let keyCount = try reader.count("metadata keys", minimumBytes: 13)
        (keys, metadata) = try GGUFPart.metadata(&reader, keyCount)
        alignment = try GGUFPart.alignment(metadata["general.alignment"], path)
        var infos: [Info] = []
        for _ in 0..<tensorCount { infos.append(try Info(&reader)) }
        let dataStart = (reader.offset + alignment - 1) / alignment * alignment
        var listings: [TensorListing] = []
        for info in infos { listings.append(try info.listing(reader.file, dataStart: dataStart, alignment: alignment)) }
        table = try TensorTable(file: reader.file, listings: listings)
        try GGUFPart.checkNoOverlap(listings, path)
    }

    private static func version(_ reader: inout GGUFReader) throws(TrainerError) -> Int {
        let magic = try reader.number("the magic number", as: UInt32.self)
        guard magic == 0x4655_4747 else { throw reader.error("the file does not begin with GGUF", at: 0, remedy: "Check that this is a GGUF file") }
        let version = try reader.number("the version", as: UInt32.self)
        guard version == 2 || version == 3 else {
            let isSwapped = (2...3).contains(version.byteSwapped)
            let problem = isSwapped ? "the file is big-endian" : "the version is \(version), where 2 or 3 is read"
            throw reader.error(problem, at: 4, remedy: isSwapped ? "Convert it with gguf-convert-endian" : "Convert the model again")
        }
        return Int(version)
    }

    private static func metadata(_ reader: inout GGUFReader, _ count: Int) throws(TrainerError) -> ([String], [String: GGUFValue]) {
        var keys: [String] = []
        var metadata: [String: GGUFValue] = [:]
        for index in 0..<count {
            let place = reader.offset
            let key = try reader.string("metadata key \(index)")
            let kind = try reader.kind(key)
            guard metadata.updateValue(try reader.value(kind, key), forKey: key) == nil else {
                throw reader.error("the metadata key \(key) comes a second time", at: place)
            }
            keys.append(key)
        }
        return (keys, metadata)
    }

    private static func alignment(_ value: GGUFValue?, _ path: String) throws(TrainerError) -> Int {
        guard let value else { return 32 }
        guard case .uint32(let alignment) = value, alignment > 0, alignment & (alignment - 1) == 0 else {
            throw TrainerError(.format, "\(path): general.alignment", "is \(value.shown), where a power of two is wanted")
        }
        return Int(alignment)
    }

    private static func checkNoOverlap(_ listings: [TensorListing], _ path: String) throws(TrainerError) {
        let ordered = listings.filter { $0.byteCount > 0 }.sorted { $0.offset < $1.offset }
        for (before, listing) in zip(ordered, ordered.dropFirst()) where before.offset + before.byteCount > listing.offset {
            let end = before.offset + before.byteCount
            throw .format(path, tensor: listing.name, "begins at byte \(listing.offset), inside \(before.name), which ends at \(end)")
        }
    }

    /// What the header says about a tensor.
    private struct Info {
        let place: Int
        let name: String
        /// Outermost first.
        let shape: [Int]
        let type: GGUFTensorType
        let offset: UInt64

        init(_ reader: inout GGUFReader) throws(TrainerError) {
            place = reader.offset
            name = try reader.string("the name of a tensor")
            let dimensionCount = try reader.number("the number of dimensions of \(name)", as: UInt32.self)
            guard dimensionCount <= 4 else {
                throw reader.error("tensor \(name) has \(dimensionCount) dimensions, where at most 4 are allowed", at: reader.offset - 4)
            }
            var shape: [Int] = []
            for _ in 0..<dimensionCount {
                let dimension = try reader.number("a dimension of \(name)", as: UInt64.self)
                guard dimension <= UInt64(Int.max) else { throw reader.error("tensor \(name) has the dimension \(dimension)", at: reader.offset - 8) }
                shape.insert(Int(dimension), at: 0)
            }
            let number = try reader.number("the type of \(name)", as: UInt32.self)
            guard let type = GGUFTensorType.number(number) else {
                let remedy = "Convert it to one of \(GGUFTensorType.readableNames)"
                throw reader.error("tensor \(name) has the unknown ggml type \(number)", at: reader.offset - 4, remedy: remedy)
            }
            self.shape = shape
            self.type = type
            offset = try reader.number("the offset of \(name)", as: UInt64.self)
        }

        func listing(_ file: MappedFile, dataStart: Int, alignment: Int) throws(TrainerError) -> TensorListing {
            guard let count = product(shape), (shape.last ?? 1) % type.blockSize == 0,
                let byteCount = product([count / type.blockSize, type.blockBytes])
            else {
                throw .format(
                    file.path, at: place, "tensor \(name) has the shape \(shape), which does not fit blocks of \(type.blockSize) (\(type.name))")
            }
            guard offset % UInt64(alignment) == 0 else {
                throw .format(file.path, at: place, "tensor \(name) has the offset \(offset), no multiple of the alignment \(alignment)")
            }
            let dataCount = file.bytes.count - dataStart
            guard dataCount >= 0 || byteCount == 0, byteCount <= max(dataCount, 0), offset <= UInt64(max(dataCount, 0) - byteCount) else {
                let problem = "tensor \(name) has \(byteCount) bytes from \(offset) of the data, which has \(max(dataCount, 0))"
                throw .format(file.path, at: place, problem, remedy: "The file is cut short or damaged: fetch or write it again")
            }
            return TensorListing(
                name: name, shape: shape, storedType: type.name, elementType: type.elementType, path: file.path,
                offset: min(dataStart, file.bytes.count) + Int(offset), byteCount: byteCount)
        }
    }
}
