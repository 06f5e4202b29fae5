import Glibc
public import Support
import Synchronization

/// A folder that keeps tokenised rows, so that they are made once and read from mapped files ever after.
///
///     tokens/KEY/part-00003-of-00057   rows, as `TokenPartFooter` lays them out
///     files/IDENTITY                   the content hash of a file that was read before
///
/// A part is written under a name of its own, brought to the disk and then renamed, and two jobs that make the same part make the same bytes; so
/// whoever finds a part finds it whole, and no job waits for another. Everything in the folder can be removed at any time.
public struct TokenCache: Sendable {
    public let folder: String
    let fileSystem: FileSystem

    public init(folder: String, fileSystem: FileSystem = FileSystem()) {
        self.folder = folder
        self.fileSystem = fileSystem
    }

    /// The folder of a data set's parts.
    public func path(of key: String) -> String { "\(folder)/tokens/\(key)" }

    // MARK: - Parts

    /// What is there of a data set.
    public struct Contents: Sendable {
        /// By their numbers, nil where one is missing or damaged; empty if none is there.
        fileprivate(set) var parts: [TokenPart?] = []
        /// What is wrong with those that are damaged.
        public fileprivate(set) var damages: [TrainerError] = []

        public var isComplete: Bool { !parts.isEmpty && parts.allSatisfy { $0 != nil } }

        /// The numbers of those to be made, if the data set has that many parts.
        public func missing(of count: Int) -> [Int] { parts.count == count ? parts.indices.filter { parts[$0] == nil } : Array(0..<count) }
    }

    /// The rows of a data set whose parts are all there; nil if one is missing.
    public func rows(_ contents: Contents, paths: [String], recipe: RowRecipe) -> ReadRows? {
        guard contents.isComplete else { return nil }
        return ReadRows(contents.parts.compactMap { $0 }, paths: paths, sequenceLength: recipe.options.sequenceLength)
    }

    /// Maps the parts that are there and checks all but their rows, which are checked when they are read.
    public func contents(of key: String) throws(TrainerError) -> Contents {
        let folder = path(of: key)
        var contents = Contents()
        guard try fileSystem.kind(of: folder) == .folder else { return contents }
        let names = try fileSystem.names(in: folder)
        guard let count = names.compactMap({ TokenPartName.count(in: $0) }).first, count <= 4096 else { return contents }
        for index in 0..<count {
            let name = TokenPartName(key: key, index: index, count: count)
            let path = "\(folder)/\(name.fileName)"
            guard try fileSystem.kind(of: path) == .file else {
                contents.parts.append(nil)
                continue
            }
            do throws(TrainerError) {
                contents.parts.append(try TokenPart(path: path, name: name))
            } catch {
                contents.parts.append(nil)
                contents.damages.append(error)
            }
        }
        return contents
    }

    /// Tokenises a part and puts it in place, or in the place of a damaged one.
    ///
    /// - Parameter sources: The files, as they were when the key was made.
    /// - Throws: `format` with file and line for a malformed row; `file` if the part can't be written or the files have changed.
    public func make(_ name: TokenPartName, with tokenizer: RowTokenizer, of sources: SourceFiles) throws(TrainerError) {
        let path = "\(path(of: name.key))/\(name.fileName)"
        let temporary = "\(path).\(Self.uniqueName())\(Self.partial)"
        try naming { () throws(TrainerError) in
            do throws(TrainerError) {
                var writer = TokenPartWriter(name, kind: tokenizer.kind, isChat: tokenizer.isChat, into: try fileSystem.create(temporary))
                try tokenizer.write(into: &writer)
                _ = try writer.finish()
                try sources.checkUnchanged()
                try fileSystem.rename(temporary, to: path)
            } catch {
                try? fileSystem.remove(temporary)
                throw error
            }
        }
    }

    /// Has errors of the cache's own files tell where else it could be.
    private func naming(_ body: () throws(TrainerError) -> Void) throws(TrainerError) {
        do throws(TrainerError) { try body() } catch {
            guard error.code == .file, error.subject.hasPrefix(folder) || folder.hasPrefix(error.subject) else { throw error }
            throw TrainerError(
                .file, error.subject, error.problem, remedy: "Give data.cache a folder that can be written and has room, or none to do without")
        }
    }

    /// Makes the folder of a data set's parts, and removes what jobs left there that were killed a day ago or longer.
    public func prepare(_ key: String) throws(TrainerError) {
        let folder = path(of: key)
        try naming { () throws(TrainerError) in try fileSystem.createFolders(folder) }
        for name in try fileSystem.names(in: folder) where name.hasSuffix(Self.partial) {
            guard let identity = try? FileIdentity(path: "\(folder)/\(name)"), identity.age > .seconds(86_400) else { continue }
            // Another rank may be quicker.
            try? fileSystem.remove("\(folder)/\(name)")
        }
    }

    /// Brings the names of a data set's parts to the disk.
    public func synchronize(_ key: String) throws(TrainerError) { try fileSystem.synchronizeFolder(path(of: key)) }

    /// What the names of files end in that are not finished; those left by killed jobs are removed in time.
    public static let partial = ".partial"

    private static let namesGiven = Atomic<Int>(0)

    /// A name that no one else has, on this host or another.
    public static func uniqueName() -> String {
        var host = [CChar](repeating: 0, count: 256)
        _ = gethostname(&host, host.count - 1)
        let name = String(decoding: host.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        let number = namesGiven.wrappingAdd(1, ordering: .relaxed).newValue
        return "\(String(name.map { $0.isLetter || $0.isNumber ? $0 : "-" })).\(getpid()).\(number)"
    }
}
