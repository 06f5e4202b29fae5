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

/// A data file read record by record from mapped memory; of its records only the start of every 256th is kept.
public struct DataFile: Sendable {
    private let file: MappedFile
    public let format: DataFormat
    private let marks: [Mark]
    /// The names of a table's columns.
    private let header: [String]
    /// Records, a table's header apart; lines of white space among them.
    public let recordCount: Int

    /// Where a record starts.
    private struct Mark {
        var byte: Int
        /// From 1.
        var line: Int
    }

    /// Records from one mark to the next: a search for one passes over half as many.
    private static let stride = 256
    /// Bytes passed over before their pages are given back: what is read once must not pile up in memory.
    private static let window = 8 << 20

    /// Finds the records. A byte order mark in front is skipped.
    ///
    /// - Throws: `file` if the file can't be read; `format` if a list is malformed or a table has no header.
    public init(path: String, format: DataFormat = .auto) throws(TrainerError) {
        file = try MappedFile(path: path)
        let start = file.bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        self.format = format == .auto ? DataFormat.of(path, file.bytes.dropFirst(start)) : format
        var cutter = RecordCutter(bytes: file.bytes, path: path, format: self.format, position: start)
        var marks: [Mark] = []
        var (count, kept, first) = (0, 0, 0..<0)
        while let record = try cutter.next() {
            if count == 0 { first = record }
            if count % Self.stride == 0 {
                let last = marks.last ?? Mark(byte: 0, line: 1)
                marks.append(Mark(byte: record.lowerBound, line: last.line + cutter.lineFeeds(in: last.byte..<record.lowerBound)))
            }
            count += 1
            if record.upperBound - kept > Self.window {
                file.forget(kept..<record.upperBound)
                kept = record.upperBound
            }
        }
        file.forget(kept..<file.bytes.count)
        self.marks = marks
        guard self.format == .csv || self.format == .tsv else {
            header = []
            recordCount = count
            return
        }
        guard count > 0 else { throw TrainerError(.format, path, "has no header", remedy: "Name the columns in the first line") }
        header = try Self.fields(file.bytes[first], self.format) { "\(path):1" }
        recordCount = count - 1
    }

    public var path: String { file.path }

    public var byteCount: Int { file.bytes.count }

    /// A cutter that stands before the last mark up to a record, and how many records it has to pass over.
    private func cutter(before index: Int) -> (cutter: RecordCutter, passing: Int) {
        let place = index + (header.isEmpty ? 0 : 1)
        let start = marks[place / Self.stride].byte
        return (RecordCutter(bytes: file.bytes, path: path, format: format, position: start, isInside: true), place % Self.stride)
    }

    /// The bytes of a record with its line ending, `index` from 0.
    private func range(_ index: Int) throws(TrainerError) -> Range<Int> {
        var (cutter, passing) = cutter(before: index)
        while passing > 0, try cutter.next() != nil { passing -= 1 }
        guard let record = try cutter.next() else { throw changed }
        return record
    }

    private var changed: TrainerError {
        TrainerError(.file, path, "has changed while it was read", remedy: "Start again when no other program writes it")
    }

    /// The byte at which a record starts; the file's size for that after the last.
    func start(_ index: Int) throws(TrainerError) -> Int { index == recordCount ? byteCount : try range(index).lowerBound }

    /// How an error names a record: `path:line`, counted from 1.
    func name(ofRecord index: Int) -> String { "\(path):\(line(ofRecord: index))" }

    /// The line on which a record starts, from 1.
    func line(ofRecord index: Int) -> Int {
        if format == .jsonl { return index + 1 }
        let (cutter, passing) = cutter(before: index)
        let mark = marks[(index + (header.isEmpty ? 0 : 1)) / Self.stride]
        guard passing > 0, let record = try? range(index) else { return mark.line }
        return mark.line + cutter.lineFeeds(in: mark.byte..<record.lowerBound)
    }

    /// Hands over some records in order, as `record` gives them; what lies behind is given back to the system.
    ///
    /// - Throws: What `record` throws, and what `body` throws.
    func forEach(_ indices: Range<Int>, _ body: (Int, JSONObject?) throws(TrainerError) -> Void) throws(TrainerError) {
        guard !indices.isEmpty else { return }
        var (cutter, passing) = cutter(before: indices.lowerBound)
        while passing > 0, try cutter.next() != nil { passing -= 1 }
        var kept = cutter.position
        for index in indices {
            guard let record = try cutter.next() else { throw changed }
            try body(index, try object(Array(file.bytes[record]), index))
            if record.upperBound - kept > Self.window {
                file.forget(kept..<record.upperBound)
                kept = record.upperBound
            }
        }
        file.forget(kept..<cutter.position)
    }

    /// A record as an object; nil for a line of white space.
    ///
    /// - Throws: `format` with file and line: bytes that are not UTF-8, malformed JSON or something other than an object, more or fewer fields than
    ///   columns.
    func record(_ index: Int) throws(TrainerError) -> JSONObject? { try object(Array(file.bytes[range(index)]), index) }

    private func object(_ bytes: [UInt8], _ index: Int) throws(TrainerError) -> JSONObject? {
        if format != .text, bytes.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }) { return nil }
        // Only errors need the name, and finding a line takes time.
        let name = { self.name(ofRecord: index) }
        switch format {
        case .text: return JSONObject([("text", .string(try Self.text(bytes[...], name)))])
        case .csv, .tsv:
            let fields = try Self.fields(bytes[...], format, name)
            guard fields.count == header.count else {
                throw TrainerError(
                    .format, name(), "has \(fields.count) fields, but the header names \(header.count) columns",
                    remedy: "Put fields that hold commas, quotes or line feeds in double quotes")
            }
            return JSONObject(Array(zip(header, fields.map { .string($0) })))
        case .auto, .jsonl, .json: return try Self.object(bytes, name)
        }
    }

    private static func object(_ bytes: [UInt8], _ name: () -> String) throws(TrainerError) -> JSONObject {
        _ = try text(bytes[...], name)
        let value: JSONValue
        do {
            value = try JSONValue.parse(bytes, path: "")
        } catch {
            throw TrainerError(.format, name(), "is not valid JSON: \(error.problem)", remedy: "Write one JSON object per line, or a list of them")
        }
        guard case .object(let object) = value else {
            throw TrainerError(.format, name(), "is \(value.shown), not a JSON object", remedy: "Write one JSON object per line, or a list of them")
        }
        return object
    }

    private static func text(_ bytes: ArraySlice<UInt8>, _ name: () -> String) throws(TrainerError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw TrainerError(.format, name(), "has bytes that are not UTF-8", remedy: "Save the file as UTF-8")
        }
        return text
    }

    private static func fields(_ bytes: some Collection<UInt8>, _ format: DataFormat, _ name: () -> String) throws(TrainerError) -> [String] {
        var line = try text(Array(bytes)[...], name)
        while line.last?.isNewline == true { line.removeLast() }
        do {
            return try EnumeratedCSV(string: line, delimiter: format == .tsv ? .tab : .comma, loadColumns: false).header
        } catch {
            throw TrainerError(.format, name(), "breaks the rules for quotes in tables", remedy: "Write a quote inside quotes twice")
        }
    }
}

extension DataFormat {
    /// The part of a file's name by which it is told how it is read.
    static func ending(of path: String) -> String { URL(fileURLWithPath: path).pathExtension.lowercased() }

    /// What a file is by its name and, for JSON, its first byte.
    fileprivate static func of(_ path: String, _ bytes: some Collection<UInt8>) -> DataFormat {
        switch ending(of: path) {
        case "csv": .csv
        case "tsv": .tsv
        case "txt", "md": .text
        default: bytes.first { $0 != 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D } == UInt8(ascii: "[") ? .json : .jsonl
        }
    }
}
