import Foundation
import TestSupport
import Testing

@Suite struct DownloadTests {
    @Test("pain 40: a model that is neither here nor in the cache is one line that says how to fetch it; the network is not touched")
    func withoutPermission() throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            // Nobody listens there: a connection would be told as such.
            let environment = ["HF_HOME": folder, "HF_ENDPOINT": "http://127.0.0.1:9"]
            let result = try runTrainer(["train", run.configuration, "model.path=owner/name"], environment: environment)
            let lines = result.stderr.split(separator: "\n")
            #expect(result.status == 66 && lines.count == 1 && lines[0].contains("model.download=true"), "\(result)")
        }
    }

    @Test("pain 12: ranks wait for a download asleep, and a hub that can't be reached ends all of them with one message")
    func unreachable() throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            let environment = ["HF_HOME": folder, "HF_ENDPOINT": "http://127.0.0.1:9"]
            let words = ["train", run.configuration, "model.path=owner/name", "model.download=true"]
            let result = try runTrainer(words, ranks: 2, environment: environment, limitSeconds: 60)
            #expect(result.status == 75 && !result.isTimedOut, "\(result)")
            let errors = result.stderr.split(separator: "\n").filter { $0.hasPrefix("communication: ") }
            #expect(errors.count == 1 && errors[0].contains("http://127.0.0.1:9"), "\(result)")
        }
    }

    @Test("pain 12: on two ranks one fetches the model, once, and the run goes on from what a cut-short download left")
    func download() throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            var files: [String: [UInt8]] = [:]
            for name in try FileManager.default.contentsOfDirectory(atPath: run.model) {
                files[name] = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(run.model)/\(name)")))
            }
            let hub = try LocalHub(files)
            defer { hub.stop() }
            hub.add(.cut(after: 100_000), to: "model.safetensors")
            let words = ["train", run.configuration, "model.path=owner/name", "model.download=true", "training.max_steps=2"]
            let result = try runTrainer(words, ranks: 2, environment: ["HF_HOME": folder, "HF_ENDPOINT": hub.endpoint])
            #expect(result.status == 0 && result.stderr.contains("fetching"), "\(result)")
            let ranges = hub.requests.filter { $0.isToStore && $0.path.hasSuffix("model.safetensors") }.map { $0.headers["range"] ?? "" }
            #expect(ranges == ["", "bytes=100000-"])
        }
    }

    @Test("a model in the hub's cache trains by its name on two ranks without a network, and the adapter names it")
    func cached() throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            let commit = String(repeating: "0123456789", count: 4)
            let cache = "\(folder)/hub/models--owner--name"
            try FileManager.default.createDirectory(atPath: "\(cache)/refs", withIntermediateDirectories: true)
            try FileManager.default.createDirectory(atPath: "\(cache)/snapshots", withIntermediateDirectories: true)
            try commit.write(toFile: "\(cache)/refs/main", atomically: true, encoding: .utf8)
            try FileManager.default.moveItem(atPath: run.model, toPath: "\(cache)/blobs")
            try FileManager.default.createDirectory(atPath: "\(cache)/snapshots/\(commit)", withIntermediateDirectories: true)
            for name in try FileManager.default.contentsOfDirectory(atPath: "\(cache)/blobs") {
                try FileManager.default.createSymbolicLink(
                    atPath: "\(cache)/snapshots/\(commit)/\(name)", withDestinationPath: "../../blobs/\(name)")
            }
            let words = ["train", run.configuration, "model.path=owner/name", "model.download=true", "training.max_steps=2"]
            let result = try runTrainer(words, ranks: 2, environment: ["HF_HUB_CACHE": "\(folder)/hub", "HF_HUB_OFFLINE": "1"])
            #expect(result.status == 0, "\(result)")
            let settings = try String(contentsOfFile: "\(folder)/run/adapter/adapter_config.json", encoding: .utf8)
            #expect(settings.contains("\"owner/name\""), "\(settings)")
        }
    }
}
