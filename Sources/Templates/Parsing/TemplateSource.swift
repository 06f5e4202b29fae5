import Support

/// A template's text and name; places in it are byte offsets, which errors give as line and column.
struct TemplateSource: Sendable {
    /// What errors call the template: a file's path, as a rule.
    let name: String
    /// As Jinja reads it: every line break is `\n`, and one at the very end is dropped.
    let bytes: [UInt8]

    init(_ text: String, name: String) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        var previous: UInt8 = 0
        for byte in text.utf8 {
            if byte == UInt8(ascii: "\r") {
                bytes.append(UInt8(ascii: "\n"))
            } else if byte != UInt8(ascii: "\n") || previous != UInt8(ascii: "\r") {
                bytes.append(byte)
            }
            previous = byte
        }
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        self.bytes = bytes
        self.name = name
    }

    /// A `format` error whose subject is the template with line and column, both counted from 1, columns in characters.
    func error(_ problem: String, at offset: Int) -> TrainerError {
        let before = bytes[..<min(max(offset, 0), bytes.count)]
        let line = before.count { $0 == UInt8(ascii: "\n") } + 1
        let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        let column = before[lineStart...].count { $0 & 0xC0 != 0x80 } + 1
        return TrainerError(.format, "\(name): line \(line), column \(column)", problem)
    }
}
