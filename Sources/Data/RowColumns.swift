import Formats
public import Support

/// Which columns of a data set hold the fields of its rows, where they have names of their own.
public struct RowColumns: ConfigurationValue {
    /// A field's column.
    public var names: [String: String] = [:]

    public init(_ names: [String: String] = [:]) { self.names = names }

    static let known = [
        "completion", "conversations", "input", "instruction", "messages", "output", "prompt", "system", "text", "tools",
    ]

    public static var wanted: String {
        "a section of fields with their columns, such as {prompt: question, completion: answer}; fields are \(known.joined(separator: ", "))"
    }

    public init?(configuration node: ConfigurationNode) {
        guard case .section(let entries) = node.content else { return nil }
        for entry in entries {
            guard Self.known.contains(entry.name), let column = String(configuration: entry.node) else { return nil }
            names[entry.name] = column
        }
    }

    public var configuration: ConfigurationNode {
        ConfigurationNode(.section(names.sorted { $0.key < $1.key }.map { ConfigurationNode.Entry($0.key, .text($0.value)) }))
    }

    /// A record's fields by their own names. A column that is named for one field is not also another's.
    ///
    /// - Throws: `format` if a named column is missing.
    func fields(of record: JSONObject, place: @autoclosure () -> String) throws(TrainerError) -> [String: JSONValue] {
        var fields: [String: JSONValue] = [:]
        let taken = Set(names.values)
        for field in Self.known {
            if let column = names[field] {
                guard let value = record[column] else {
                    throw TrainerError(
                        .format, place(), "has no column '\(column)', which data.columns names for \(field)",
                        remedy: record.keys.isEmpty ? nil : "Its columns are \(record.keys.joined(separator: ", "))")
                }
                fields[field] = value
            } else if let value = record[field], !taken.contains(field) {
                fields[field] = value
            }
        }
        return fields
    }
}
