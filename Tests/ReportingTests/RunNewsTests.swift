import Foundation
import Support
import TestSupport
import Testing

@testable import Reporting

func description(_ process: ProcessMark = .own) -> RunDescription {
    RunDescription(
        facts: [.init("model", "</script><script>alert(1)</script>")], audit: [.init("rows read", "512")], lengths: [.init(atMost: 64, rows: 512)],
        predictedPeak: ["weights": 2], process: process)
}

@Suite struct RunNewsTests {
    @Test("a folder that does not exist yet, or holds no run: the run has not begun")
    func waiting() throws {
        try withTemporaryFolder { folder in
            for path in [folder, "\(folder)/none/yet"] {
                let news = try RunNews.read(RunFolder(path: path))
                #expect(news.state == RunState(kind: .waiting))
                #expect(news.metrics == MetricsPiece(text: "", end: 0, tag: 0, isRestart: false, every: 1))
            }
        }
    }

    @Test("a page that says what it has is told the rest, and the small files only when they have changed")
    func goesOn() throws {
        try withTemporaryFolder { folder in
            let run = RunFolder(path: folder)
            try run.write(description())
            let log = try MetricsLog.open(path: run.metricsPath, keepingSteps: 0)
            for step in 1...2 { try log.append(record(step)) }
            let first = try RunNews.read(run)
            #expect(first.state == RunState(kind: .running))
            #expect(first.files?.keys.sorted() == ["run.json"])
            #expect(first.metrics.isRestart && first.metrics.text == record(1).line + "\n" + record(2).line + "\n")
            try log.append(record(3))
            let known = RunNews.Known(metrics: MetricsPlace(end: first.metrics.end, tag: first.metrics.tag), filesTag: first.filesTag)
            let second = try RunNews.read(run, known: known)
            #expect(second.files == nil)
            #expect(!second.metrics.isRestart && second.metrics.text == record(3).line + "\n")
            try run.write(RunEnding(.failed, message: "numerics: it broke", time: 7))
            try "{}".write(toFile: "\(folder)/result.json", atomically: true, encoding: .utf8)
            let third = try RunNews.read(run, known: known)
            #expect(third.files?.keys.sorted() == ["result.json", "run.json"])
            #expect(third.state == RunState(kind: .failed, message: "numerics: it broke", time: 7))
            try run.write(RunEnding(.interrupted, message: "early", time: 7))
            #expect(try RunNews.read(run).state.message == "early")
            try run.write(description())
            #expect(try RunNews.read(run).state.kind == .finished, "begun anew, but a result is there")
        }
    }

    @Test("a line that is being written is left for the next time; a run that resumed is told from its first line")
    func resumed() throws {
        try withTemporaryFolder { folder in
            let run = RunFolder(path: folder)
            var log = try MetricsLog.open(path: run.metricsPath, keepingSteps: 0)
            for step in 1...40 { try log.append(record(step)) }
            let whole = try MetricsPiece.read(run.metricsPath, after: MetricsPlace())
            let file = try #require(FileHandle(forWritingAtPath: run.metricsPath))
            try file.seekToEnd()
            try file.write(contentsOf: Data("{\"step\":41,".utf8))
            let place = MetricsPlace(end: whole.end, tag: whole.tag)
            let nothing = MetricsPiece(text: "", end: whole.end, tag: whole.tag, isRestart: false, every: 1)
            #expect(try MetricsPiece.read(run.metricsPath, after: place) == nothing)
            log = try MetricsLog.open(path: run.metricsPath, keepingSteps: 35)
            for step in 36...50 { try log.append(record(step, loss: 2)) }
            let again = try MetricsPiece.read(run.metricsPath, after: place)
            #expect(again.isRestart && again.text.split(separator: "\n").count == 50)
        }
    }

    @Test("of very many steps every n-th is told, with the last one and all evaluations")
    func thinned() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/metrics.jsonl"
            let log = try MetricsLog.open(path: path, keepingSteps: 0)
            for step in 1...101 {
                try log.append(record(step))
                if step == 7 { try log.append(EvaluationRecord(step: 7, loss: 1, trainedTokens: 1, seconds: 1)) }
            }
            let piece = try MetricsPiece.read(path, after: MetricsPlace(), mostSteps: 30)
            #expect(piece.every == 4)
            let lines = piece.text.split(separator: "\n")
            #expect(lines.filter { $0.contains("\"evaluation\"") }.count == 1)
            #expect(lines.count == 27 && lines.last?.hasPrefix("{\"step\":101,") == true)
        }
    }

    @Test("state: a process that is gone left no word; one of another host is trusted for ten minutes")
    func state() {
        let own = ProcessMark.own
        #expect(own.isAlive == true)
        let earlier = ProcessMark(host: own.host, process: own.process, start: own.start - 1)
        #expect(RunState.find(description(earlier), nil, hasResult: false, silence: 0).kind == .stopped)
        let elsewhere = ProcessMark(host: "elsewhere", process: 1, start: 1)
        #expect(RunState.find(description(elsewhere), nil, hasResult: false, silence: 500).kind == .running)
        #expect(RunState.find(description(elsewhere), nil, hasResult: false, silence: 700).kind == .stale)
        #expect(RunState.find(nil, nil, hasResult: true, silence: 0).kind == .finished)
        #expect(RunState.find(description(), RunEnding(.interrupted, time: 1), hasResult: false, silence: 0).kind == .interrupted)
    }
}
