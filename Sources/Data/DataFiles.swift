import Formats
import Glibc
public import Support

/// The files of a data set as one list of records.
public struct DataFiles: Sendable {
    public let files: [DataFile]
    /// The number of each file's first record, and of all records at the end.
    private let firsts: [Int]

    /// Opens files by their paths or by patterns with `*`, `?` and `[ ]`, whose matches come in the order of their names. A file that is named twice is
    /// read once.
    ///
    /// - Throws: `file` if one can't be read or a pattern matches none; `format` as `DataFile` does.
    public init(_ patterns: [String], format: DataFormat = .auto) throws(TrainerError) {
        var files: [DataFile] = []
        for path in try Self.paths(patterns) { files.append(try DataFile(path: path, format: format)) }
        self.files = files
        firsts = files.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.recordCount) }
    }

    public var recordCount: Int { firsts[files.count] }

    public var byteCount: Int { files.reduce(0) { $0 + $1.byteCount } }

    var paths: [String] { files.map(\.path) }

    /// How errors about the whole name it.
    public var name: String { Self.name(of: paths) }

    static func name(of paths: [String]) -> String { paths.count == 1 ? paths[0] : "\(paths.first ?? "") and \(paths.count - 1) more" }

    /// The file that a record is in, and its number there.
    private func find(_ index: Int) -> (file: Int, record: Int) {
        var (low, high) = (0, files.count - 1)
        while low < high {
            let middle = (low + high + 1) / 2
            if firsts[middle] <= index { low = middle } else { high = middle - 1 }
        }
        return (low, index - firsts[low])
    }

    /// A record as an object; nil for a line of white space.
    func record(_ index: Int) throws(TrainerError) -> JSONObject? {
        let (file, record) = find(index)
        return try files[file].record(record)
    }

    /// Hands over some records in order.
    func forEach(_ records: Range<Int>, _ body: (Int, JSONObject?) throws(TrainerError) -> Void) throws(TrainerError) {
        for (number, file) in files.enumerated() {
            let first = firsts[number]
            let own = records.clamped(to: first..<firsts[number + 1])
            guard !own.isEmpty else { continue }
            try file.forEach((own.lowerBound - first)..<(own.upperBound - first)) { (index, record) throws(TrainerError) in
                try body(first + index, record)
            }
        }
    }

    /// How an error names a record: `path:line`, counted from 1.
    public func name(ofRecord index: Int) -> String {
        let (file, record) = find(index)
        return files[file].name(ofRecord: record)
    }

    func place(ofRecord index: Int) -> RecordPlace {
        let (file, record) = find(index)
        return RecordPlace(file: file, line: files[file].line(ofRecord: record))
    }

    /// The records of one of `count` shares, which are of near equal size in bytes and together hold each of the first `limit` records once.
    func share(_ index: Int, of count: Int, limit: Int = .max) throws(TrainerError) -> Range<Int> {
        precondition(index >= 0 && index < count, "DataFiles.share: share \(index) of \(count)")
        let end = min(limit, recordCount)
        let size = try byteCount(ofFirst: end)
        let first = try firstRecord(from: size / count * index + size % count * index / count)
        let next = index + 1 == count ? end : try firstRecord(from: size / count * (index + 1) + size % count * (index + 1) / count)
        return min(first, end)..<min(next, end)
    }

    /// The bytes of the first records, counting what lies before them.
    func byteCount(ofFirst count: Int) throws(TrainerError) -> Int {
        guard count < recordCount else { return byteCount }
        let (file, record) = find(count)
        return try files[..<file].reduce(0) { $0 + $1.byteCount } + files[file].start(record)
    }

    /// The first record that starts at a byte or after it, counting the bytes of all files.
    private func firstRecord(from byte: Int) throws(TrainerError) -> Int {
        var start = 0
        for (number, file) in files.enumerated() {
            if byte < start + file.byteCount {
                var (low, high) = (0, file.recordCount)
                while low < high {
                    let middle = (low + high) / 2
                    if try file.start(middle) < byte - start { low = middle + 1 } else { high = middle }
                }
                return firsts[number] + low
            }
            start += file.byteCount
        }
        return recordCount
    }

    /// The files that patterns stand for, each once.
    ///
    /// - Throws: `file` if a pattern matches none.
    public static func paths(_ patterns: [String]) throws(TrainerError) -> [String] {
        var paths: [String] = []
        var known: Set<String> = []
        for pattern in patterns {
            for path in try matches(pattern) where known.insert(path).inserted { paths.append(path) }
        }
        return paths
    }

    private static func matches(_ pattern: String) throws(TrainerError) -> [String] {
        guard pattern.contains(where: { "*?[".contains($0) }), access(pattern, F_OK) != 0 else { return [pattern] }
        var found = glob_t()
        defer { globfree(&found) }
        guard glob(pattern, 0, nil, &found) == 0, let paths = found.gl_pathv else {
            throw TrainerError(.file, pattern, "matches no file", remedy: "Check the pattern and the folder that it is read from")
        }
        return (0..<Int(found.gl_pathc)).compactMap { paths[$0].map { String(cString: $0) } }
    }
}
