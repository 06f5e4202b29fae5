import Foundation
import TestSupport
import Testing

/// Ranks that were not started alike are refused before anything is loaded, and doctor tells what differs.
@Suite(.serialized) struct DifferingRanksTests {
    /// Two ranks, each with a program and words of its own.
    private func start(_ first: [String], _ second: [String], program: String = builtProgram("trainer")) throws -> ProgramResult {
        try runTrainer(first + [":", "-n", "1", program] + second, ranks: 1, limitSeconds: 60)
    }

    /// A program of the same code and other bytes.
    private func otherBuild(in folder: String) throws -> String {
        let path = "\(folder)/trainer"
        try FileManager.default.copyItem(atPath: builtProgram("trainer"), toPath: path)
        let file = try #require(FileHandle(forWritingAtPath: path))
        try file.seekToEnd()
        try file.write(contentsOf: Data([0]))
        try file.close()
        return path
    }

    @Test("ranks with different configurations: one line names the keys and both values; status 64, no model is read and no folder made")
    func configurations() throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            // Nothing is loaded: a model that is not there would be the error otherwise.
            let common = ["train", run.configuration, "model.path=/nowhere"]
            let layout = try start(common + ["parallel.zero=1"], common + ["parallel.zero=3", "training.seed=7"])
            #expect(layout.status == 64, "\(layout)")
            #expect(
                layout.stderr.contains(
                    "configuration: rank 1: has another configuration than rank 0: parallel.zero is 3 and not 1, training.seed is 7 and not 42. Give every rank the same file and words."
                ), "\(layout)")
            #expect(!FileManager.default.fileExists(atPath: "\(folder)/run"))
            // A grid that one rank would wait for in vain.
            let grid = try start(common + ["parallel.tensor=2"], common)
            #expect(grid.status == 64 && grid.stderr.contains("parallel.tensor is 1 and not 2"), "\(grid)")
        }
    }

    @Test("ranks with different binaries are refused with both hashes; status 64, nothing is loaded")
    func programs() throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            let words = ["train", run.configuration, "model.path=/nowhere"]
            let found = try start(words, words, program: try otherBuild(in: folder))
            #expect(found.status == 64, "\(found)")
            let pattern = #/configuration: rank 1: runs another program than rank 0: SHA-256 [0-9a-f]{12}, not [0-9a-f]{12}\. Copy one build/#
            #expect(found.stderr.firstMatch(of: pattern) != nil, "\(found)")
            // A copy of the same bytes is the same program.
            let copy = "\(folder)/copy"
            try FileManager.default.copyItem(atPath: builtProgram("trainer"), toPath: copy)
            let same = try start(words, words, program: copy)
            #expect(same.status == 66 && same.stderr.contains("/nowhere"), "\(same)")
        }
    }

    @Test("trainer doctor tells of another binary and of other values of a configuration")
    func doctor() throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            let words = ["doctor", run.configuration, "--folder", "/tmp"]
            let found = try start(words, words + ["training.seed=7"], program: try otherBuild(in: folder))
            #expect(found.status == 78, "\(found)")
            #expect(found.stdout.contains("the program differs:"), "\(found)")
            #expect(found.stdout.contains("training.seed differs: 42 on rank 0, 7 on rank 1"), "\(found)")
        }
    }

    @Test("trainer doctor compares what lies under one path on two nodes")
    func files() throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            // Each rank in a folder of its own, as on nodes without a shared disk.
            for (node, text) in [("a", "{}"), ("b", "{ }")] {
                try FileManager.default.createDirectory(atPath: "\(folder)/\(node)", withIntermediateDirectories: true)
                try text.write(toFile: "\(folder)/\(node)/rows.jsonl", atomically: true, encoding: .utf8)
            }
            let words = ["doctor", run.configuration, "data.train=rows.jsonl", "--folder", "/tmp"]
            let arguments = words + [":", "-n", "1", "-wdir", "\(folder)/b", builtProgram("trainer")] + words
            let found = try runTrainer(arguments, ranks: 1, folder: "\(folder)/a", limitSeconds: 60)
            #expect(found.status == 78 && found.stdout.contains("the file rows.jsonl differs: 2 B, SHA-256 "), "\(found)")
            #expect(!found.stdout.contains("config.json"))
        }
    }
}
