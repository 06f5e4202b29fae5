/// How the rows of a step become microbatches: over how many data ranks, how large, and what a row costs.
///
/// None of it changes which rows a step has, their order or their global positions.
public struct PackingOptions: Sendable, Equatable {
    /// Ranks that share the rows: the size of the data group.
    public var rankCount: Int
    /// The most tokens in a microbatch.
    public var microbatchTokens: Int
    /// The sequence length at which attention costs as much as the rest of the model; nil if rows cost as many tokens as they have.
    public var attentionParity: Int?

    /// - Precondition: All numbers are positive.
    public init(rankCount: Int, microbatchTokens: Int, attentionParity: Int? = nil) {
        precondition(rankCount > 0 && microbatchTokens > 0 && attentionParity ?? 1 > 0, "PackingOptions.init: numbers must be positive")
        self.rankCount = rankCount
        self.microbatchTokens = microbatchTokens
        self.attentionParity = attentionParity
    }

    /// What a row of `length` tokens costs, in a unit of its own: `length + length² / attentionParity`, scaled to a whole number.
    public func cost(_ length: Int) -> Int {
        attentionParity.map { length * $0 + length * length } ?? length
    }
}

/// Shares rows over ranks, the dearest first, each to the rank that has least so far (Graham 1969, longest processing time first).
///
/// Ties go to the row and the rank of the lower index, so every rank finds the same answer.
///
/// - Parameter costs: Of each row.
/// - Returns: For each rank the indices of its rows, ascending; empty for ranks that get none.
func assignRows(costs: [Int], rankCount: Int) -> [[Int]] {
    guard rankCount > 1 else { return [Array(costs.indices)] }
    var assigned = Array(repeating: [Int](), count: rankCount)
    // A heap by (load, rank), the least on top; only the top ever changes, and only upwards.
    var heap = (0..<rankCount).map { (load: 0, rank: $0) }
    for row in costs.indices.sorted(by: { (costs[$1], $0) < (costs[$0], $1) }) {
        assigned[heap[0].rank].append(row)
        heap[0].load += costs[row]
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < rankCount && heap[child] < heap[least] { least = child }
            if least == parent { break }
            heap.swapAt(parent, least)
            parent = least
        }
    }
    return assigned.map { $0.sorted() }
}

/// Fills microbatches with rows, the longest first, each into the first with room (first fit decreasing).
///
/// - Parameters:
///   - rows: Indices into `lengths`, ascending.
///   - lengths: Tokens of each row of the step.
///   - limit: The most tokens in a microbatch.
/// - Returns: Microbatches of row indices, ascending in each, in the order of their first rows.
/// - Precondition: No row is longer than `limit`.
func packRows(_ rows: [Int], lengths: [Int], limit: Int) -> [[Int]] {
    guard !rows.isEmpty else { return [] }
    // room[leafCount + i] is the room left in microbatch i, and each inner node holds the most of its two children,
    // so that the first microbatch with enough room is found in log time however many rows there are.
    var leafCount = 1
    while leafCount < rows.count { leafCount *= 2 }
    var room = Array(repeating: limit, count: 2 * leafCount)
    var packed: [[Int]] = []
    for row in rows.sorted(by: { (lengths[$1], $0) < (lengths[$0], $1) }) {
        precondition(lengths[row] <= limit, "packRows: a row of \(lengths[row]) tokens does not fit into \(limit)")
        var node = 1
        while node < leafCount { node = room[2 * node] >= lengths[row] ? 2 * node : 2 * node + 1 }
        if node - leafCount == packed.count { packed.append([]) }
        packed[node - leafCount].append(row)
        room[node] -= lengths[row]
        while node > 1 {
            node /= 2
            room[node] = max(room[2 * node], room[2 * node + 1])
        }
    }
    return packed.map { $0.sorted() }.sorted { $0[0] < $1[0] }
}
