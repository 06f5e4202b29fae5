/// What went wrong, where, and what the reader can do: the one error type of the project.
///
/// Raised with typed throws from floor 1 up. The command line prints `description` on one line and exits with `code.exitStatus`.
public struct TrainerError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kind of failure; it decides the exit status.
    public enum Code: String, CaseIterable, Sendable {
        /// A key, a value or a combination of them in the configuration or on the command line.
        case configuration
        /// Bytes that break a file format.
        case format
        /// A file that is missing, unreadable, unwritable, or a full disk.
        case file
        /// A tensor that does not fit the model.
        case shape
        /// Memory that does not suffice, by estimate or by allocation.
        case memory
        /// MPI, a lost peer, a time-out; a restart may help.
        case communication
        /// A loss or gradient that is not finite.
        case numerics
        /// A signal or a time limit, after a checkpoint; the run can be resumed.
        case interrupted

        /// The process's exit status, after sysexits.h where it has a fitting one.
        public var exitStatus: Int32 {
            switch self {
            case .configuration: 64
            case .format: 65
            case .file: 66
            case .shape: 70
            case .memory: 71
            case .communication: 75
            case .numerics: 76
            case .interrupted: 130
            }
        }
    }

    public var code: Code
    /// Configuration key, file and offset, tensor or rank.
    public var subject: String
    /// What is wrong, with the value found.
    public var problem: String
    /// What the reader can do.
    public var remedy: String?
    /// Further problems that were found together with this one, each printed on a line of its own.
    public var others: [TrainerError] = []

    public init(_ code: Code, _ subject: String, _ problem: String, remedy: String? = nil) {
        self.code = code
        self.subject = subject
        self.problem = problem
        self.remedy = remedy
    }

    /// One line: `code: subject: problem. remedy.` Then a line for each of `others`.
    public var description: String {
        let (subject, problem) = (Self.clipped(subject), Self.clipped(problem))
        let ending = remedy.map(Self.clipped).map { " \($0)" + ($0.last.map { ".?!".contains($0) } ?? true ? "" : ".") } ?? ""
        let line = "\(code.rawValue): \(subject): \(problem)." + ending
        return ([String(line.map { Self.isPlain($0) ? $0 : " " })] + others.map(\.description)).joined(separator: "\n")
    }

    /// Whether a character is printed as it is: names of files and texts in them may hold what ends a line or steers a terminal.
    private static func isPlain(_ character: Character) -> Bool {
        !character.isNewline && !character.unicodeScalars.contains { $0.value < 0x20 || (0x7F..<0xA0).contains($0.value) }
    }

    /// The start and the end of a text that is longer than any of ours: what was found in a file may be of any length.
    private static func clipped(_ text: String) -> String {
        guard text.utf8.count > 1250 else { return text }
        return "\(String(decoding: text.utf8.prefix(900), as: UTF8.self)) ... \(String(decoding: text.utf8.suffix(300), as: UTF8.self))"
    }

    /// Throws all problems as one error, the first leading; returns if there is none.
    public static func throwAll(_ problems: [TrainerError]) throws(TrainerError) {
        guard var first = problems.first else { return }
        first.others += problems.dropFirst()
        throw first
    }
}
