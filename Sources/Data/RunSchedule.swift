public import Support

/// The whole run laid out beforehand: how many steps it has and which part of the row stream each consumes.
///
/// The stream runs over the epochs without a gap, so a step at an epoch's end goes on with the next epoch's first rows, and only the run's last
/// step may be smaller. Nothing here depends on ranks.
public struct RunSchedule: Sendable {
    public let options: Options
    /// Where each step starts in the stream, and where the last ends: one more than there are steps.
    public let cursors: [Int]
    /// A checksum of what decides the stream and its steps: the rows, the seed and the batch. A checkpoint of another stream can't be resumed.
    public let streamFingerprint: UInt64
    private let data: TokenizedRows
    private let order: DataOrder

    /// What decides the order and the size of the steps.
    public struct Options: Sendable, Equatable {
        public var seed: UInt64
        public var batch: GlobalBatch
        /// Passes over the data, also in parts; nil if `maxSteps` alone ends the run.
        public var epochs: Double?
        /// The most steps; nil if `epochs` alone ends the run.
        public var maxSteps: Int?

        public init(seed: UInt64, batch: GlobalBatch, epochs: Double? = nil, maxSteps: Int? = nil) {
            self.seed = seed
            self.batch = batch
            self.epochs = epochs
            self.maxSteps = maxSteps
        }
    }

    /// How much a step takes from the stream, over all ranks.
    public enum GlobalBatch: Sendable, Equatable {
        /// This many rows.
        case rows(Int)
        /// Rows as long as their tokens together stay within this many, and one row at least.
        case tokens(Int)
    }

    /// Walks the stream once and notes where each step starts. With a batch of tokens this orders every epoch and reads every row's length.
    ///
    /// - Throws: `configuration` if there is no row, no positive batch, or neither a positive number of epochs nor of steps.
    public init(_ data: TokenizedRows, options: Options) throws(TrainerError) {
        try options.check(rowCount: data.count)
        try data.checkCount()
        self.options = options
        self.data = data
        order = DataOrder(rowCount: data.count, seed: options.seed)
        cursors = RunSchedule.cursors(options, data, order)
        data.forget()

        var checksum = Checksum(data.contentHash)
        checksum.add(options.seed)
        switch options.batch {
        case .rows(let count): checksum.add(count)
        case .tokens(let count): checksum.add(-count)
        }
        streamFingerprint = checksum.value
    }

    public var stepCount: Int { cursors.count - 1 }

    /// How many epochs lie before a step's first row, with the part of the one begun.
    public func epoch(atStep step: Int) -> Double { Double(cursors[step]) / Double(data.count) }

    /// The step that starts at a stream position, `stepCount` at the very end; nil if none does. A run that is resumed needs this one integer.
    public func step(startingAt cursor: Int) -> Int? {
        var low = 0
        var high = cursors.count
        while low < high {
            let middle = (low + high) / 2
            if cursors[middle] < cursor { low = middle + 1 } else { high = middle }
        }
        return low < cursors.count && cursors[low] == cursor ? low : nil
    }

    /// The plan of a step, from 0. Costs what the step's own rows cost, and a permutation when an epoch begins.
    ///
    /// - Precondition: The step lies in the run, and no row is longer than a microbatch (`check` tells).
    public func plan(step: Int, packing: PackingOptions) -> StepPlan {
        precondition(step >= 0 && step < stepCount, "RunSchedule.plan: step \(step) of \(stepCount)")
        let cursor = cursors[step]..<cursors[step + 1]
        defer { data.forget() }
        return StepPlan(cursor: cursor, rows: order.rows(at: cursor), of: data, packing: packing)
    }

    /// A checksum of the run's whole plan; ranks that find the same value will compute matching parts of the same steps.
    public func fingerprint(packing: PackingOptions) -> UInt64 {
        var checksum = Checksum(streamFingerprint)
        for cursor in cursors { checksum.add(cursor) }
        checksum.add(packing.rankCount)
        checksum.add(packing.microbatchTokens)
        checksum.add(packing.attentionParity ?? 0)
        return checksum.value
    }

    private static func cursors(_ options: Options, _ data: TokenizedRows, _ order: DataOrder) -> [Int] {
        let streamLength = options.epochs.map { max(1, Int(($0 * Double(data.count)).rounded())) } ?? .max
        let maxSteps = options.maxSteps ?? .max
        var cursors = [0]
        var position = 0
        switch options.batch {
        case .rows(let count):
            while position < streamLength, cursors.count <= maxSteps {
                position = streamLength - position > count ? position + count : streamLength
                cursors.append(position)
            }
        case .tokens(let budget):
            var epoch = -1
            var rows: [UInt32] = []
            while position < streamLength, cursors.count <= maxSteps {
                var tokens = 0
                let first = position
                while position < streamLength {
                    if position / data.count != epoch {
                        epoch = position / data.count
                        rows = []
                        rows = order.permutation(epoch: epoch)
                    }
                    let length = data.length(of: Int(rows[position - epoch * data.count]))
                    if position > first, tokens + length > budget { break }
                    tokens += length
                    position += 1
                }
                cursors.append(position)
            }
        }
        return cursors
    }
}

extension RunSchedule.Options {
    fileprivate func check(rowCount: Int) throws(TrainerError) {
        guard rowCount > 0 else { throw TrainerError(.configuration, "data.train", "has no row to train on") }
        let size =
            switch batch {
            case .rows(let count), .tokens(let count): count
            }
        guard size > 0 else { throw TrainerError(.configuration, "training", "a global batch of \(size) is not positive") }
        guard epochs != nil || maxSteps != nil else {
            throw TrainerError(.configuration, "training", "neither epochs nor max_steps says when the run ends", remedy: "Set one of them")
        }
        if let epochs, !(epochs > 0 && epochs * Double(rowCount) < 0x1p53) {
            throw TrainerError(.configuration, "training.epochs", "\(epochs) is not a positive number of passes over the data")
        }
        if let maxSteps, maxSteps <= 0 { throw TrainerError(.configuration, "training.max_steps", "\(maxSteps) is not positive") }
    }
}

extension PackingOptions {
    /// Refuses a microbatch that the longest row does not fit into.
    ///
    /// - Throws: `configuration`.
    public func check(_ data: TokenizedRows) throws(TrainerError) {
        let longest = data.longestRow
        guard longest > microbatchTokens else { return }
        throw TrainerError(
            .configuration, "training.microbatch_tokens", "\(grouped(microbatchTokens)) are fewer than the longest row's \(grouped(longest))",
            remedy: "Allow \(longest), or set a lower data.sequence_length")
    }
}
