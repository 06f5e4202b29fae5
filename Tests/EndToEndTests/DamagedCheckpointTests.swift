import Foundation
import TestSupport
import Testing

/// A checkpoint of several ranks with a shard that is missing or altered.
@Suite(.serialized) struct DamagedCheckpointTests {
    @Test(
        "a run passes over a checkpoint with a shard missing or altered, says which, and goes on from the one before; named, it is refused",
        arguments: ["missing", "altered"])
    func shard(damage: String) throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            let keys = ["train", run.configuration, "parallel.zero=2", "training.max_steps=6"]
            let whole = try runTrainer(keys, ranks: 2)
            try #require(whole.status == 0, "\(whole)")
            let bytes = try run.adapterBytes("run")
            let newest = "\(folder)/run/checkpoints/step-00000006"
            let shard = "\(newest)/state-00002-of-00002.safetensors"
            if damage == "missing" {
                try FileManager.default.removeItem(atPath: shard)
            } else {
                var changed = try Data(contentsOf: URL(fileURLWithPath: shard))
                changed[changed.count / 2] ^= 1
                try changed.write(to: URL(fileURLWithPath: shard))
            }
            try FileManager.default.removeItem(atPath: "\(folder)/run/result.json")
            let named = try runTrainer(keys + ["output=\(folder)/other", "checkpoint.resume=\(newest)"], ranks: 2)
            #expect(named.status == 65 && named.stderr.contains("state-00002-of-00002.safetensors"), "\(named)")
            let again = try runTrainer(keys, ranks: 2)
            try #require(again.status == 0, "\(again)")
            let said = again.stdout + again.stderr
            #expect(said.contains("passed over checkpoint") && said.contains("state-00002-of-00002.safetensors"), "\(again)")
            #expect(again.stdout.contains("resumed after step 4 of 6"), "\(again)")
            #expect(try run.adapterBytes("run") == bytes)
        }
    }
}
