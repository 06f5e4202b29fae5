import Foundation
public import Support

/// A text file read line by line from mapped memory; only where its lines start is kept.
public struct LineFile: Sendable {
    private let file: MappedFile
    /// The byte at which each line starts, and where the last ends: one more than there are lines.
    private let starts: [Int]

    /// Finds the lines, ended by line feeds; the last may lack its own. A byte order mark in front is skipped.
    ///
    /// - Throws: `file` if the file can't be read.
    public init(path: String) throws(TrainerError) {
        file = try MappedFile(path: path)
        let bytes = file.bytes
        var starts = [bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0]
        for index in bytes.indices where bytes[index] == UInt8(ascii: "\n") { starts.append(index + 1) }
        if let last = starts.last, last < bytes.count { starts.append(bytes.count) }
        self.starts = starts
    }

    public var path: String { file.path }
    public var lineCount: Int { starts.count - 1 }

    /// A line's bytes with its line ending, `index` from 0.
    func line(_ index: Int) -> Data { Data(file.bytes[starts[index]..<starts[index + 1]]) }

    /// How an error names a line: `path:line`, counted from 1.
    func name(ofLine index: Int) -> String { "\(path):\(index + 1)" }

    /// The lines of one of `count` shares, which are of near equal size in bytes and together hold each line once.
    public func share(_ index: Int, of count: Int) -> Range<Int> {
        precondition(index >= 0 && index < count, "LineFile.share: share \(index) of \(count)")
        let size = file.bytes.count
        let first = firstLine(from: size / count * index + size % count * index / count)
        return first..<(index + 1 == count ? lineCount : firstLine(from: size / count * (index + 1) + size % count * (index + 1) / count))
    }

    /// The first line that starts at a byte or after it.
    private func firstLine(from byte: Int) -> Int {
        var low = 0
        var high = lineCount
        while low < high {
            let middle = (low + high) / 2
            if starts[middle] < byte { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// A checksum of the whole file.
    public var contentHash: UInt64 {
        var checksum = Checksum()
        checksum.add(file.bytes)
        return checksum.value
    }
}
