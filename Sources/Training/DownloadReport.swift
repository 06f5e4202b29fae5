import Foundation
public import Hub
import Reporting
import Support

/// Shows a download as it goes: on a terminal one line that is written again and again, elsewhere a plain line every ten seconds.
public final class DownloadReport {
    private let width: () -> Int?
    private let write: (String) -> Void
    private let now: () -> ContinuousClock.Instant
    private var lastShown: ContinuousClock.Instant?
    private var isLineOpen = false
    /// Where and when the bytes that count for the rate began; what an earlier attempt left was not fetched now.
    private var start: (bytes: Int, time: ContinuousClock.Instant)?
    private var begin: ContinuousClock.Instant?

    /// - Parameters:
    ///   - width: The terminal's columns; nil for plain lines.
    ///   - write: Takes the text, with line ends where they belong.
    public init(width: @escaping () -> Int?, now: @escaping () -> ContinuousClock.Instant = { .now }, write: @escaping (String) -> Void) {
        self.width = width
        self.now = now
        self.write = write
    }

    /// Shows downloads on standard error, which leaves standard output to what the command was asked for.
    public static func standardError() -> DownloadReport {
        DownloadReport(width: { isatty(STDERR_FILENO) == 1 ? Terminal.width() ?? 80 : nil }) { text in
            try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
        }
    }

    public func show(_ event: HubEvent) {
        switch event {
        case .begins(let files, let bytes):
            (start, begin, lastShown) = (nil, now(), nil)
            say("fetching \(files) \(files == 1 ? "file" : "files"), \(ByteCount(bytes))")
        case .progress(let file, let bytes, let size, let total, let ofTotal): progress(file, bytes, size, total, ofTotal)
        case .retries(let reason, let after): say("\(reason); trying again in \(after.words)")
        case .waits(let file): say("another process fetches \(file); waiting for it")
        case .ends(let bytes):
            let duration = begin.map { now() - $0 } ?? .zero
            say("fetched \(ByteCount(bytes)) in \(duration.words)")
        }
    }

    private func progress(_ file: String, _ bytes: Int, _ size: Int, _ total: Int, _ ofTotal: Int) {
        let now = now()
        guard let start, total >= start.bytes else {
            start = (total, now)
            return
        }
        let columns = width()
        let interval: Duration = columns == nil ? .seconds(10) : .milliseconds(100)
        if let last = lastShown ?? (columns == nil ? start.time : nil), now - last < interval { return }
        lastShown = now
        let seconds = max((now - start.time).seconds, 1e-3)
        let rate = Double(total - start.bytes) / seconds
        let left = rate > 0 ? "  \(Duration.seconds(Double(ofTotal - total) / rate).clock) left" : ""
        let text = "\(file)  \(ByteCount(total)) of \(ByteCount(ofTotal))  \(ByteCount(Int(rate)))/s\(left)"
        if let columns {
            write("\r\u{1B}[K" + text.prefix(max(0, columns - 1)))
            isLineOpen = true
        } else {
            write(text + "\n")
        }
    }

    private func say(_ line: String) {
        write((isLineOpen ? "\r\u{1B}[K" : "") + line + "\n")
        isLineOpen = false
    }
}
