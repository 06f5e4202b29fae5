/// Columns of text for people, aligned; long cells are broken into lines.
public struct TextTable: Sendable {
    public enum Alignment: Sendable {
        case left, right
    }

    public struct Column: Sendable {
        public var title: String
        public var alignment: Alignment
        /// Cells wider than this are broken into lines.
        public var widest: Int

        public init(_ title: String, _ alignment: Alignment = .left, widest: Int = .max) {
            self.title = title
            self.alignment = alignment
            self.widest = max(1, widest)
        }
    }

    private let columns: [Column]
    private var rows: [[String]] = []

    public init(_ columns: [Column]) { self.columns = columns }

    /// - Precondition: `cells` has one text per column.
    public mutating func add(_ cells: [String]) {
        precondition(cells.count == columns.count, "TextTable.add: \(cells.count) cells for \(columns.count) columns")
        rows.append(cells)
    }

    /// The titles, a rule, then the rows; two spaces between columns, no spaces at the ends of lines. Titles that are all empty are left out.
    public var text: String {
        let broken = rows.map { row in zip(row, columns).map { lines(of: $0, width: $1.widest) } }
        let widths = columns.indices.map { index in
            broken.flatMap { $0[index] }.map(displayWidth).reduce(displayWidth(columns[index].title), max)
        }
        func line(_ cells: [String]) -> String {
            var out = ""
            for (index, cell) in cells.enumerated() {
                let padding = String(repeating: " ", count: widths[index] - displayWidth(cell))
                out += (index == 0 ? "" : "  ") + (columns[index].alignment == .left ? cell + padding : padding + cell)
            }
            while out.last == " " { out.removeLast() }
            return out
        }
        var out: [String] = []
        if columns.contains(where: { !$0.title.isEmpty }) {
            out = [line(columns.map(\.title)), line(widths.map { String(repeating: "-", count: $0) })]
        }
        for row in broken {
            let height = row.map(\.count).max() ?? 0
            for index in 0..<height { out.append(line(row.map { index < $0.count ? $0[index] : "" })) }
        }
        return out.map { $0 + "\n" }.joined()
    }
}

/// The lines of a text, broken at spaces where it is wider than `width` columns, and inside words that are wider than that alone.
public func lines(of text: String, width: Int) -> [String] {
    text.split(separator: "\n", omittingEmptySubsequences: false).flatMap { paragraph -> [String] in
        var lines: [String] = []
        var current = ""
        for word in paragraph.split(separator: " ", omittingEmptySubsequences: false) {
            let joined = lines.isEmpty && current.isEmpty ? String(word) : current + " " + word
            if displayWidth(joined) <= width {
                current = joined
                continue
            }
            if !current.isEmpty { lines.append(current) }
            current = ""
            for character in word {
                if displayWidth(current) + displayWidth(String(character)) > width, !current.isEmpty {
                    lines.append(current)
                    current = ""
                }
                current.append(character)
            }
        }
        return lines + [current]
    }
}

/// The columns that a text takes on a terminal: two for East Asian wide characters and emoji, one for the others.
///
/// Ranges are the blocks that Unicode Standard Annex 11 calls wide; marks that combine are part of their character.
public func displayWidth(_ text: String) -> Int {
    text.reduce(0) { width, character in
        guard let scalar = character.unicodeScalars.first else { return width }
        if scalar.value < 0x20 || scalar.value == 0x7F { return width }
        let wide: [ClosedRange<UInt32>] = [
            0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6,
            0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF, 0x20000...0x3FFFD,
        ]
        let isEmoji = scalar.properties.isEmojiPresentation || character.unicodeScalars.contains { $0.value == 0xFE0F }
        return width + (isEmoji || wide.contains { $0.contains(scalar.value) } ? 2 : 1)
    }
}
