import ArgumentParser
import Planning
import Reporting
import Support
import Training

/// `trainer checkpoint`: what a run has saved.
struct CheckpointCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "checkpoint", abstract: "Shows, verifies and exports what a run has saved.", subcommands: [Show.self, Verify.self, Export.self])

    /// `trainer checkpoint show`: the checkpoints of a run.
    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Lists checkpoints: step, score, size, ranks, trained values, states.",
            discussion: "Sizes are compared with what was saved; `trainer checkpoint verify` reads every byte.")

        @Argument(help: "A run's folder, its folder of checkpoints, or one checkpoint.") var path: String

        func run() throws {
            let listing = try CheckpointListing.open(path)
            var table = TextTable([
                .init("checkpoint"), .init("step", .right), .init("score", .right), .init("size", .right), .init("ranks", .right),
                .init("trained values", .right), .init("holds", widest: 60), .init(""),
            ])
            for item in listing.items { table.add(try cells(item, listing)) }
            print(table.text, terminator: "")
        }

        private func cells(_ item: CheckpointListing.Item, _ listing: CheckpointListing) throws -> [String] {
            guard let manifest = item.manifest else { return [item.name, "", "", "", "", "", "", "not whole: \(item.problem ?? "")"] }
            let kinds = try listing.contents(of: item)
            let marks = [item.isNewest ? "newest" : "", item.isBest ? "best" : ""].filter { !$0.isEmpty }
            return [
                item.name, "\(manifest.step)", manifest.score.map { fixed($0, 4) } ?? "", manifest.byteCount.description, "\(manifest.files.count)",
                grouped(kinds.first { $0.name == "value" }?.entryCount ?? 0),
                kinds.map { "\($0.name) \(ByteCount($0.byteCount))" }.joined(separator: ", "), marks.joined(separator: ", "),
            ]
        }
    }

    /// `trainer checkpoint verify`: every byte compared with what was saved.
    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "verify", abstract: "Reads checkpoints and compares them with the hashes of what was saved.",
            discussion: "The exit status is 65 where a file is damaged or missing; saves that were never completed are named and are no damage.")

        @Argument(help: "A run's folder, its folder of checkpoints, or one checkpoint.") var path: String

        func run() throws {
            let listing = try CheckpointListing.open(path)
            var problems: [TrainerError] = []
            for item in listing.items {
                if item.isUnfinished {
                    print("\(item.name): \(item.problem ?? "")")
                    continue
                }
                do throws(TrainerError) {
                    let found = try listing.verify(item).manifest
                    print("\(item.name): \(found.files.count) files of \(found.byteCount), all as saved")
                } catch { problems.append(error) }
            }
            try TrainerError.throwAll(problems)
        }
    }

    /// `trainer checkpoint export`: a model or an adapter of a checkpoint.
    struct Export: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "export", abstract: "Writes a checkpoint as a Hugging Face folder, or its adapter as a PEFT folder.",
            discussion: "The checkpoint is verified first. Its run is known by the resolved.yaml above it, unless --run names another folder.")

        @Argument(help: "A run's folder, its folder of checkpoints, or one checkpoint.") var path: String
        @Argument(help: "The folder to make.") var output: String
        @Flag(help: "Take the checkpoint of the lowest held-out loss instead of the newest.") var best = false
        @Option(name: .customLong("run"), help: "The run's folder, if the checkpoint lies elsewhere.") var runOption: String?
        @Option(help: "The base model: a Hugging Face folder or a GGUF file; by default the run's.") var base: String?

        func run() throws {
            let listing = try CheckpointListing.open(path)
            let checkpoint = try listing.verify(try chosen(listing))
            var configuration = try RunConfiguration.load(path: "\(try runFolder(checkpoint.folder))/resolved.yaml").configuration
            if let base { configuration.model.path = base }
            let report = try CheckpointExport(checkpoint, configuration).write(to: output)
            print(
                """
                \(output): \(report.isAdapter ? "adapter" : "model") of step \(report.step), \(grouped(report.tensorCount)) tensors, \
                \(grouped(report.parameterCount)) parameters
                """)
        }

        private func chosen(_ listing: CheckpointListing) throws(TrainerError) -> CheckpointListing.Item {
            if listing.items.count == 1, !best { return listing.items[0] }
            guard let item = listing.items.first(where: { best ? $0.isBest : $0.isNewest }) else {
                throw TrainerError(
                    .file, path, best ? "holds no checkpoint with a score" : "holds no checkpoint that is whole",
                    remedy: "`trainer checkpoint show \(path)` lists what is there")
            }
            return item
        }

        /// The folder that holds the checkpoint's folder of checkpoints.
        private func runFolder(_ checkpoint: String) throws(TrainerError) -> String {
            let folder = runOption ?? FileSystem().parent(of: FileSystem().parent(of: checkpoint))
            guard FileSystem().size(of: "\(folder)/resolved.yaml") != nil else {
                throw TrainerError(
                    .file, checkpoint, "lies in no run's folder: \(folder) has no resolved.yaml", remedy: "Name the run's folder by --run")
            }
            return folder
        }
    }
}
