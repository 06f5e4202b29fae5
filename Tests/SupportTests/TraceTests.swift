import Foundation
import Support
import Testing

@Suite struct TraceTests {
    private struct File: Decodable {
        struct Event: Decodable {
            let name: String
            let ph: String
            let pid: Int
            let cat: String?
            let ts: Double?
            let dur: Double?
            let args: [String: Argument]?
        }
        enum Argument: Decodable, Equatable {
            case text(String), number(Int)
            init(from decoder: any Decoder) throws {
                let value = try decoder.singleValueContainer()
                if let number = try? value.decode(Int.self) { self = .number(number) } else { self = .text(try value.decode(String.self)) }
            }
        }
        let traceEvents: [Event]
        let otherData: [String: String]
    }

    private func read(_ trace: Trace, rank: Int = 0) throws -> (spans: [File.Event], leftOut: String?) {
        let file = try JSONDecoder().decode(File.self, from: Data(trace.json(rank: rank)))
        return (file.traceEvents.filter { $0.ph == "X" }, file.otherData["spans_left_out"])
    }

    @Test("phases follow each other, and what is done within one lies within it")
    func nesting() throws {
        let trace = Trace()
        trace.isDetailed = true
        trace.enter("forward")
        let sum = trace.record(.operation, "pro\"duct", "[2, 3] · [3, 4]") { (1...1000).reduce(0, +) }
        #expect(sum == 500_500)
        trace.enter("backward")
        trace.leave()
        let spans = try read(trace, rank: 3).spans
        #expect(spans.map(\.name) == ["forward", "pro\"duct", "backward"])
        #expect(spans.map(\.cat) == ["phase", "operation", "phase"] && spans.allSatisfy { $0.pid == 3 })
        #expect(spans[1].args?["detail"] == .text("[2, 3] · [3, 4]"))
        let times = try spans.map { (start: try #require($0.ts), end: try #require($0.ts) + #require($0.dur)) }
        #expect(times[0].start <= times[1].start && times[1].end <= times[0].end + 0.002 && times[0].end <= times[2].start + 0.002)
    }

    @Test("what is not to be recorded is done all the same; an error passes through, and its span is kept")
    func passesThrough() throws {
        let trace = Trace()
        trace.isDetailed = true
        #expect(throws: TrainerError.self) {
            try trace.record(.collective, "sum", "") { () throws(TrainerError) in throw TrainerError(.communication, "a", "b") }
        }
        trace.isDetailed = false
        #expect(trace.record(.operation, "add", "") { 7 } == 7)
        #expect(try read(trace).spans.map(\.name) == ["sum"])
    }

    @Test("a trace holds so many spans and counts the rest")
    func limit() throws {
        let trace = Trace(limit: 10)
        trace.isDetailed = true
        for _ in 0..<25 { trace.record(.operation, "add", "") {} }
        let found = try read(trace)
        #expect(found.spans.count == 10 && found.leftOut == "15")
    }
}
