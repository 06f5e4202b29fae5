import Foundation
import Support

/// One row of a data file before it is tokenised.
enum SourceRow: Equatable {
    case pair(prompt: String, completion: String)
    case text(String)
}

/// What the rows of a file hold. All rows of a file are of one kind, that of the first.
public enum RowKind: String, Sendable {
    /// Fields `prompt` and `completion`.
    case pairs
    /// Field `text`.
    case text
}

/// Reads the rows of a file of JSON lines.
struct RowReader {
    private let file: LineFile
    private let decoder = JSONDecoder()

    init(file: LineFile) { self.file = file }

    /// The kind of the file's first row.
    ///
    /// - Throws: `format` if there is no row, or the first is malformed, or has the fields of neither kind or of both.
    func kind() throws(TrainerError) -> RowKind {
        guard let first = (0..<file.lineCount).first(where: { !isBlank(file.line($0)) }) else {
            throw TrainerError(.format, file.path, "has no rows", remedy: "Write one JSON object per line, with prompt and completion, or with text")
        }
        let fields = try fields(file.line(first), first)
        switch (fields.text != nil, fields.prompt != nil || fields.completion != nil) {
        case (true, false): return .text
        case (false, true): return .pairs
        case (true, true):
            throw error(first, "has both text and prompt or completion", remedy: "Keep text alone, or prompt and completion")
        case (false, false):
            let found = fieldNames(file.line(first))
            let list = found.isEmpty ? "no fields" : "the fields " + found.joined(separator: ", ")
            throw error(first, "has \(list)", remedy: "Rows need prompt and completion, or text")
        }
    }

    /// The row in a line; nil if the line is blank. Fields of other names are ignored.
    ///
    /// - Throws: `format` with file and line: bytes that are not UTF-8, malformed JSON, a field that is missing or no string, a row of another kind.
    func row(_ index: Int, kind: RowKind) throws(TrainerError) -> SourceRow? {
        let line = file.line(index)
        if isBlank(line) { return nil }
        let fields = try fields(line, index)
        switch kind {
        case .text:
            if let text = fields.text, fields.prompt == nil, fields.completion == nil { return .text(text) }
            throw disagreement(index, fields.text == nil ? "has no text" : "has prompt or completion beside its text", "text")
        case .pairs:
            if let prompt = fields.prompt, let completion = fields.completion, fields.text == nil {
                return .pair(prompt: prompt, completion: completion)
            }
            let problem = fields.prompt == nil ? "has no prompt" : fields.completion == nil ? "has no completion" : "has text beside its prompt"
            throw disagreement(index, problem, "prompt and completion")
        }
    }

    private struct Fields: Decodable {
        let prompt: String?
        let completion: String?
        let text: String?
    }

    private func fields(_ line: Data, _ index: Int) throws(TrainerError) -> Fields {
        guard String(validating: line, as: UTF8.self) != nil else {
            throw error(index, "has bytes that are not UTF-8", remedy: "Save the file as UTF-8")
        }
        do {
            return try decoder.decode(Fields.self, from: line)
        } catch DecodingError.typeMismatch(_, let context) {
            if let field = context.codingPath.last { throw error(index, "\(field.stringValue) is not a string") }
            throw error(index, "is not a JSON object", remedy: "Write one object per line, not an array over many")
        } catch {
            throw self.error(index, "is not valid JSON\(reason(line))", remedy: "Write one JSON object per line")
        }
    }

    /// What Foundation's other parser says of malformed JSON; the decoder gives no reason.
    private func reason(_ line: Data) -> String {
        do {
            _ = try JSONSerialization.jsonObject(with: line)
            return ""
        } catch {
            let text = (error as NSError).userInfo["NSDebugDescription"] as? String
            return text.map { ": " + $0.prefix(1).lowercased() + $0.dropFirst().filter { $0 != "." } } ?? ""
        }
    }

    private func fieldNames(_ line: Data) -> [String] {
        let object = try? JSONSerialization.jsonObject(with: line) as? [String: Any]
        return (object ?? [:]).keys.sorted()
    }

    private func isBlank(_ line: Data) -> Bool { line.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D } }

    private func error(_ index: Int, _ problem: String, remedy: String? = nil) -> TrainerError {
        TrainerError(.format, file.name(ofLine: index), problem, remedy: remedy)
    }

    private func disagreement(_ index: Int, _ problem: String, _ wanted: String) -> TrainerError {
        error(index, problem, remedy: "The file's first row has \(wanted), and all rows must")
    }
}
