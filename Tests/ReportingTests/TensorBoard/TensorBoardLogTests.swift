import Foundation
import Support
import SwiftProtobuf
import TestSupport
import Testing

@testable import Reporting

/// The events of the one file in a folder, with every checksum compared.
private func events(in folder: String) throws -> [TensorBoardEvent] {
    let names = try FileSystem().names(in: folder)
    try #require(names.count == 1, "\(names)")
    var rest = try FileSystem().contents(of: "\(folder)/\(names[0])")[...]
    var events: [TensorBoardEvent] = []
    func take(_ count: Int) -> [UInt8] {
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }
    func number(_ bytes: [UInt8]) -> Int { bytes.reversed().reduce(0) { $0 << 8 | Int($1) } }
    while !rest.isEmpty {
        let length = take(8)
        try #require(number(take(4)) == Int(CRC32C.masked(length)))
        let message = take(number(length))
        try #require(number(take(4)) == Int(CRC32C.masked(message)))
        events.append(try TensorBoardEvent(serializedBytes: message))
    }
    return events
}

private let settings = [
    ConfigurationSetting(path: "method.kind", value: .plain("lora")), ConfigurationSetting(path: "method.r", value: .plain("16")),
    ConfigurationSetting(path: "data.prompts_as_chat", value: .plain("true")),
]

@Suite struct TensorBoardLogTests {
    @Test("a file has the bytes that TensorBoard's own writer makes of the same records")
    func reference() throws {
        try withTemporaryFolder { folder in
            let log = try TensorBoardLog.open(folder: folder, settings: settings, keeping: Metrics(), time: 1.7e9)
            let sample = EvaluationRecord.Sample(prompt: "a\nb", wanted: "⟦c⟧", generated: "")
            try log.append(
                EvaluationRecord(
                    step: 0, loss: 0, trainedTokens: 10, seconds: 1, scores: ["field_match": 0.5], samples: [sample], time: 1.7e9 + 1))
            var step = record(1)
            step.time = 1.7e9 + 2
            try log.append(step)
            try log.end(isSuccess: true, time: 1.7e9 + 3)
            let name = try #require(FileSystem().names(in: folder).first)
            #expect(name.hasPrefix("events.out.tfevents.1700000000."))
            #expect(try FileSystem().contents(of: "\(folder)/\(name)") == FileSystem().contents(of: fixture("events.tfevents", of: "Reporting")))
        }
    }

    @Test("resume: a new file takes the place of the one before, with each step once and in order; readers are told to forget the other")
    func resume() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/metrics.jsonl"
            let metrics = try MetricsLog.open(path: path, keepingSteps: 0)
            let log = try TensorBoardLog.open(folder: "\(folder)/tensorboard", settings: settings, keeping: Metrics(), time: 1.7e9)
            for step in 1...5 {
                try metrics.append(record(step))
                try log.append(record(step))
                guard step == 2 else { continue }
                let evaluation = EvaluationRecord(step: 2, loss: 1, trainedTokens: 1, seconds: 1)
                try metrics.append(evaluation)
                try log.append(evaluation)
            }
            // In the same second, so that names must differ by more than their time.
            _ = try MetricsLog.open(path: path, keepingSteps: 3)
            let kept = try Metrics.read(path: path)
            let resumed = try TensorBoardLog.open(folder: "\(folder)/tensorboard", settings: settings, keeping: kept, time: 1.7e9)
            for step in 4...6 { try resumed.append(record(step, loss: 2)) }
            let all = try events(in: "\(folder)/tensorboard")
            #expect(all[0].fileVersion == "brain.Event:2" && all[1].sessionLog.status == .start && all[1].step == 0)
            #expect(all.dropFirst(3).map(\.step) == [1, 2, 2, 3, 4, 5, 6])
            #expect(all.dropFirst(3).map { $0.summary.value[0].simpleValue } == [1.25, 1.25, 1, 1.25, 2, 2, 2])
        }
    }

    @Test("a loss that is not finite is an event as it is")
    func notFinite() throws {
        try withTemporaryFolder { folder in
            let log = try TensorBoardLog.open(folder: folder, settings: [], keeping: Metrics(), time: 1.7e9)
            try log.append(record(1, loss: .nan))
            #expect(try events(in: folder)[3].summary.value[0].simpleValue.isNaN)
        }
    }

    @Test(
        "full disk: an error, the file ends with a whole record, and what waits is written once there is room",
        .enabled(if: SmallDisk.isAvailable, "mounting a small tmpfs needs root"))
    func fullDisk() throws {
        try SmallDisk.with { disk in
            let log = try TensorBoardLog.open(folder: "\(disk)/tensorboard", settings: [], keeping: Metrics(), time: 1.7e9)
            try SmallDisk.fill(disk, true)
            var failures = 0
            for step in 1...40 { do { try log.append(record(step)) } catch { failures += 1 } }
            #expect(failures > 0)
            #expect(try events(in: "\(disk)/tensorboard").count < 40)
            try SmallDisk.fill(disk, false)
            try log.writeWaiting()
            #expect(try events(in: "\(disk)/tensorboard").dropFirst(3).map(\.step) == Array(1...40))
        }
    }
}
