import Adapters
import Data
import Foundation
import Optimizers
import Support
import TestSupport
import Testing

@testable import Planning

@Suite struct RunConfigurationLoadingTests {
    @Test("overrides: typed as in the file, last one wins, an empty value takes a key out, sections are made")
    func overrides() throws {
        let yaml = smallest + "training: {schedule: {kind: linear, warmup_ratio: 0.1}}\n"
        let words = [
            "method.r=8", "method.r=4", "method.target_modules=[q_proj,v_proj]", "training.schedule.kind=constant", "training.schedule.warmup_ratio=",
            "training.optimizer.learning_rate=1e-3", "output=runs/x=y", "checkpoint.every_minutes=null",
        ]
        let configuration = try RunConfiguration.load(yaml: yaml, file: "run.yaml", overrides: words).configuration
        #expect(configuration.method.lora.r == 4)
        #expect(configuration.method.lora.targetModules == .names(["q_proj", "v_proj"]))
        #expect(configuration.training.optimizer.learningRate == 1e-3)
        #expect(configuration.training.schedule.kind == .constant)
        #expect(configuration.output == "runs/x=y")
        #expect(configuration.checkpoint.everyMinutes == nil)
    }

    @Test("overrides: problems name the command line, and are listed with those of the file")
    func overrideProblems() {
        let yaml = smallest + "method: {lora_alpa: 3}\n"
        #expect(
            refusal(yaml, ["method.r", "method.r=0", "output.deep=3", "method.target_modules=[", "=3"]) == [
                "configuration: command line: \"method.r\" is no key=value. Write it as method.r=8.",
                "configuration: run.yaml:3: found the text \"runs/a\", wants a section to hold the output.deep of the command line.",
                "configuration: command line: method.target_modules: is no YAML: while parsing a flow node, did not find expected node content.",
                "configuration: command line: \"=3\" is no key=value. Write it as method.r=8.",
                "configuration: run.yaml:4: method.lora_alpa: is no known key. Did you mean lora_alpha?",
                "configuration: command line: method.r: found 0, wants a whole number from 1 to 65536.",
            ])
    }

    @Test("pain 36: YAML's own guesses do not count: off, no and 2e-4 are what their key makes of them")
    func guesses() throws {
        let yaml = "model: {path: no}\ndata: {train: 2024}\noutput: on\ntraining: {optimizer: {learning_rate: 2e-4}, global_batch_tokens: 8_192}\n"
        let configuration = try RunConfiguration.load(yaml: yaml, file: "run.yaml").configuration
        #expect(configuration.model.path == "no" && configuration.data.train == DataPaths(["2024"]) && configuration.output == "on")
        #expect(configuration.training.optimizer.learningRate == 2e-4)
        #expect(configuration.training.globalBatchTokens == 8192)
        let wanted = "none, selective, full, or every_2, every_3 and so on"
        let line = "configuration: run.yaml:4: memory.checkpointing: found the text \"off\", wants \(wanted)."
        #expect(refusal(smallest + "memory: {checkpointing: off}") == [line])
        let resume = "configuration: run.yaml:4: checkpoint.resume: found the text \"no\", wants auto, never or a checkpoint's folder."
        #expect(refusal(smallest + "checkpoint: {resume: no}") == [resume])
    }

    @Test(
        "YAML that is broken or means more than it shows is refused with its line",
        arguments: [
            ("", "format: run.yaml:1: holds no configuration. Write at least model.path, data.train and output."),
            ("# nothing\n\n", "format: run.yaml:1: holds no configuration. Write at least model.path, data.train and output."),
            ("just words\n", "configuration: run.yaml:1: found the text \"just words\", wants a section."),
            ("- a\n", "configuration: run.yaml:1: found a list, wants a section."),
            (
                "model:\n\tpath: m\n",
                "format: run.yaml:2: is no YAML: while scanning for the next token, found character that cannot start any token. YAML indents with spaces, never with tabs."
            ),
            ("output: a\noutput: b\n", "format: run.yaml:1: output: the key is given twice in one section. Keep one of them."),
            ("model: &m {path: a}\ndata: *m\n", "format: run.yaml:1: there is an anchor (&). Write the value out where it is used."),
            ("model: {path: &p a}\n", "format: run.yaml:1: there is an anchor (&). Write the value out where it is used."),
            ("output: *missing\n", "format: run.yaml:1: is no YAML: found undefined alias."),
            ("output: !!str 5\n", "format: run.yaml:1: there is a tag (tag:yaml.org,2002:str). Leave it out: the key decides what the value is."),
            ("data: !x {train: a}\n", "format: run.yaml:1: there is a tag (!x). Leave it out: the key decides what the value is."),
            ("output: a\n---\noutput: b\n", "format: run.yaml:2: is no YAML: expected a single document in the stream, but found another document."),
            ("? [a]\n: b\n", "format: run.yaml:1: a key is a list or a section. Keys are words."),
            ("output: a\u{0}b\n", "format: run.yaml:1: is no YAML: control characters are not allowed."),
            ("output: 'a\n", "format: run.yaml:2: is no YAML: while scanning a quoted scalar, found unexpected end of stream."),
        ])
    func brokenYAML(yaml: String, message: String) { #expect(refusal(yaml).first == message) }

    @Test("files: a missing one, one that is not UTF-8, a byte order mark and Windows line ends")
    func files() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/run.yaml"
            #expect(throws: TrainerError(.file, path, "can't be opened (No such file or directory)")) { try RunConfiguration.load(path: path) }
            try Data([0x6F, 0xFF, 0xFE]).write(to: URL(fileURLWithPath: path))
            #expect(throws: TrainerError(.format, path, "is not UTF-8", remedy: "Save it as UTF-8")) { try RunConfiguration.load(path: path) }
            try Data(("\u{FEFF}" + smallest.replacingOccurrences(of: "\n", with: "\r\n")).utf8).write(to: URL(fileURLWithPath: path))
            #expect(try RunConfiguration.load(path: path).configuration.model.path == "m")
        }
    }
}
