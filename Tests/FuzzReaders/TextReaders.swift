import Data
import Foundation
import Formats
import Models
import Planning
import Support
import Templates
import Tokenizers

/// Texts: tokenizers, configurations, templates and rows.
extension FuzzReader {
    static func tokenizer() throws -> FuzzReader {
        let words = [
            "\"BPE\"", "\"Split\"", "\"Sequence\"", "\"ByteLevel\"", "\"Regex\"", "\"String\"", "\"Isolated\"", "\"Removed\"", "\"NFC\"",
            "\"(a*)*b\"", "\"(?=\"",
            "\"TemplateProcessing\"", "\"added_tokens\"", "\"merges\"", "\"vocab\"", "\"\\\\p{L}+\"", "\"unk_token\"", "\"id\"",
        ]
        return FuzzReader("tokenizer", seeds: try corpus("tokenizer"), words: words) { (folder) throws(TrainerError) in
            try use(Tokenizer.load(folder: folder))
        }
    }

    static func configuration() throws -> FuzzReader {
        let words = [
            "\"num_hidden_layers\"", "\"vocab_size\"", "\"hidden_size\"", "\"head_dim\"", "\"rope_scaling\"", "\"rope_parameters\"", "\"llama3\"",
            "\"linear\"",
            "\"llama\"", "\"eos_token_id\"", "\"partial_rotary_factor\"", "\"factor\"", "\"silu\"",
        ]
        let generation: (name: String, bytes: [UInt8]) = (
            "generation_config.json",
            Array(#"{"bos_token_id": 1, "do_sample": true, "eos_token_id": [2, 7], "temperature": 0.7, "top_k": 5, "top_p": 0.9}"#.utf8)
        )
        let seeds = try ["llama3", "tied", "untied", "sharded"].map { name in
            FuzzCase([("config.json", try load("TrainingTests/Fixtures/\(name)/config.json").files[0].bytes), generation])
        }
        return FuzzReader("config", seeds: seeds, words: words) { (folder) throws(TrainerError) in
            let configuration = try HuggingFaceConfiguration.read(folder: folder)
            _ = try GenerationConfiguration.read(folder: folder)
            let architecture = try Architectures.named(configuration.modelType, subject: folder)
            let model = LanguageModel.build(try architecture.options(from: configuration), architecture)
            sink = UInt8(truncatingIfNeeded: model.parameters.reduce(0) { $0 + 4 * $1.count } + model.fileRows.count)
        }
    }

    static func template() throws -> FuzzReader {
        struct Templates: Decodable {
            let templates: [String: String]
            let expressions: [[String?]]
        }
        let data = try Foundation.Data(contentsOf: URL(fileURLWithPath: "\(tests)/TemplatesTests/Fixtures/templates.json"))
        let file = try JSONDecoder().decode(Templates.self, from: data)
        let texts = file.templates.sorted { $0.key < $1.key }.map(\.value) + file.expressions.prefix(400).compactMap { $0.first ?? nil }
        let sound = texts.filter { (try? ChatTemplate($0, path: "seed")) != nil }
        let words = [
            "{% for a in messages recursive %}", "{{ loop(a) }}", "{% endfor %}", "range(1000000000)", " * 1000000000", "|tojson(indent=1000000)",
            "|join",
            "|indent(9999999)", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "{% set ns = namespace() %}", "|list", "|sort", "|unique",
            "[::-1]", "[0:",
            "{% break %}", "{{ 2 ** 64 }}", " ** 99999", "|round(400)", "'%s' % ", ".format(", "|map(attribute='role')", "strftime_now('%Y%Y')",
            "'a' * 99999999",
            ".replace('', 'aaaa')", "|center(999999999)", "messages", "{% generation %}", "{% endgeneration %}", "// 0", "% 0", "9223372036854775807",
            "-",
        ]
        return FuzzReader("template", seeds: sound.map { FuzzCase("chat_template.jinja", Array($0.utf8)) }, words: words) {
            (folder) throws(TrainerError) in
            let bytes = try FileSystem().contents(of: "\(folder)/chat_template.jinja")
            var template = try ChatTemplate(
                String(decoding: bytes, as: UTF8.self), path: "chat_template.jinja", specialTokens: ["bos_token": "<s>", "eos_token": "</s>"])
            template.time = TemplateTime(year: 2026, month: 2, day: 28)
            do throws(TrainerError) { _ = try template.render(conversation, addsGenerationPrompt: true) } catch {
                // Seeds raise errors of their own; what counts is that they are errors.
                guard error.code == .format else { throw error }
            }
        }
    }

    private static let conversation = Conversation(
        messages: [
            .mapping([("role", .string("system")), ("content", .string("You are terse."))]),
            .mapping([("role", .string("user")), ("content", .string("What is 2 + 2?"))]),
            .mapping([("role", .string("assistant")), ("content", .string("4")), ("thinking", .string("sum"))]),
            .mapping([("role", .string("user")), ("content", .string("Wirklich?\n"))]),
        ], tools: .list([.mapping([("name", .string("add")), ("parameters", .mapping([("a", .string("number"))]))])]))

    static func rows() throws -> FuzzReader {
        let words = [
            "\"messages\"", "\"conversations\"", "\"role\"", "\"content\"", "\"prompt\"", "\"completion\"", "\"instruction\"", "\"text\"",
            "\"tools\"", "\"\"\"",
            "\r", "\r\n", "\n\n", "\"from\"", "\"value\"", "assistant",
        ]
        let template = "{% for m in messages %}<{{ m.role }}>{{ m.content }}</s>{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}"
        return FuzzReader("rows", seeds: try corpus("rows"), words: words) { (folder) throws(TrainerError) in
            var encoding = ByteEncoding()
            encoding.endToken = 0
            var options = RowOptions(sequenceLength: 64, overLength: .split)
            let files = try DataFiles(["\(folder)/*"])
            if files.name.hasSuffix(".txt") { options.trainOn = .all }
            let recipe = RowRecipe(
                encoding: encoding, options: options,
                chat: ChatSource(template: template, path: "template", stopTokens: ["</s>"], addedTokens: ["</s>"]))
            let rows = try RowTokenizer(files: files, recipe: recipe).tokenize(on: ThreadPool(threadCount: 1))
            _ = (rows.table, rows.warnings)
            for row in 0..<rows.rows.count { _ = try rows.rows.row(row) }
        }
    }

    static func yaml() throws -> FuzzReader {
        let configs = try ["quickstart", "lora", "full"].map { renamed(try FuzzCase.load("\(tests)/../Configs/\($0).yaml"), "run.yaml") }
        let words = [
            "&a ", "*a", "!!binary ", "<<: ", "? ", "- ", ": ", "|\n", ">-\n", "{", "}", "[", "---\n", "...\n", "%YAML 1.2\n", "learning_rate",
            "data", "train:", "r: ",
            "epochs: ", "kind: ", "sequence_length: ", "\t", "auto", "[a, b]",
        ]
        return FuzzReader("yaml", seeds: configs, words: words) { (folder) throws(TrainerError) in
            let loaded = try RunConfiguration.load(path: "\(folder)/run.yaml")
            _ = loaded.resolvedYAML()
        }
    }
}

/// A token for each byte.
struct ByteEncoding: TextEncoding {
    struct Encoded: EncodedText {
        var ids: [Int32]
        var offsets: [Range<Int>]
    }

    var beginToken: Int32?
    var endToken: Int32?
    var fingerprint: String { "bytes" }

    func encode(_ text: String, addingSpecialTokens: Bool) throws(TrainerError) -> Encoded {
        Encoded(ids: text.utf8.map { Int32($0) }, offsets: text.utf8.indices.enumerated().map { $0.offset..<($0.offset + 1) })
    }
}
