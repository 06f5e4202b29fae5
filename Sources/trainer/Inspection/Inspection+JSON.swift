import Formats
import Support

extension Inspection {
    /// Everything as one JSON object; lists of metadata longer than 64 are cut, with their length.
    var json: JSONValue {
        var object = JSONObject([("path", .string(path)), ("format", .string(format))])
        object["architecture"] = architecture.map { .string($0) } ?? .null
        object["tensor_count"] = .integer(listings.count)
        object["parameter_count"] = .integer(parameterCount)
        object["byte_count"] = .integer(byteCount)
        object["metadata"] = .object(JSONObject(metadata.map { ($0.key, Self.cut($0.value)) }))
        object["tensors"] = .array(
            listings.map { listing in
                .object(
                    JSONObject([
                        ("name", .string(listing.name)), ("type", .string(listing.storedType)), ("shape", .integers(listing.shape)),
                        ("bytes", .integer(listing.byteCount)), ("file", .string(listing.path)), ("offset", .integer(listing.offset)),
                    ]))
            })
        return .object(object)
    }

    private static func cut(_ value: JSONValue) -> JSONValue {
        guard case .array(let elements) = value, elements.count > 64 else { return value }
        return .object(JSONObject([("count", .integer(elements.count)), ("first", .array(Array(elements.prefix(64))))]))
    }
}
