import Formats
import Support
import Tensors

/// A tensor of one file on its way into another: its rows in the other's order and in the other's type.
struct ConvertedTensor {
    /// In the target.
    let name: String
    /// In the target.
    let type: ElementType
    let entry: TensorEntry
    let source: any TensorSource
    /// Which row of the entry the target has in a row; nil where it is the same row.
    let sourceRow: ((Int) -> Int)?
    let device: any Device

    var rows: Int { entry.shape.count == 1 ? 1 : entry.shape[0] }
    var columns: Int { entry.shape.last ?? 1 }
    var byteCount: Int { type.byteCount(entry.elementCount) }

    /// Elements that are in memory at a time.
    private static let pieceCount = 1 << 20

    /// Calls `body` with ranges of the target's rows that fit in memory.
    func forEachPiece(_ body: (Range<Int>) throws(TrainerError) -> Void) throws(TrainerError) {
        let height = max(1, Self.pieceCount / max(1, columns))
        for first in stride(from: 0, to: rows, by: height) { try body(first..<min(first + height, rows)) }
    }

    /// The tensor for a writer; `finished` is called when its last byte was given.
    func toWrite(finished: @escaping () -> Void) -> TensorToWrite {
        TensorToWrite(name, type, entry.shape) { (sink) throws(TrainerError) in
            try forEachPiece { (rows) throws(TrainerError) in
                if type == entry.elementType {
                    for bytes in storedRows(rows) { try sink(bytes) }
                } else {
                    try encoded(decodedRows(rows)).withBytes(sink)
                }
            }
            source.forget(entry)
            finished()
        }
    }

    /// The source's values of the target's rows, as float32.
    func decodedRows(_ rows: Range<Int>) throws(TrainerError) -> Tensor {
        let stored = try device.tensor(rows.count, columns, entry.elementType, .scratch)
        var first = 0
        for bytes in storedRows(rows) {
            let count = bytes.count / entry.elementType.byteCount(columns)
            device.upload(bytes, to: stored.rows(first..<first + count))
            first += count
        }
        let decoded = try device.tensor(rows.count, columns, .float32, .scratch)
        device.decode(decoded, Weight(stored), rows: 0..<rows.count)
        return decoded
    }

    /// The source's bytes of the target's rows: all at once where they lie in that order, else row by row.
    private func storedRows(_ rows: Range<Int>) -> [UnsafeRawBufferPointer] {
        let rowBytes = entry.elementType.byteCount(columns)
        guard let sourceRow else { return [UnsafeRawBufferPointer(rebasing: entry.bytes[rows.lowerBound * rowBytes..<rows.upperBound * rowBytes])] }
        return rows.map { row in UnsafeRawBufferPointer(rebasing: entry.bytes[sourceRow(row) * rowBytes..<(sourceRow(row) + 1) * rowBytes]) }
    }

    private func encoded(_ values: Tensor) throws(TrainerError) -> Tensor {
        if type == .float32 { return values }
        let encoded = try device.tensor(values.rows, values.columns, type, .scratch)
        device.encode(encoded, values)
        return encoded
    }
}

extension Tensor {
    /// Hands over a copy of the tensor's bytes.
    fileprivate func withBytes(_ body: (UnsafeRawBufferPointer) throws(TrainerError) -> Void) throws(TrainerError) {
        var bytes = [UInt8](repeating: 0, count: byteCount)
        bytes.withUnsafeMutableBytes { device.download(self, to: $0) }
        try bytes.withUnsafeBufferPointer { (bytes) throws(TrainerError) in try body(UnsafeRawBufferPointer(bytes)) }
    }
}
