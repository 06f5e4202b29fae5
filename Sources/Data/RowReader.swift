import Formats
import Support

/// Reads the rows of a data set.
struct RowReader: Sendable {
    let files: DataFiles
    /// Which column holds a field, where it has another name.
    let columns: RowColumns

    init(files: DataFiles, columns: RowColumns = RowColumns()) {
        self.files = files
        self.columns = columns
    }

    /// The kind of the first row.
    ///
    /// - Throws: `format` if there is no row, or the first is malformed, or has the fields of no kind or of several.
    func kind() throws(TrainerError) -> RowKind {
        for index in 0..<files.recordCount {
            guard let record = try files.record(index) else { continue }
            let fields = try columns.fields(of: record, place: files.name(ofRecord: index))
            let kinds = RowKind.allCases.filter { kind in kind.fields.contains { fields[$0] != nil } }
            if kinds.count == 1 { return kinds[0] }
            guard kinds.isEmpty else {
                throw error(
                    index, "has fields of several kinds of rows: \(kinds.map(\.name).joined(separator: "; "))",
                    remedy: "Keep those of one kind, or name columns in data.columns")
            }
            let found = record.keys.isEmpty ? "no fields" : "the fields " + record.keys.sorted().joined(separator: ", ")
            let wanted = alternatives(RowKind.allCases.map(\.name))
            throw error(index, "has \(found)", remedy: "Rows need \(wanted); say in data.columns which column is which")
        }
        throw TrainerError(
            .format, files.name, "has no rows", remedy: "Write one JSON object per line, with prompt and completion, messages, or text")
    }

    /// A record's row. Fields of other names are ignored.
    ///
    /// - Throws: `format` with file and line: a field that is missing or of the wrong type, a row of another kind.
    func row(_ index: Int, _ record: JSONObject, kind: RowKind) throws(TrainerError) -> SourceRow {
        let name = { files.name(ofRecord: index) }
        let fields = try columns.fields(of: record, place: name())
        if let missing = kind.fields.first(where: { fields[$0] ?? .null == .null }) { throw disagreement(index, "has no \(missing)", kind) }
        if let other = RowKind.allCases.first(where: { $0 != kind && $0.fields.contains { fields[$0] != nil } }) {
            throw disagreement(index, "has \(other.fields.first { fields[$0] != nil } ?? other.name) beside its \(kind.fields[0])", kind)
        }
        let row = Fields(values: fields, name: name)
        switch kind {
        case .text: return .text(try row.text("text"))
        case .pairs: return .pair(prompt: try row.text("prompt"), completion: try row.text("completion"))
        case .instructions: return .chat(messages: try row.instruction(), tools: nil)
        case .messages: return .chat(messages: try row.messages(), tools: try row.structure("tools"))
        case .conversations: return .chat(messages: try row.conversation(), tools: try row.structure("tools"))
        }
    }

    private func error(_ index: Int, _ problem: String, remedy: String? = nil) -> TrainerError {
        TrainerError(.format, files.name(ofRecord: index), problem, remedy: remedy)
    }

    private func disagreement(_ index: Int, _ problem: String, _ wanted: RowKind) -> TrainerError {
        error(index, problem, remedy: "The first row has \(wanted.name), and all rows must")
    }
}

/// The fields of one row.
private struct Fields {
    let values: [String: JSONValue]
    /// How an error names the row; only errors need it, and finding a line takes time.
    let name: () -> String

    func error(_ problem: String, remedy: String? = nil) -> TrainerError { TrainerError(.format, name(), problem, remedy: remedy) }

    func text(_ field: String) throws(TrainerError) -> String {
        guard case .string(let text) = values[field] ?? .null else { throw error("\(field) is not a string") }
        return text
    }

    /// A text that may be missing or null.
    func optionalText(_ field: String) throws(TrainerError) -> String? { values[field] ?? .null == .null ? nil : try text(field) }

    /// A list or object; in a table its JSON text. nil if there is none.
    func structure(_ field: String) throws(TrainerError) -> JSONValue? {
        switch values[field] ?? .null {
        case .null: return nil
        case .string(let text) where text.isEmpty: return nil
        case .string(let text):
            do { return try JSONValue.parse(Array(text.utf8), path: "") } catch { throw self.error("\(field) is a string that is not JSON") }
        case let value: return value
        }
    }

    func objects(_ field: String) throws(TrainerError) -> [JSONObject] {
        guard case .array(let items)? = try structure(field) else { throw error("\(field) is not a list") }
        guard !items.isEmpty else { throw error("\(field) is empty") }
        var objects: [JSONObject] = []
        for (place, item) in items.enumerated() {
            guard case .object(let object) = item else { throw error("\(field)[\(place)] is \(item.shown), not an object") }
            objects.append(object)
        }
        return objects
    }

    /// Alpaca's fields as a conversation of two turns.
    func instruction() throws(TrainerError) -> [JSONObject] {
        let (instruction, input) = (try text("instruction"), try optionalText("input") ?? "")
        let question = input.isEmpty ? instruction : instruction + "\n\n" + input
        return try system() + [ChatRoles.message("user", question), ChatRoles.message("assistant", text("output"))]
    }

    private func system() throws(TrainerError) -> [JSONObject] {
        let text = try optionalText("system") ?? ""
        return text.isEmpty ? [] : [ChatRoles.message("system", text)]
    }

    func messages() throws(TrainerError) -> [JSONObject] {
        let messages = try objects("messages")
        for (place, message) in messages.enumerated() { _ = try role(message["role"], "messages[\(place)].role") }
        return messages
    }

    /// ShareGPT's list with its roles named as templates name them; items that have `role` and `content` already are left as they are.
    func conversation() throws(TrainerError) -> [JSONObject] {
        var messages = try system()
        for (place, item) in try objects("conversations").enumerated() {
            let name = "conversations[\(place)]"
            if item["role"] != nil, item["from"] == nil {
                _ = try role(item["role"], "\(name).role")
                messages.append(item)
                continue
            }
            let from = try role(item["from"], "\(name).from")
            guard case .string(let value) = item["value"] ?? .null else { throw error("\(name).value is not a string") }
            messages.append(ChatRoles.message(ChatRoles.byShareGPTName[from] ?? from, value))
        }
        return messages
    }

    private func role(_ value: JSONValue?, _ name: String) throws(TrainerError) -> String {
        guard case .string(let role) = value ?? .null else { throw error("\(name) is not a string") }
        return role
    }
}
