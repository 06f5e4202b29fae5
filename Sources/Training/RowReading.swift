public import Data
public import Formats
import Reporting
public import Support
public import Tensors
public import Tokenizers

/// How the ranks come to a data set's rows: from the cache where an earlier start left them, else by tokenising, each its share.
public struct RowReading {
    public let options: DataOptions
    public let model: ModelFiles
    public let tokenizer: Tokenizer
    public let group: any ProcessGroup
    /// Its threads tokenise and hash.
    public let pool: ThreadPool

    public init(_ options: DataOptions, _ model: ModelFiles, _ tokenizer: Tokenizer, group: any ProcessGroup, pool: ThreadPool) {
        self.options = options
        self.model = model
        self.tokenizer = tokenizer
        self.group = group
        self.pool = pool
    }

    /// Rows, and how they were come by.
    public struct Found: Sendable {
        public let data: ReadRows
        /// What renders the rows; nil for rows that are no chats.
        public let chat: ChatSource?
        /// `read from the cache`, or how long it took to make them.
        public let origin: String
        /// Parts of the cache that were damaged, and are made again.
        public let damages: [TrainerError]

        public var rows: TokenizedRows { data.rows }

        /// What the user should know of the cache and of the rows, a line each.
        public var warnings: [String] { damages.map { "\($0.subject) \($0.problem); it was made again" } + data.warnings }

        /// The audit and where the rows come from, as rows of name and value.
        public var table: [(name: String, value: String)] {
            let template = chat.map { [("template", "\($0.path), \($0.fingerprint); turns end in \(alternatives($0.stopTokens))")] } ?? []
            return data.table + template + [("cache", origin)]
        }

        /// As text.
        public var text: String {
            var text = TextTable([.init(""), .init("", widest: 100)])
            for row in table { text.add([row.name, row.value]) }
            return text.text
        }
    }

    /// The rows of some files, the same on every rank; what was found in them is not judged.
    ///
    /// - Parameter limit: A cap on the records that are read.
    /// - Throws: `configuration`, `file`, or `format` with file and line for a row that can't be read; on every rank alike.
    public func rows(_ paths: DataPaths, limit: Int?) throws(TrainerError) -> Found {
        let name = "reading \(paths.patterns.joined(separator: ", "))"
        let (recipe, sources, folder) = try group.agree(name) { () throws(TrainerError) in
            (try RowRecipe(options, limit: limit, model, tokenizer), try SourceFiles(paths.patterns), try options.cache.path())
        }
        let start = ContinuousClock.now
        guard let folder else {
            let (rows, byteCount) = try inMemory(sources, recipe, name)
            return Found(data: rows, chat: rows.isChat ? recipe.chat : nil, origin: "held in memory, \(made(byteCount, start))", damages: [])
        }
        let cache = TokenCache(folder: folder)
        let key = try agreedKey(sources, recipe, cache, name)
        var contents = try group.agree(name) { () throws(TrainerError) in try cache.contents(of: key) }
        let damages = contents.damages
        var origin = "read from \(cache.path(of: key))"
        if try isMissing(contents) {
            let made = try make(key, cache, sources, recipe, contents, name)
            contents = made.contents
            origin = "\(self.made(made.byteCount, start)), kept in \(cache.path(of: key))"
        }
        guard let rows = cache.rows(contents, paths: sources.paths, recipe: recipe) else {
            throw TrainerError(.file, cache.path(of: key), "has lost parts that were just made", remedy: "Give data.cache another folder, or none")
        }
        return Found(data: rows, chat: rows.isChat ? recipe.chat : nil, origin: origin, damages: damages)
    }

    private func made(_ byteCount: Int, _ start: ContinuousClock.Instant) -> String {
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        return "made in \(fixed(seconds, 1)) s, \(fixed(Double(byteCount) / 1e6 / seconds, 1)) MB/s"
    }

    // MARK: - In the cache

    /// The key of the rows, once all ranks have come to the same.
    private func agreedKey(_ sources: SourceFiles, _ recipe: RowRecipe, _ cache: TokenCache, _ name: String) throws(TrainerError) -> String {
        let own = try group.agree(name) { () throws(TrainerError) in try sources.key(recipe, in: cache, on: pool) }
        let all = try group.gather(Array(own.utf8), name: name)
        if let odd = all.firstIndex(where: { $0 != all[0] }) {
            throw TrainerError(
                .communication, "rank \(odd)", "reads other data, or has another model or program, than rank 0",
                remedy: "Give every node the same program, model and data")
        }
        return own
    }

    /// Whether a part is missing on any rank.
    private func isMissing(_ contents: TokenCache.Contents) throws(TrainerError) -> Bool {
        try group.max([contents.isComplete ? 0 : 1], name: "looking into the cache")[0] > 0
    }

    /// Makes what is missing. Ranks that see the same folder share the parts; those of a node that sees a folder of its own make them for that node.
    ///
    /// What a rank sees need not be what is there: another job may be making the same parts, and a network file system may show them late. So
    /// nobody relies on it: in a second round every rank makes what it still misses.
    private func make(
        _ key: String, _ cache: TokenCache, _ sources: SourceFiles, _ recipe: RowRecipe, _ found: TokenCache.Contents, _ name: String
    ) throws(TrainerError) -> (contents: TokenCache.Contents, byteCount: Int) {
        let tokenizer = try group.agree(name) { () throws(TrainerError) in
            try cache.prepare(key)
            return try RowTokenizer(files: DataFiles(sources.paths, format: recipe.options.format), recipe: recipe)
        }
        let peers = try peers(in: cache.path(of: key), name)
        var contents = found
        for round in 0..<2 {
            let missing = contents.missing(of: tokenizer.partCount)
            let place = peers.firstIndex(of: group.index) ?? 0
            let own = round == 0 ? Array(missing[slice(place, of: peers.count, missing.count)]) : missing
            try group.agree(name) { () throws(TrainerError) in
                _ = try pool.results(own.count) { (index) throws(TrainerError) in
                    try cache.make(TokenPartName(key: key, index: own[index], count: tokenizer.partCount), with: tokenizer, of: sources)
                }
                try cache.synchronize(key)
            }
            contents = try group.agree(name) { () throws(TrainerError) in try cache.contents(of: key) }
            if try !isMissing(contents) { break }
        }
        return (contents, tokenizer.byteCount)
    }

    /// The ranks that see the same folder as this one, itself among them: each leaves a file there, and looks whose it finds.
    private func peers(in folder: String, _ name: String) throws(TrainerError) -> [Int] {
        guard group.size > 1 else { return [group.index] }
        let job = try group.onFirst(name) { () throws(TrainerError) in TokenCache.uniqueName() }
        let fileSystem = FileSystem()
        let files = (0..<group.size).map { "\(job)-rank-\($0)\(TokenCache.partial)" }
        try group.agree(name) { () throws(TrainerError) in try fileSystem.create("\(folder)/\(files[group.index])").close() }
        let names = try group.agree(name) { () throws(TrainerError) in Set(try fileSystem.names(in: folder)) }
        try group.agree(name) { () throws(TrainerError) in try fileSystem.remove("\(folder)/\(files[group.index])") }
        return files.indices.filter { names.contains(files[$0]) || $0 == group.index }
    }

    // MARK: - In memory

    /// Every rank tokenises its share and gives it to all.
    private func inMemory(_ sources: SourceFiles, _ recipe: RowRecipe, _ name: String) throws(TrainerError)
        -> (rows: ReadRows, byteCount: Int)
    {
        let (tokenizer, own) = try group.agree(name) { () throws(TrainerError) in
            let tokenizer = try RowTokenizer(files: DataFiles(sources.paths, format: recipe.options.format), recipe: recipe)
            let share = Array(slice(group.index, of: group.size, tokenizer.partCount))
            let words = try pool.results(share.count) { (index) throws(TrainerError) in try tokenizer.words(of: tokenizer.name(ofPart: share[index]))
            }
            try sources.checkUnchanged()
            return (tokenizer, words)
        }
        var words = [[UInt32]](repeating: [], count: tokenizer.partCount)
        // A part of each rank at a time, since no more than 2 GB can be gathered at once.
        for round in 0..<((tokenizer.partCount + group.size - 1) / group.size) {
            let part = round < own.count ? own[round].withUnsafeBytes { Array($0) } : []
            for (rank, bytes) in try group.gather(part, name: name).enumerated() where !bytes.isEmpty {
                words[slice(rank, of: group.size, tokenizer.partCount).lowerBound + round] = bytes.withUnsafeBytes {
                    Array($0.bindMemory(to: UInt32.self))
                }
            }
        }
        return (try group.agree(name) { () throws(TrainerError) in try tokenizer.rows(words) }, tokenizer.byteCount)
    }

    /// Consecutive shares of `count` things, so that the first error of the first rank that has one is the first of all.
    private func slice(_ index: Int, of size: Int, _ count: Int) -> Range<Int> { (count * index / size)..<(count * (index + 1) / size) }
}
