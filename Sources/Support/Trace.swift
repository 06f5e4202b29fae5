import Glibc

/// What one rank did when, for `chrome://tracing` and Perfetto.
///
/// Phases follow each other; operations and collectives lie within them. Only what is recorded costs anything, and a trace holds so many spans
/// and no more: those after that are counted, not kept.
public final class Trace {
    public enum Kind: String, Sendable {
        case phase, operation, collective
    }

    private struct Span {
        let kind: Kind
        let name: String
        /// Shapes or bytes; empty for none.
        let detail: String
        /// In nanoseconds of the real-time clock.
        let start: UInt64
        let end: UInt64
    }

    /// Whether operations and collectives are recorded; phases are in any case.
    public var isDetailed = false
    private let limit: Int
    private var spans: [Span] = []
    private var leftOutCount = 0
    private var phase: (name: String, start: UInt64)?

    /// - Parameter limit: The most spans that are kept, of about 150 bytes each in the file.
    public init(limit: Int = 200_000) { self.limit = limit }

    /// Begins a phase, and ends the one before.
    public func enter(_ name: String) {
        leave()
        phase = (name, Self.now)
    }

    /// Ends the phase, if there is one.
    public func leave() {
        guard let phase else { return }
        add(Span(kind: .phase, name: phase.name, detail: "", start: phase.start, end: Self.now))
        self.phase = nil
    }

    /// Does something and records how long it took, under a name and with what `detail` says of it.
    public func record<Value, Failure: Error>(
        _ kind: Kind, _ name: String, _ detail: @autoclosure () -> String, _ body: () throws(Failure) -> Value
    ) throws(Failure) -> Value {
        guard isDetailed else { return try body() }
        let start = Self.now
        defer { add(Span(kind: kind, name: name, detail: detail(), start: start, end: Self.now)) }
        return try body()
    }

    private func add(_ span: Span) {
        if spans.count < limit { spans.append(span) } else { leftOutCount += 1 }
    }

    private static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

// MARK: - The file

extension Trace {
    /// The trace as JSON, in the Trace Event Format: an event of type X per span, in microseconds.
    ///
    /// Times count from the midnight (UTC) before the first span, so that the files of several ranks can be laid side by side.
    public func json(rank: Int) -> [UInt8] {
        let day: UInt64 = 86_400_000_000_000
        let midnight = (spans.map(\.start).min() ?? 0) / day * day
        var lines = [
            "{\"name\":\"process_name\",\"ph\":\"M\",\"pid\":\(rank),\"tid\":0,\"args\":{\"name\":\"rank \(rank)\"}}",
            "{\"name\":\"process_sort_index\",\"ph\":\"M\",\"pid\":\(rank),\"tid\":0,\"args\":{\"sort_index\":\(rank)}}",
        ]
        // A viewer puts a span into the one before it that is still open, so the outer one comes first.
        for span in spans.sorted(by: { $0.start == $1.start ? $0.end > $1.end : $0.start < $1.start }) {
            let detail = span.detail.isEmpty ? "" : ",\"args\":{\"detail\":\(quoted(span.detail))}"
            let times = "\"ts\":\(microseconds(span.start - midnight)),\"dur\":\(microseconds(span.end &- span.start))"
            lines.append("{\"name\":\(quoted(span.name)),\"cat\":\"\(span.kind.rawValue)\",\"ph\":\"X\",\"pid\":\(rank),\"tid\":0,\(times)\(detail)}")
        }
        let other = "\"otherData\":{\"spans_left_out\":\"\(leftOutCount)\"}"
        return Array("{\"displayTimeUnit\":\"ms\",\(other),\"traceEvents\":[\n\(lines.joined(separator: ",\n"))\n]}\n".utf8)
    }

    private func microseconds(_ nanoseconds: UInt64) -> String {
        let fraction = String(nanoseconds % 1000)
        return "\(nanoseconds / 1000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
    }

    private func quoted(_ text: String) -> String {
        let escaped = text.unicodeScalars.map { scalar -> String in
            if scalar == "\"" || scalar == "\\" { return "\\\(scalar)" }
            return scalar.value < 0x20 ? " " : String(scalar)
        }
        return "\"" + escaped.joined() + "\""
    }
}
