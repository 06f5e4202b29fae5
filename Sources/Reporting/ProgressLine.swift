import Foundation
import Support

/// Shows a run as it goes: on a terminal one line that is written again and again, elsewhere a plain line every few steps.
public final class ProgressLine {
    private let width: () -> Int?
    private let loggingSteps: Int
    private let leastInterval: Duration
    private let write: (String) -> Void
    private var remaining = RemainingTime()
    private var lastShown: ContinuousClock.Instant?
    private var isLineOpen = false
    private var hasShown = false

    /// - Parameters:
    ///   - loggingSteps: Steps between plain lines.
    ///   - leastInterval: How long a line on a terminal stands at least.
    ///   - width: The terminal's columns; nil for plain lines.
    ///   - write: Takes the text, with line ends where they belong.
    public init(loggingSteps: Int, leastInterval: Duration = .milliseconds(100), width: @escaping () -> Int?, write: @escaping (String) -> Void) {
        self.loggingSteps = max(1, loggingSteps)
        self.leastInterval = leastInterval
        self.width = width
        self.write = write
    }

    /// Shows a run on standard output.
    public static func standardOutput(loggingSteps: Int) -> ProgressLine {
        ProgressLine(loggingSteps: loggingSteps, width: Terminal.width) { text in
            try? FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
        }
    }

    /// Takes in a step, and shows it if it is due: the first, the last, every `loggingSteps`-th, and on a terminal each.
    public func show(_ record: StepRecord) {
        remaining.add(seconds: record.seconds)
        let isLast = record.step == record.totalSteps
        let left = isLast ? nil : remaining.estimate(steps: record.totalSteps - record.step)
        if let width = width() {
            let now = ContinuousClock.now
            if let lastShown, now - lastShown < leastInterval, !isLast { return }
            lastShown = now
            write("\r\u{1B}[K" + Self.terminalText(record, left: left, width: width))
            isLineOpen = true
            if isLast { finish() }
        } else if !hasShown || isLast || record.step.isMultiple(of: loggingSteps) {
            write(Self.plainText(record, left: left) + "\n")
        }
        hasShown = true
    }

    /// Writes a line of its own, such as a checkpoint's; the progress goes on below it.
    public func say(_ line: String) {
        write((isLineOpen ? "\r\u{1B}[K" : "") + line + "\n")
        isLineOpen = false
    }

    /// Ends the line on a terminal, so that what follows stands on its own.
    public func finish() {
        if isLineOpen { write("\n") }
        isLineOpen = false
    }
}

// MARK: - Text

extension ProgressLine {
    /// The line for a terminal, one column narrower than it: what matters least is left out first, a bar takes the room that is left.
    static func terminalText(_ record: StepRecord, left: Duration?, width: Int) -> String {
        // In the order of the line; a larger number is left out earlier.
        let pieces: [(text: String, expendable: Int)] = [
            ("\(record.step)/\(record.totalSteps)", 0), ("loss \(fixed(record.loss, 3))", 1), ("lr \(scientific(record.learningRate))", 4),
            ("\(speed(record)) tok/s", 3), (left.map { "\($0.clock) left" } ?? "", 2), (ByteCount(record.peakResidentBytes).description, 5),
        ].filter { !$0.text.isEmpty }
        let room = max(0, width - 1)
        var limit = 5
        func line() -> String { pieces.filter { $0.expendable <= limit }.map(\.text).joined(separator: "  ") }
        while line().count > room, limit > 0 { limit -= 1 }
        let text = String(line().prefix(room))
        let barRoom = min(room - text.count - 2, 32)
        guard barRoom >= 6 else { return text }
        let cells = barRoom - 2
        let done = record.totalSteps > 0 ? min(cells, cells * record.step / record.totalSteps) : cells
        return "[" + String(repeating: "#", count: done) + String(repeating: ".", count: cells - done) + "]  " + text
    }

    /// The line for a file.
    static func plainText(_ record: StepRecord, left: Duration?) -> String {
        var pieces = [
            "step \(record.step)/\(record.totalSteps)", "epoch \(fixed(record.epoch, 2))", "loss \(fixed(record.loss, 4))",
            "lr \(scientific(record.learningRate))", "norm \(fixed(record.gradientNorm, 3))", "\(speed(record)) tokens/s",
        ]
        if record.isSkipped { pieces.append("UPDATE SKIPPED") }
        if let left { pieces.append("\(left.clock) left") }
        pieces.append("peak \(ByteCount(record.peakResidentBytes))")
        return pieces.joined(separator: "  ")
    }

    private static func speed(_ record: StepRecord) -> String { grouped(Int(record.tokensPerSecond.rounded())) }

    private static func scientific(_ value: Double) -> String { String(format: "%.1e", value) }
}
