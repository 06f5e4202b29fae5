import Foundation
import Support

/// How a split GGUF file names and numbers its parts (llama.cpp, `tools/gguf-split`).
enum GGUFSplit {
    static let fetchAgain = "The parts are not all of one split: fetch or split the model again"

    /// `prefix-00002-of-00003.gguf`, taken apart; nil for a name of another kind.
    static func parse(_ path: String) -> (prefix: String, number: Int, count: Int)? {
        guard path.hasSuffix(".gguf") else { return nil }
        let words = path.dropLast(5).split(separator: "-", omittingEmptySubsequences: false)
        guard words.count >= 4, words[words.count - 2] == "of" else { return nil }
        let (number, count) = (words[words.count - 3], words[words.count - 1])
        func isNumber(_ word: Substring) -> Bool { (5...9).contains(word.count) && word.allSatisfy { $0.isASCII && $0.isNumber } }
        guard isNumber(number), isNumber(count), let place = Int(number), let total = Int(count), (1...total).contains(place) else { return nil }
        return (words.dropLast(3).joined(separator: "-"), place, total)
    }

    static func path(_ prefix: String, _ number: Int, of count: Int) -> String {
        func digits(_ number: Int) -> String { String(repeating: "0", count: max(0, 5 - String(number).count)) + String(number) }
        return "\(prefix)-\(digits(number))-of-\(digits(count)).gguf"
    }

    /// The first part among a folder's names, if all of them are parts of one split file.
    static func first(of names: [String]) -> String? {
        let parsed = names.compactMap(parse)
        guard let some = parsed.first, parsed.count == names.count, parsed.allSatisfy({ $0.prefix == some.prefix && $0.count == some.count })
        else { return nil }
        return path(some.prefix, 1, of: some.count)
    }

    /// The parts that follow the first one; none for a file that is not split.
    ///
    /// - Throws: `file` for a part that is missing; `format` for one that is damaged or has other numbers than the first.
    static func otherParts(of first: GGUFPart) throws(TrainerError) -> [GGUFPart] {
        let path = first.table.file.path
        let numbers = try Numbers(first)
        guard let numbers, numbers.count > 1 else { return [] }
        guard let name = parse(path), name.number == numbers.place + 1, name.count == numbers.count else {
            let wanted = (Self.path("NAME", numbers.place + 1, of: numbers.count) as NSString).lastPathComponent
            throw TrainerError(
                .format, path, "is part \(numbers.place + 1) of a split file of \(numbers.count), but its name is not \(wanted)",
                remedy: "Give every part the name that it had")
        }
        guard numbers.place == 0 else {
            throw TrainerError(
                .format, path, "is part \(numbers.place + 1) of \(numbers.count) of a split file",
                remedy: "Name the first part, \(Self.path(name.prefix, 1, of: numbers.count))")
        }
        var parts: [GGUFPart] = []
        for number in 2...numbers.count { parts.append(try part(Self.path(name.prefix, number, of: numbers.count), number, numbers)) }
        let total = parts.reduce(first.table.listings.count) { $0 + $1.table.listings.count }
        guard total == numbers.tensorCount else {
            throw TrainerError(
                .format, "\(path): split.tensors.count", "is \(numbers.tensorCount), but the \(numbers.count) parts hold \(total) tensors",
                remedy: fetchAgain)
        }
        return parts
    }

    private static func part(_ path: String, _ number: Int, _ first: Numbers) throws(TrainerError) -> GGUFPart {
        guard FileManager.default.fileExists(atPath: path) else {
            throw TrainerError(.file, path, "is missing, part \(number) of \(first.count) of a split file", remedy: "Fetch the missing part")
        }
        let part = try GGUFPart(path: path)
        guard let numbers = try Numbers(part) else {
            let problem = "is missing, though the first part says that this is part \(number)"
            throw TrainerError(.format, "\(path): split.count", problem, remedy: fetchAgain)
        }
        let wanted = Numbers(place: number - 1, count: first.count, tensorCount: first.tensorCount)
        guard numbers == wanted else {
            let problem = "says that it is \(numbers.shown), where \(wanted.shown) is wanted"
            throw TrainerError(.format, path, problem, remedy: fetchAgain)
        }
        return part
    }

    /// What a part says of itself.
    private struct Numbers: Equatable {
        /// From 0.
        var place: Int
        var count: Int
        /// In all parts together.
        var tensorCount: Int

        var shown: String { "part \(place + 1) of \(count) with \(tensorCount) tensors in all" }

        init(place: Int, count: Int, tensorCount: Int) {
            (self.place, self.count, self.tensorCount) = (place, count, tensorCount)
        }

        /// nil for a file that is not split.
        ///
        /// - Throws: `format` for numbers that are missing or out of range.
        init?(_ part: GGUFPart) throws(TrainerError) {
            guard part.metadata["split.count"] != nil else { return nil }
            count = try Numbers.read("split.count", part, 1...99_999)
            place = try Numbers.read("split.no", part, 0...count - 1)
            tensorCount = try Numbers.read("split.tensors.count", part, 0...Int.max)
        }

        private static func read(_ key: String, _ part: GGUFPart, _ range: ClosedRange<Int>) throws(TrainerError) -> Int {
            let subject = "\(part.table.file.path): \(key)"
            guard let value = part.metadata[key] else { throw TrainerError(.format, subject, "is missing", remedy: fetchAgain) }
            guard let number = value.integer, range.contains(number) else {
                let limits = range.upperBound == .max ? "at least \(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
                throw TrainerError(.format, subject, "is \(value.shown), where a whole number, \(limits), is wanted", remedy: fetchAgain)
            }
            return number
        }
    }
}
