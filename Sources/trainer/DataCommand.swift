import ArgumentParser
import Data
import Formats
import Glibc
import Planning
import Reporting
import Support
import Tensors
import Tokenizers
import Training

/// `trainer data`: what a run would train on.
struct DataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data", abstract: "Shows what a run would train on.", subcommands: [Show.self])

    /// `trainer data show`: an audit of the rows and some of them with what is trained marked.
    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Reads a run's rows as training would, and shows an audit and samples.",
            discussion: """
                In a terminal trained tokens are bold and green and the others dim; elsewhere trained stretches stand between \(Marks.plain.start) and \
                \(Marks.plain.end). Data that training would refuse is refused here, too.
                """)

        @Argument(help: "The run's YAML file, and keys to set: key=value.") var words: [String]
        @Option(help: "How many rows to show.") var rows = 3
        @Option(help: "The first of them, counted from 1 among those kept.") var first = 1
        @Flag(help: "The rows held out in files of their own instead of those trained on.") var validation = false
        @Option(help: "Threads; by default the cores.") var threads: Int?

        func run() throws {
            let words = RunWords(words)
            try RankContext.check(threads: threads)
            guard let file = words.file, (0...1_000_000_000).contains(rows), (1...1_000_000_000).contains(first) else {
                throw TrainerError(
                    .configuration, "command line", "does not say what to show", remedy: "Give a configuration; --rows is from 0 and --first from 1")
            }
            let data = try RunConfiguration.load(path: file, overrides: words.overrides).configuration
            if data.model.download { try ModelDownload.run(data.model.path) }
            let model = try ModelFiles.open(data.model.path)
            let tokenizer = try Tokenizer.load(model)
            let pool = ThreadPool(threadCount: threads ?? ProcessorCores.allowed()?.cores.count ?? 1)
            let reading = RowReading(data.data, model, tokenizer, group: SoloGroup(), pool: pool)
            let read = try reading.rows(try paths(data.data), limit: validation ? data.data.maxValidationRows : data.data.maxRows)
            print(read.text + "\n" + lengths(read.data.report), terminator: "")
            for warning in read.warnings { print("warning: \(warning)") }
            try read.data.check()
            let files = try DataFiles(read.data.paths, format: data.data.format)
            let marks = isatty(STDOUT_FILENO) == 1 ? Marks.terminal : .plain
            for row in (first - 1)..<max(first - 1, min(read.rows.count, first - 1 + rows)) {
                print("\n" + sample(try read.rows.row(row), files, tokenizer, marks))
            }
        }

        private func paths(_ data: DataOptions) throws -> DataPaths {
            guard validation else { return data.train }
            guard case .files(let paths)? = data.validation else {
                throw TrainerError(
                    .configuration, "data.validation", "names no files of held-out rows", remedy: "Leave --validation out to see what is trained on")
            }
            return paths
        }

        /// How many rows there are of which length.
        private func lengths(_ report: DataReport) -> String {
            var lengths = TextTable([.init("tokens, at most", .right), .init("rows", .right), .init("")])
            let most = report.lengthCounts.max() ?? 1
            for (power, count) in report.lengthCounts.enumerated() where count > 0 {
                lengths.add([grouped(1 << power), grouped(count), String(repeating: "#", count: max(1, 40 * count / max(most, 1)))])
            }
            return lengths.text
        }

        private func sample(_ row: TokenizedRow, _ files: DataFiles, _ tokenizer: Tokenizer, _ marks: Marks) -> String {
            var text = ""
            var index = 0
            while index < row.tokens.count {
                let isTrained = row.trained[index]
                var bytes: [UInt8] = []
                while index < row.tokens.count, row.trained[index] == isTrained {
                    bytes += tokenizer.tokenBytes(row.tokens[index])
                    index += 1
                }
                text += marks.marked(String(decoding: bytes, as: UTF8.self), isTrained: isTrained)
            }
            let trained = row.trained.count { $0 }
            return "\(files.name(ofRecord: row.line - 1)) (\(grouped(row.tokens.count)) tokens, \(grouped(trained)) trained)\n\(text)"
        }
    }
}

/// How trained text is told from the rest.
private struct Marks {
    var start: String
    var end: String
    var dim = ""
    var dimEnd = ""

    static let terminal = Marks(start: "\u{1B}[1;32m", end: "\u{1B}[0m", dim: "\u{1B}[2m", dimEnd: "\u{1B}[0m")
    static let plain = Marks(start: "⟦", end: "⟧")

    /// Control characters of the data are shown, not obeyed.
    func marked(_ text: String, isTrained: Bool) -> String {
        let safe = String(
            text.unicodeScalars.map { scalar -> Character in
                scalar.value < 0x20 && scalar != "\n" && scalar != "\t" || scalar.value == 0x7F || (0x80..<0xA0).contains(scalar.value)
                    ? "\u{FFFD}" : Character(scalar)
            })
        return isTrained ? start + safe + end : dim + safe + dimEnd
    }
}
