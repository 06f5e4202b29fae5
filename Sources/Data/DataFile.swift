import Foundation
import Formats
import SwiftCSV
public import Support

/// How a data file is cut into records, and what a record is.
public enum DataFormat: String, CaseIterable, ConfigurationValue {
    /// By its name: `.csv`, `.tsv`, `.txt` and `.md` are what they say; anything else is JSON, a list if it begins with `[`, else lines.
    case auto
    /// A JSON object on each line.
    case jsonl
    /// One list of JSON objects.
    case json
    /// A record on each line, or on several where a field in quotes has line feeds (RFC 4180); the first names the columns.
    case csv
    /// As csv, with tabs between the fields.
    case tsv
    /// The whole file is the text of one row.
    case text
}

/// A data file read record by record from mapped memory; only where its records lie is kept.
public struct DataFile: Sendable {
    private let file: MappedFile
    public let format: DataFormat
    /// Where each record lies in the file.
    private let records: [Range<Int>]
    /// The names of a table's columns.
    private let header: [String]

    /// Finds the records. A byte order mark in front is skipped.
    ///
    /// - Throws: `file` if the file can't be read; `format` if a list is malformed or a table has no header.
    public init(path: String, format: DataFormat = .auto) throws(TrainerError) {
        file = try MappedFile(path: path)
        let bytes = file.bytes
        let start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        self.format = format == .auto ? DataFormat.of(path, bytes.dropFirst(start)) : format
        var cutter = RecordCutter(bytes: bytes, position: start, path: path)
        switch self.format {
        case .auto, .jsonl: records = cutter.lines()
        case .json: records = try cutter.elements()
        case .csv, .tsv: records = cutter.tableRows()
        case .text: records = start < bytes.count ? [start..<bytes.count] : []
        }
        guard self.format == .csv || self.format == .tsv else {
            header = []
            return
        }
        guard let first = records.first else { throw TrainerError(.format, path, "has no header", remedy: "Name the columns in the first line") }
        header = try Self.fields(bytes[first], self.format, "\(path):1")
    }

    public var path: String { file.path }

    /// Records, a table's header apart; lines of white space among them.
    public var recordCount: Int { records.count - (header.isEmpty ? 0 : 1) }

    public var byteCount: Int { file.bytes.count }

    private func range(_ index: Int) -> Range<Int> { records[index + (header.isEmpty ? 0 : 1)] }

    /// A record's bytes with its line ending, `index` from 0.
    func bytes(_ index: Int) -> [UInt8] { Array(file.bytes[range(index)]) }

    /// The byte at which a record starts.
    func start(_ index: Int) -> Int { range(index).lowerBound }

    /// How an error names a record: `path:line`, counted from 1.
    func name(ofRecord index: Int) -> String { "\(path):\(line(ofRecord: index))" }

    /// The line on which a record starts, from 1. Counts the lines before it, unless each is a record.
    func line(ofRecord index: Int) -> Int {
        if format == .jsonl { return index + 1 }
        return 1 + file.bytes[..<range(index).lowerBound].reduce(0) { $0 + ($1 == UInt8(ascii: "\n") ? 1 : 0) }
    }

    func addContent(to checksum: inout Checksum) { checksum.add(file.bytes) }

    /// A record as an object; nil for a line of white space.
    ///
    /// - Throws: `format` with file and line: bytes that are not UTF-8, malformed JSON or something other than an object, more or fewer fields than
    ///   columns.
    func record(_ index: Int) throws(TrainerError) -> JSONObject? {
        let bytes = bytes(index)
        if format != .text, bytes.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }) { return nil }
        let name = name(ofRecord: index)
        switch format {
        case .text: return JSONObject([("text", .string(try Self.text(bytes[...], name)))])
        case .csv, .tsv:
            let fields = try Self.fields(bytes[...], format, name)
            guard fields.count == header.count else {
                throw TrainerError(
                    .format, name, "has \(fields.count) fields, but the header names \(header.count) columns",
                    remedy: "Put fields that hold commas, quotes or line feeds in double quotes")
            }
            return JSONObject(Array(zip(header, fields.map { .string($0) })))
        case .auto, .jsonl, .json: return try Self.object(bytes, name)
        }
    }

    private static func object(_ bytes: [UInt8], _ name: String) throws(TrainerError) -> JSONObject {
        _ = try text(bytes[...], name)
        let value: JSONValue
        do {
            value = try JSONValue.parse(bytes, path: name)
        } catch {
            throw TrainerError(.format, name, "is not valid JSON: \(error.problem)", remedy: "Write one JSON object per line, or a list of them")
        }
        guard case .object(let object) = value else {
            throw TrainerError(.format, name, "is \(value.shown), not a JSON object", remedy: "Write one JSON object per line, or a list of them")
        }
        return object
    }

    private static func text(_ bytes: ArraySlice<UInt8>, _ name: String) throws(TrainerError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw TrainerError(.format, name, "has bytes that are not UTF-8", remedy: "Save the file as UTF-8")
        }
        return text
    }

    private static func fields(_ bytes: some Collection<UInt8>, _ format: DataFormat, _ name: String) throws(TrainerError) -> [String] {
        var line = try text(Array(bytes)[...], name)
        while line.last?.isNewline == true { line.removeLast() }
        do {
            return try EnumeratedCSV(string: line, delimiter: format == .tsv ? .tab : .comma, loadColumns: false).header
        } catch {
            throw TrainerError(.format, name, "breaks the rules for quotes in tables", remedy: "Write a quote inside quotes twice")
        }
    }
}

extension DataFormat {
    /// What a file is by its name and, for JSON, its first byte.
    fileprivate static func of(_ path: String, _ bytes: some Collection<UInt8>) -> DataFormat {
        switch URL(fileURLWithPath: path).pathExtension.lowercased() {
        case "csv": .csv
        case "tsv": .tsv
        case "txt", "md": .text
        default: bytes.first { $0 != 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D } == UInt8(ascii: "[") ? .json : .jsonl
        }
    }
}
