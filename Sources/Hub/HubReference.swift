/// A model on a hub, as people write it: `owner/name`, `owner/name@revision`, `owner/name/file.gguf`, `owner/name/file.gguf@revision`.
public struct HubReference: Equatable, Sendable, CustomStringConvertible {
    public let owner: String
    public let name: String
    /// A branch, a tag, a commit or `refs/pr/1`.
    public let revision: String
    /// The GGUF file that is meant; nil for the repository's model.
    public let file: String?

    public static let defaultRevision = "main"

    /// Nil for a text that can't name a model on a hub: an absolute path, `./model`, `model`, `folder/model.gguf`.
    ///
    /// Names have letters, digits, `-`, `_` and `.`, and neither begin nor end with a `-` or a `.`: so the folders of the cache are where they
    /// should be, whatever was written.
    public init?(_ text: String) {
        let sides = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let parts = sides[0].split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count >= 2, Self.isName(parts[0]), Self.isName(parts[1]) else { return nil }
        let file = parts.count > 2 ? parts.dropFirst(2).joined(separator: "/") : nil
        if let file {
            guard file.hasSuffix(".gguf"), HubPath.isSafe(file) else { return nil }
        } else if parts[1].hasSuffix(".gguf") {
            return nil
        }
        let revision = sides.count == 2 ? sides[1] : Self.defaultRevision
        guard HubPath.isSafe(revision) else { return nil }
        owner = parts[0]
        name = parts[1]
        self.revision = revision
        self.file = file
    }

    /// `owner/name`.
    public var repository: String { "\(owner)/\(name)" }

    public var description: String {
        repository + (file.map { "/\($0)" } ?? "") + (revision == Self.defaultRevision ? "" : "@\(revision)")
    }

    private static func isName(_ text: String) -> Bool {
        let isPlain = text.utf8.allSatisfy { isAlphanumeric($0) || [45, 46, 95].contains($0) }
        guard isPlain, (1...96).contains(text.utf8.count), let first = text.first, let last = text.last else { return false }
        return !"-.".contains(first) && !"-.".contains(last) && !text.contains("..") && !text.contains("--")
    }
}

/// Names that a server or a person gives and that become paths below the cache.
enum HubPath {
    /// Whether a relative path stays below the folder it is put into: no empty, `.` or `..` part, no control character or backslash.
    static func isSafe(_ path: String) -> Bool {
        guard (1...1024).contains(path.utf8.count), !path.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F || $0 == 0x5C }) else { return false }
        return path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
            !$0.isEmpty && $0 != "." && $0 != ".." && $0.utf8.count <= 255
        }
    }

    /// Percent-encodes what has a meaning of its own in a URL's path; `/` too where a name has to be one part of it.
    static func encoded(_ path: String, keepsSlashes: Bool) -> String {
        path.utf8.map { byte in
            let isPlain = isAlphanumeric(byte) || [45, 46, 95, 126].contains(byte) || keepsSlashes && byte == 47
            return isPlain ? String(UnicodeScalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined()
    }

    /// Whether a text is `count` lowercase hexadecimal digits: a commit (40), a Git hash (40) or a SHA-256 (64).
    static func isHash(_ text: String, _ count: Int) -> Bool {
        text.utf8.count == count && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }
}

private func isAlphanumeric(_ byte: UInt8) -> Bool { (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) }
