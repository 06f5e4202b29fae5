import ArgumentParser
import Data
import Glibc
import Reporting
import Support
import Tokenizers

/// `trainer tokenize`: a text as the model sees it.
struct TokenizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize", abstract: "Shows the tokens of a text: pieces, ids and offsets.",
        discussion: """
            A piece is what the vocabulary calls a token: Ġ or ▁ stands for a space, <0x0A> for a byte. Offsets count bytes of UTF-8 and characters \
            (Unicode scalars, as Python counts) from the start of the text; a token that holds part of a character covers the whole of it.
            """)

    @Argument(help: "The model: a Hugging Face folder, which needs no more than tokenizer.json, or a GGUF file.") var model: String
    @Argument(help: "The text; without it standard input is read, but for one line break at its end.") var text: String?
    @OptionGroup var downloading: DownloadOption
    @Flag(help: "Leave out the special tokens that the tokenizer puts around a text; those written in the text stay.") var noSpecial = false
    @Flag(help: "Print one JSON object for programs.") var json = false

    func run() throws {
        try downloading.fetch(model)
        let tokenizer = try Tokenizer.load(path: model)
        let text = try text ?? StandardInput.text()
        let encoding = try tokenizer.encode(text, addingSpecialTokens: !noSpecial)
        let listing = TokenListing(text, encoding, tokenizer)
        print(json ? listing.json.text() : listing.table, terminator: json ? "\n" : "")
    }
}

/// A text's tokens for people and for programs.
private struct TokenListing {
    private let text: [UInt8]
    private let encoding: Tokenizer.Encoding
    private let tokenizer: Tokenizer
    /// How many characters start before each byte.
    private let characters: [Int]

    init(_ text: String, _ encoding: Tokenizer.Encoding, _ tokenizer: Tokenizer) {
        self.text = Array(text.utf8)
        self.encoding = encoding
        self.tokenizer = tokenizer
        characters = self.text.reduce(into: [0]) { counts, byte in counts.append((counts.last ?? 0) + (byte & 0xC0 == 0x80 ? 0 : 1)) }
    }

    /// Where a range of bytes lies in characters.
    private func characters(_ bytes: Range<Int>) -> Range<Int> { characters[bytes.lowerBound]..<characters[bytes.upperBound] }

    private func piece(_ id: Int32) -> String { tokenizer.token(of: id) ?? "" }

    var table: String {
        var table = TextTable([.init("", .right), .init("id", .right), .init("piece"), .init("bytes"), .init("characters"), .init("text")])
        for (index, (id, bytes)) in zip(encoding.ids, encoding.offsets).enumerated() {
            let characters = characters(bytes)
            table.add([
                "\(index)", "\(id)", shown(piece(id)), "\(bytes.lowerBound)-\(bytes.upperBound)", "\(characters.lowerBound)-\(characters.upperBound)",
                tokenizer.isSpecial(id) ? "(special)" : shown(String(decoding: text[bytes], as: UTF8.self)),
            ])
        }
        let count = "\(grouped(encoding.ids.count)) tokens, \(grouped(text.count)) bytes, \(grouped(characters.last ?? 0)) characters"
        return table.text + count + "\n"
    }

    /// Control characters and white space other than the space escaped, so that a token is one line and nothing is obeyed.
    private func shown(_ text: String) -> String {
        text.unicodeScalars.map { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned: scalar.escaped(asASCII: true)
            case .spaceSeparator where scalar != " ": scalar.escaped(asASCII: true)
            default: String(scalar)
            }
        }.joined()
    }

    var json: JSONValue {
        func pairs(_ ranges: [Range<Int>]) -> JSONValue { .array(ranges.map { .integers([$0.lowerBound, $0.upperBound]) }) }
        return .object(
            JSONObject([
                ("count", .integer(encoding.ids.count)), ("ids", .integers(encoding.ids.map { Int($0) })),
                ("pieces", .strings(encoding.ids.map(piece))), ("special", .array(encoding.ids.map { .bool(tokenizer.isSpecial($0)) })),
                ("bytes", pairs(encoding.offsets)), ("characters", pairs(encoding.offsets.map(characters))),
            ]))
    }
}
