import Foundation
import Support

/// What the commands read where no text is given on the command line.
enum StandardInput {
    /// All of standard input, but for one line break at its end.
    ///
    /// - Throws: `format` if it is not UTF-8.
    static func text() throws(TrainerError) -> String {
        let bytes = FileHandle.standardInput.readDataToEndOfFile()
        guard var text = String(validating: bytes, as: UTF8.self) else {
            throw TrainerError(.format, "standard input", "is not UTF-8", remedy: "Give the text as UTF-8")
        }
        if text.last?.isNewline == true { text.removeLast() }
        return text
    }
}
