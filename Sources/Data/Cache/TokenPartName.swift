/// Which part of which data set a file holds.
public struct TokenPartName: Hashable, Sendable {
    /// The data set's key: 64 hexadecimal digits.
    public let key: String
    /// From 0.
    public let index: Int
    /// How many parts the data set has.
    public let count: Int

    public init(key: String, index: Int, count: Int) {
        self.key = key
        self.index = index
        self.count = count
    }

    /// `part-00003-of-00057`.
    var fileName: String { "part-\(digits(index))-of-\(digits(count))" }

    /// The number of parts that a file's name tells; nil if it is no part's.
    static func count(in fileName: String) -> Int? {
        let words = fileName.split(separator: "-")
        guard words.count == 4, words[0] == "part", words[2] == "of", let index = Int(words[1]), let count = Int(words[3]) else { return nil }
        return TokenPartName(key: "", index: index, count: count).fileName == fileName && index >= 0 && index < count ? count : nil
    }

    private func digits(_ number: Int) -> String { String(repeating: "0", count: max(0, 5 - String(number).count)) + String(number) }
}
