import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct RunTests {
    @Test("one result, any layout: 20 steps with dropout on 1, 2, 3 and 4 ranks give the same losses to 1e-5 (pain 11)")
    func ranks() throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            var wanted: [Double] = []
            for ranks in 1...4 {
                let result = try run.train(ranks: ranks, "output=\(folder)/ranks-\(ranks)")
                try #require(result.status == 0, "\(result)")
                let losses = try run.losses("ranks-\(ranks)")
                #expect(losses.count == 20)
                if ranks == 1 { wanted = losses }
                for (a, b) in zip(wanted, losses) { #expect(abs(a - b) <= 1e-5 * abs(a)) }
            }
            #expect(wanted.last ?? 9 < 0.9 * wanted[0])
        }
    }

    @Test("more ranks than rows: those without a row wait for nobody and the job ends well")
    func moreRanksThanRows() throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            let result = try run.train(ranks: 4, "training.global_batch_rows=2", "training.max_steps=3")
            #expect(result.status == 0, "\(result)")
            #expect(try run.losses("run").count == 3)
        }
    }

    @Test("pain 21: killed at many moments, also while a checkpoint is written, and resumed, the adapter has the bytes of the run never killed")
    func killed() throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            let undisturbed = try run.train(ranks: 2, "output=\(folder)/whole", "checkpoint.every_steps=1", "training.max_steps=60")
            try #require(undisturbed.status == 0, "\(undisturbed)")
            let kills = Int(ProcessInfo.processInfo.environment["TRAINER_TEST_KILLS"] ?? "") ?? 4
            var halfWritten = 0
            for attempt in 0..<kills {
                // The first in preparation, then in steps and in checkpoints by turns, at other points of a step each time.
                let killer = RankKiller(
                    output: "\(folder)/killed", rank: attempt % 2, afterLines: min(attempt, 2), andSeconds: 0.007 * Double(attempt % 5),
                    inCheckpoint: attempt % 2 == 1)
                let result = try run.train(ranks: 2, "output=\(folder)/killed", "checkpoint.every_steps=1", "training.max_steps=60")
                #expect(killer.stop())
                #expect(!result.isTimedOut && result.status != 0, "\(result)")
                halfWritten += RankKiller.holdsHalfACheckpoint("\(folder)/killed") ? 1 : 0
            }
            #expect(halfWritten > 0)
            let last = try run.train(ranks: 2, "output=\(folder)/killed", "checkpoint.every_steps=1", "training.max_steps=60")
            try #require(last.status == 0, "\(last)")
            #expect(try run.adapterBytes("killed") == run.adapterBytes("whole"))
            #expect(try run.losses("killed") == run.losses("whole"))
        }
    }

    @Test("what saves memory changes no loss: activations computed again and offloaded, states paged; and a run resumes from paged states")
    func memorySavers() throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            let savers = ["memory.checkpointing=selective", "memory.offload_activations=true", "training.optimizer.paged=true"]
            for (name, settings) in [("plain", []), ("saving", savers)] {
                let result = try runTrainer(
                    ["train", run.configuration, "output=\(folder)/\(name)", "training.optimizer.kind=adamw_8bit"] + settings, ranks: 2)
                try #require(result.status == 0, "\(result)")
            }
            #expect(try run.losses("saving") == run.losses("plain"))
            #expect(try run.adapterBytes("saving") == run.adapterBytes("plain"))
            // The newest checkpoint is of the last step; without it and the result the run goes on from the one before.
            let checkpoints = "\(folder)/saving/checkpoints"
            try FileManager.default.removeItem(atPath: "\(checkpoints)/step-00000020")
            try FileManager.default.removeItem(atPath: "\(folder)/saving/result.json")
            let resumed = try runTrainer(
                ["train", run.configuration, "output=\(folder)/saving", "training.optimizer.kind=adamw_8bit"] + savers, ranks: 2)
            try #require(resumed.status == 0 && resumed.stdout.contains("resumed after step 18"), "\(resumed)")
            #expect(try run.adapterBytes("saving") == run.adapterBytes("plain"))
        }
    }

    @Test("a spill folder that is missing ends a run before its first step, in one line and with the status of files")
    func missingSpillFolder() throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            let result = try run.train(ranks: 2, "memory.offload_activations=true", "memory.spill_folder=\(folder)/nowhere")
            #expect(result.status == 66, "\(result)")
            #expect(result.stderr.contains("\(folder)/nowhere: can't hold a spill file (No such file or directory). Let memory.spill_folder name"))
        }
    }

    @Test("losses and adapter are the same bits with rows just made, read from the cache or held in memory, and when a run resumes across these")
    func cache() throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            let steps = ["checkpoint.every_steps=1", "training.max_steps=60"]
            for (name, cache, origin) in [
                ("made", "\(folder)/c", "made in"), ("read", "\(folder)/c", "read from"), ("held", "none", "held in memory"),
            ] {
                let result = try runTrainer(
                    ["train", run.configuration, "output=\(folder)/\(name)", "data.cache=\(cache)"] + steps, ranks: name == "made" ? 1 : 2)
                try #require(result.status == 0, "\(result)")
                #expect(result.stdout.contains(origin) && result.stdout.contains("turns ending in a trained stop token"))
            }
            #expect(try run.losses("read") == run.losses("held") && run.adapterBytes("read") == run.adapterBytes("held"))
            for (a, b) in zip(try run.losses("made"), try run.losses("read")) { #expect(abs(a - b) <= 1e-5 * abs(a)) }
            let killer = RankKiller(output: "\(folder)/across", rank: 1, signal: SIGUSR1, afterLines: 3)
            let keys = ["train", run.configuration, "output=\(folder)/across"] + steps
            let first = try runTrainer(keys + ["data.cache=none"], ranks: 2)
            #expect(killer.stop() && first.status == 130, "\(first)")
            let rest = try runTrainer(keys + ["data.cache=\(folder)/c"], ranks: 2)
            try #require(rest.status == 0 && rest.stdout.contains("resumed after step"), "\(rest)")
            #expect(try run.losses("across") == run.losses("read") && run.adapterBytes("across") == run.adapterBytes("read"))
        }
    }

    @Test("data that can't be trained on is refused before the model is loaded, after its audit")
    func refusedData() throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            let result = try run.train(ranks: 2, "data.sequence_length=4")
            #expect(result.status == 65, "\(result)")
            #expect(
                result.stdout.contains("rows over length") && result.stderr.contains("has rows of more than the 4 tokens of data.sequence_length"))
            #expect(!result.stdout.contains("trainable params"))
        }
    }

    @Test("pain 22: SIGUSR1 to one rank leaves a checkpoint and exit status 130; the same command goes on from there")
    func signal() throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            let killer = RankKiller(output: "\(folder)/run", rank: 1, signal: SIGUSR1, afterLines: 3)
            let result = try run.train(ranks: 2, "training.max_steps=4000", "checkpoint.every_steps=1000000")
            #expect(killer.stop())
            #expect(result.status == 130, "\(result)")
            #expect(result.stdout.contains("interrupted after step"))
            let next = RankKiller(output: "\(folder)/run", rank: 0, signal: SIGUSR1, afterLines: 3)
            let resumed = try run.train(ranks: 2, "training.max_steps=4000", "checkpoint.every_steps=1000000")
            #expect(next.stop())
            #expect(resumed.status == 130, "\(resumed)")
            #expect(resumed.stdout.contains("resumed after step"))
        }
    }

    @Test(
        "pain 22: a signal while text is generated for held-out rows, before the first step or after the last, ends the run; the next start goes on")
    func signalInMeasurement() throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            // The folder of the product is there when what has come of the run is measured.
            for (file, line) in [
                ("metrics.jsonl", "interrupted before the first step"), ("adapter/adapter_model.safetensors", "interrupted after step 3"),
                ("", "resumed after step 3 of 3"),
            ] {
                let killer = file.isEmpty ? nil : RankKiller(output: "\(folder)/run", rank: 1, signal: SIGUSR1, afterFile: file)
                let result = try run.train(
                    ranks: 2, "data.validation=0.5", "training.max_steps=3", "training.global_batch_rows=4", "checkpoint.every_steps=100",
                    "evaluation.samples=20", "evaluation.max_new_tokens=240")
                #expect(killer?.stop() ?? true)
                #expect(result.status == (file.isEmpty ? 0 : 130) && result.stdout.contains(line), "\(result)")
                if file == "metrics.jsonl" { try FileManager.default.removeItem(atPath: "\(folder)/run/metrics.jsonl") }
            }
        }
    }

    @Test(
        "a signal whose checkpoint can't be written: the run ends with the status of files, not as one that was saved, and says from where it goes on"
    )
    func unsavedSignal() throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            // A file where the folder of checkpoints would be, once the run has looked for one.
            let blocker = Thread {
                let limit = Date(timeIntervalSinceNow: 60)
                while (try? String(contentsOfFile: "\(folder)/run/metrics.jsonl", encoding: .utf8))?.contains("\n") != true, Date() < limit {
                    usleep(2000)
                }
                try? "".write(toFile: "\(folder)/run/checkpoints", atomically: true, encoding: .utf8)
            }
            blocker.start()
            let killer = RankKiller(output: "\(folder)/run", rank: 1, signal: SIGUSR1, afterLines: 3, andSeconds: 0.3)
            let result = try run.train(ranks: 2, "training.max_steps=4000", "checkpoint.every_steps=1000000")
            #expect(killer.stop())
            #expect(result.status == 66, "\(result)")
            #expect(!result.stdout.contains("which a checkpoint holds") && !result.stdout.contains("Training goes on"), "\(result)")
            #expect(result.stderr.contains("/checkpoints: a signal ended the run after step "), "\(result)")
            #expect(result.stderr.contains("which could not be saved: is no folder. The same command goes on from the checkpoint before"))
            #expect(try String(contentsOfFile: "\(folder)/run/ended.json", encoding: .utf8).contains("\"failed\""))
        }
    }

    @Test("a finished run is shown again, not trained again; full fine-tuning leaves a model that trains on")
    func finished() throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            let keys = ["method.kind=full", "method.r=", "method.lora_alpha=", "method.lora_dropout=", "training.max_steps=3"]
            let first = try runTrainer(["train", run.configuration] + keys)
            try #require(first.status == 0, "\(first)")
            let again = try runTrainer(["train", run.configuration] + keys)
            #expect(again.status == 0 && again.stdout.contains("has finished before"))
            let next = try run.train(ranks: nil, "model.path=\(folder)/run/model", "output=\(folder)/next", "training.max_steps=1")
            #expect(next.status == 0, "\(next)")
            #expect(next.stdout.contains("trainable params: ") && next.stdout.contains("|| all params: "))
        }
    }
}
