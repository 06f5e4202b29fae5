import Foundation
import Support
import TestSupport
import Testing

@testable import Reporting

private func refusal(_ path: String, mayResume: Bool = true) -> String? {
    do {
        _ = try RunFolder.prepare(path: path, mayResume: mayResume)
        return nil
    } catch {
        return error.description.replacingOccurrences(of: path, with: "PATH")
    }
}

@Suite struct RunFolderTests {
    @Test("prepare: makes the folder and those above it, and takes an empty one")
    func makes() throws {
        try withTemporaryFolder { folder in
            for _ in 0..<2 { #expect(refusal("\(folder)/runs/first") == nil) }
            #expect(FileManager.default.fileExists(atPath: "\(folder)/runs/first/logs"))
            #expect(refusal(folder) == "file: PATH: exists and holds no run but runs. Choose another output or empty the folder.")
        }
    }

    @Test("prepare: what a start left that failed before the run began is no obstacle to the next")
    func failedStart() throws {
        try withTemporaryFolder { folder in
            _ = try RunFolder.prepare(path: folder, mayResume: true).openLog(rank: 0)
            for name in ["run.lock", "resolved.yaml.new", "ended.json", "report.html"] {
                try Data().write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
            }
            #expect(refusal(folder) == nil && !RunFolder(path: folder).holdsRun)
        }
    }

    @Test("prepare: a run is taken to go on, and refused where it may not")
    func resume() throws {
        try withTemporaryFolder { folder in
            try RunFolder.prepare(path: folder, mayResume: false).writeResolved("output: x\n")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["logs", "resolved.yaml"])
            #expect(try String(contentsOfFile: "\(folder)/resolved.yaml", encoding: .utf8) == "output: x\n")
            #expect(refusal(folder) == nil && RunFolder(path: folder).holdsRun)
            let line = "file: PATH: holds a run already. Choose another output, remove the folder, or let checkpoint.resume be auto."
            #expect(refusal(folder, mayResume: false) == line)
        }
    }

    @Test("prepare: a file in its place and a folder that can't be made are refused")
    func inTheWay() throws {
        try withTemporaryFolder { folder in
            try Data().write(to: URL(fileURLWithPath: "\(folder)/file"))
            #expect(refusal("\(folder)/file") == "file: PATH: is no folder. Choose another output.")
            #expect(refusal("\(folder)/file/run") == "file: \(folder)/file: is no folder. Choose another output.")
            #expect(refusal("/proc/run") == "file: PATH: can't be created (No such file or directory). Choose another output.")
        }
    }

    @Test("logs: each rank appends to its own, with the time of day")
    func logs() throws {
        try withTemporaryFolder { folder in
            let run = RunFolder(path: "\(folder)/run")
            for line in ["begins", "goes on"] { try run.openLog(rank: 3).write(line) }
            let lines = try String(contentsOfFile: run.logPath(rank: 3), encoding: .utf8).split(separator: "\n")
            #expect(run.logPath(rank: 3) == "\(folder)/run/logs/rank-3.log")
            #expect(lines.map { $0.dropFirst(21) } == ["begins", "goes on"])
            #expect(lines.allSatisfy { $0.prefix(19).wholeMatch(of: /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/) != nil })
        }
    }
}
