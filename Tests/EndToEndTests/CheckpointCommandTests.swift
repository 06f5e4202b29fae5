import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct CheckpointCommandTests {
    /// A run of four steps on two ranks with a checkpoint after the second and the fourth.
    private func withRun(_ kind: String, _ body: (SmallRun) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let run = try SmallRun(in: folder)
            let keys = kind == "full" ? ["method.kind=full", "method.r=", "method.lora_alpha=", "method.lora_dropout="] : []
            let result = try runTrainer(
                ["train", run.configuration, "training.max_steps=4", "training.eval_steps=2", "checkpoint.keep_last=5", "parallel.zero=1"] + keys,
                ranks: 2)
            try #require(result.status == 0, "\(result)")
            try body(run)
        }
    }

    private func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

    @Test("pain 14: exported from its parts, the last checkpoint is the model that the run has written, byte for byte", arguments: ["full", "lora"])
    func export(kind: String) throws {
        try withRun(kind) { run in
            let (product, weights) = kind == "full" ? ("model", "model.safetensors") : ("adapter", "adapter_model.safetensors")
            let output = "\(run.folder)/exported"
            let result = try runTrainer(["checkpoint", "export", "\(run.folder)/run", output])
            #expect(result.status == 0 && result.stdout.hasPrefix("\(output): \(product) of step 4, "), "\(result)")
            #expect(try bytes("\(output)/\(weights)") == bytes("\(run.folder)/run/\(product)/\(weights)"))
            let own: Set<String> = ["README.md", "trainer_provenance.json"]
            let names = try ["run/\(product)", "exported"].map { Set(try FileManager.default.contentsOfDirectory(atPath: "\(run.folder)/\($0)")) }
            #expect(names[0].subtracting(own) == names[1])
            let again = try runTrainer(["checkpoint", "export", "\(run.folder)/run", output])
            #expect(again.status == 66 && again.stderr == "file: \(output): exists already. Name a folder that does not exist yet.\n", "\(again)")
            let second = try runTrainer(["checkpoint", "export", "\(run.folder)/run/checkpoints/step-00000002", "\(output)-2"])
            #expect(second.status == 0 && second.stdout.contains("of step 2, "), "\(second)")
            #expect(try bytes("\(output)-2/\(weights)") != bytes("\(output)/\(weights)"))
        }
    }

    @Test("show lists steps, scores, sizes, ranks, values and states; verify reads all, and names the damaged file with exit status 65")
    func showAndVerify() throws {
        try withRun("lora") { run in
            let folder = "\(run.folder)/run/checkpoints"
            let shown = try runTrainer(["checkpoint", "show", "\(run.folder)/run"])
            let lines = shown.stdout.split(separator: "\n").map(String.init)
            #expect(shown.status == 0 && lines.count == 4, "\(shown)")
            #expect(
                lines[2].contains(#/^step-00000002 +2 +\d+\.\d{4} +\d+ kB +2 +8,192 +exp_avg 32\.8 kB, exp_avg_sq 32\.8 kB, value 32\.8 kB/#),
                "\(shown)")
            #expect(lines[3].hasPrefix("step-00000004") && lines[3].contains("newest"))
            #expect(lines.count { $0.contains("best") } == 1)
            let whole = try runTrainer(["checkpoint", "verify", folder])
            #expect(whole.status == 0 && whole.stdout.contains(#/step-00000004: 2 files of \d+ kB, all as saved/#), "\(whole)")

            // Renamed, and cut short before the marker was written.
            try FileManager.default.copyItem(atPath: "\(folder)/step-00000002", toPath: "\(folder)/step-00000003")
            try FileManager.default.removeItem(atPath: "\(folder)/step-00000003/complete")
            let cut = try runTrainer(["checkpoint", "verify", folder])
            #expect(cut.status == 0 && cut.stdout.contains("step-00000003: the save was never completed\n"), "\(cut)")
            let alone = try runTrainer(["checkpoint", "verify", "\(folder)/step-00000003"])
            #expect(alone.status == 66 && alone.stderr.contains("the save was never completed"), "\(alone)")
            try FileManager.default.removeItem(atPath: "\(folder)/step-00000003")

            let file = "\(folder)/step-00000002/state-00002-of-00002.safetensors"
            var changed = try bytes(file)
            changed[changed.count - 9] ^= 4
            try changed.write(to: URL(fileURLWithPath: file))
            let damaged = try runTrainer(["checkpoint", "verify", "\(run.folder)/run"])
            #expect(damaged.status == 65 && damaged.stdout.contains("step-00000004: 2 files"), "\(damaged)")
            #expect(
                damaged.stderr
                    == "format: \(file): state-00002-of-00002.safetensors does not have the bytes that were saved (its SHA-256 differs).\n")
            let refused = try runTrainer(["checkpoint", "export", "\(folder)/step-00000002", "\(run.folder)/exported"])
            #expect(refused.status == 65 && !FileManager.default.fileExists(atPath: "\(run.folder)/exported"))
            try FileManager.default.removeItem(atPath: file)
            let missing = try runTrainer(["checkpoint", "verify", "\(folder)/step-00000002"])
            #expect(missing.status == 65 && missing.stderr == "format: \(file): state-00002-of-00002.safetensors is missing.\n", "\(missing)")
            let list = try runTrainer(["checkpoint", "show", "\(run.folder)/run"])
            #expect(list.status == 0 && list.stdout.contains("not whole: state-00002-of-00002.safetensors is missing"), "\(list)")
        }
    }

    @Test("a folder without checkpoints, one that does not exist, and a checkpoint that lies in no run's folder are refused with what to give")
    func nothing() throws {
        try withTemporaryFolder { folder in
            let empty = try runTrainer(["checkpoint", "show", folder])
            #expect(empty.status == 66)
            #expect(
                empty.stderr == "file: \(folder): holds no checkpoint. Give a run's folder, its folder of checkpoints, or one checkpoint.\n")
            let gone = try runTrainer(["checkpoint", "verify", "\(folder)/gone"])
            #expect(gone.status == 66 && gone.stderr.hasPrefix("file: \(folder)/gone: is no folder."), "\(gone)")
        }
        try withRun("lora") { run in
            let moved = "\(run.folder)/step-00000004"
            try FileManager.default.moveItem(atPath: "\(run.folder)/run/checkpoints/step-00000004", toPath: moved)
            let lost = try runTrainer(["checkpoint", "export", moved, "\(run.folder)/exported"])
            #expect(lost.status == 66 && lost.stderr.contains("lies in no run's folder") && lost.stderr.contains("Name the run's folder by --run."))
            let other = try runTrainer(["checkpoint", "export", moved, "\(run.folder)/exported", "--run", "\(run.folder)/run"])
            #expect(other.status == 0, "\(other)")
            try String(contentsOfFile: "\(run.folder)/run/resolved.yaml", encoding: .utf8).replacing("r: 4", with: "r: 8")
                .write(toFile: "\(run.folder)/run/resolved.yaml", atomically: true, encoding: .utf8)
            let another = try runTrainer(["checkpoint", "export", moved, "\(run.folder)/exported-2", "--run", "\(run.folder)/run"])
            #expect(another.status == 70 && another.stderr.contains("but this run trains"), "\(another)")
        }
    }
}
