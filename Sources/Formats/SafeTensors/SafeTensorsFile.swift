public import Support

/// A `.safetensors` file, mapped and checked: eight bytes of header length, a JSON header, then the tensors without holes.
///
/// https://huggingface.co/docs/safetensors (format); checks follow the reference implementation 0.8, which refuses the same files.
public struct SafeTensorsFile: TensorSource {
    /// The free text under `__metadata__`.
    public let metadata: [String: String]
    let table: TensorTable

    public var path: String { table.file.path }
    public var listings: [TensorListing] { table.listings }
    public func listing(_ name: String) -> TensorListing? { table.listing(name) }
    public func entry(_ name: String) throws(TrainerError) -> TensorEntry { try table.entry(name) }

    /// - Throws: `file` if it can't be mapped; `format` with the byte offset or the tensor's name for a header that is cut short, is no JSON,
    ///   or lies: unknown type, shape that does not fit the byte range, ranges out of the file, with overlaps or holes, names that come twice.
    public init(path: String) throws(TrainerError) {
        let file = try MappedFile(path: path)
        let header = try SafeTensorsFile.header(file)
        var listings: [TensorListing] = []
        for name in header.object.keys where name != "__metadata__" {
            listings.append(try SafeTensorsFile.listing(name, header.object[name] ?? .null, file, dataStart: header.dataStart))
        }
        listings.sort { ($0.offset, $0.byteCount) < ($1.offset, $1.byteCount) }
        try SafeTensorsFile.checkNoHoles(listings, file, dataStart: header.dataStart)
        table = try TensorTable(file: file, listings: listings)
        metadata = try SafeTensorsFile.metadata(header.object["__metadata__"], path)
    }

    /// The reference implementation's limit, 100 MB.
    private static let largestHeader = 100_000_000
    private static let fetchAgain = "The file is cut short or damaged: fetch or write it again"

    private static func header(_ file: MappedFile) throws(TrainerError) -> (object: JSONObject, dataStart: Int) {
        let bytes = file.bytes
        guard bytes.count >= 8 else {
            throw .format(file.path, at: 0, "the file has \(bytes.count) bytes, where a header length of 8 is wanted", remedy: fetchAgain)
        }
        let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
        guard length >= 2, length <= largestHeader else {
            let problem = "the header length is \(length), where 2 to \(largestHeader) is allowed"
            throw .format(file.path, at: 0, problem, remedy: "Check that this is a safetensors file")
        }
        let end = 8 + Int(length)
        guard end <= bytes.count else {
            throw .format(file.path, at: 0, "the header ends at byte \(end), but the file has \(bytes.count)", remedy: fetchAgain)
        }
        guard bytes[8] == UInt8(ascii: "{") else { throw .format(file.path, at: 8, "the header does not begin with {", remedy: fetchAgain) }
        let value = try JSONValue.parse(Array(bytes[8..<end]), path: file.path, offset: 8)
        guard case .object(let object) = value else { throw .format(file.path, at: 8, "the header is \(value.shown), not an object") }
        return (object, end)
    }

    private static func listing(_ name: String, _ value: JSONValue, _ file: MappedFile, dataStart: Int) throws(TrainerError) -> TensorListing {
        let path = file.path
        guard case .object(let object) = value else { throw .format(path, tensor: name, "is \(value.shown), where an object is wanted") }
        guard case .string(let spelling) = object["dtype"] else { throw .format(path, tensor: name, "has no dtype") }
        guard let type = SafeTensorsType(rawValue: spelling) else {
            let known = SafeTensorsType.allCases.map(\.rawValue).joined(separator: ", ")
            throw .format(path, tensor: name, "has the dtype \(JSONValue.string(spelling).shown)", remedy: "The format knows \(known)")
        }
        let shape = try counts(name, object["shape"], "shape", path)
        let offsets = try counts(name, object["data_offsets"], "data_offsets", path)
        guard offsets.count == 2, offsets[0] <= offsets[1] else {
            throw .format(path, tensor: name, "has the data_offsets \(offsets), where a begin and an end are wanted")
        }
        let dataCount = file.bytes.count - dataStart
        guard offsets[1] <= dataCount else {
            throw .format(path, tensor: name, "ends at byte \(offsets[1]) of the data, which has \(dataCount)", remedy: fetchAgain)
        }
        guard let bitCount = product(shape + [type.bitCount]), bitCount % 8 == 0, bitCount / 8 == offsets[1] - offsets[0] else {
            throw .format(path, tensor: name, "has \(offsets[1] - offsets[0]) bytes, which do not fit the shape \(shape) of \(spelling)")
        }
        return TensorListing(
            name: name, shape: shape, storedType: spelling, elementType: type.elementType, path: path, offset: dataStart + offsets[0],
            byteCount: offsets[1] - offsets[0])
    }

    private static func counts(_ name: String, _ value: JSONValue?, _ key: String, _ path: String) throws(TrainerError) -> [Int] {
        guard case .array(let elements) = value else { throw .format(path, tensor: name, "has no list \(key)") }
        var counts: [Int] = []
        for element in elements {
            guard case .number(let text) = element, let count = Int(text), count >= 0 else {
                throw .format(path, tensor: name, "has \(element.shown) in its \(key), where a whole number from 0 is wanted")
            }
            counts.append(count)
        }
        return counts
    }

    /// Every byte after the header belongs to exactly one tensor.
    private static func checkNoHoles(_ listings: [TensorListing], _ file: MappedFile, dataStart: Int) throws(TrainerError) {
        var end = dataStart
        for listing in listings {
            guard listing.offset == end else {
                let (place, what) = (listing.offset - dataStart, listing.offset < end ? "overlaps the tensor before it" : "leaves a hole before it")
                throw .format(file.path, tensor: listing.name, "begins at byte \(place) of the data and \(what), which ends at \(end - dataStart)")
            }
            end += listing.byteCount
        }
        guard end == file.bytes.count else {
            let rest = file.bytes.count - end
            throw .format(file.path, at: end, "\(rest) bytes after the last tensor belong to none", remedy: fetchAgain)
        }
    }

    private static func metadata(_ value: JSONValue?, _ path: String) throws(TrainerError) -> [String: String] {
        guard let value else { return [:] }
        guard case .object(let object) = value else { throw .format(path, at: 8, "__metadata__ is \(value.shown), not an object") }
        var metadata: [String: String] = [:]
        for key in object.keys {
            guard case .string(let text) = object[key] else { throw .format(path, at: 8, "__metadata__.\(key) is not a string") }
            metadata[key] = text
        }
        return metadata
    }
}

/// The product of counts; nil if it exceeds what an `Int` holds.
func product(_ counts: [Int]) -> Int? {
    if counts.contains(0) { return 0 }
    var product = 1
    for count in counts {
        let (next, overflow) = product.multipliedReportingOverflow(by: count)
        if overflow { return nil }
        product = next
    }
    return product
}
