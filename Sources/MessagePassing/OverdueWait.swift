import Support

/// A wait that has taken longer than its limit, and what the other ranks have written of themselves.
struct OverdueWait {
    let own: FlightEntry
    let wait: FlightRecord.Wait
    /// By rank, of those that were looked at; those that are missing are not known here.
    let others: [Int: FlightEntry]
    let jobSize: Int
    let limit: Double
    let waited: Double

    private func isFresh(_ entry: FlightEntry) -> Bool { own.time - entry.time <= limit }

    private func entry(_ rank: Int) -> FlightEntry? { rank == own.rank ? own : others[rank] }

    /// Whether a rank has come to a call that every member makes; nil where the wait is for messages between two ranks.
    private func hasCome(_ entry: FlightEntry, to wait: FlightRecord.Wait) -> Bool? {
        wait.count.map { entry.place.calls[wait.communicator, default: 0] >= $0 }
    }

    /// The ranks that keep this one waiting: those that have not come to the call, or else those whose messages are missing.
    var missing: [Int] { missing(in: wait, of: own.rank) }

    private func missing(in wait: FlightRecord.Wait, of rank: Int) -> [Int] {
        let peers = wait.ranks.filter { $0 != rank }
        let late = peers.filter { peer in entry(peer).map { hasCome($0, to: wait) == false } ?? wait.silent.contains(peer) }
        if !late.isEmpty { return late }
        return wait.silent.isEmpty ? peers.filter { entry($0) == nil } : wait.silent
    }

    /// A rank that keeps another one waiting.
    private struct Link {
        let rank: Int
        /// Who waits for it, and in what.
        let waiting: Int
        let wait: FlightRecord.Wait
    }

    /// From this rank's wait on: those that are missing, those that are missing where these wait themselves, and so on.
    private var chain: [Link] {
        var links = missing.map { Link(rank: $0, waiting: own.rank, wait: wait) }
        var (seen, next) = (Set(missing + [own.rank]), 0)
        while next < links.count {
            let rank = links[next].rank
            next += 1
            guard let wait = onward(rank) else { continue }
            for further in missing(in: wait, of: rank) where seen.insert(further).inserted {
                links.append(Link(rank: further, waiting: rank, wait: wait))
            }
        }
        return links
    }

    /// The wait of a rank that still writes and waits itself, so that it is not what the others hang on.
    private func onward(_ rank: Int) -> FlightRecord.Wait? { others[rank].flatMap { isFresh($0) && $0.place.work == nil ? $0.place.wait : nil } }

    /// Members of the calls along the chain: the ranks whose records it takes to follow it.
    var followed: Set<Int> { chain.reduce(into: Set(wait.ranks)) { $0.formUnion(onward($1.rank)?.ranks ?? []) }.subtracting([own.rank]) }

    /// Where the chain ends: ranks that do not wait, that no longer write, or of which nothing can be read; all of it where it runs in a circle.
    private var ends: [Link] {
        let ends = chain.filter { onward($0.rank) == nil }
        return ends.isEmpty ? chain : ends
    }

    /// Whether the wait is in order: what it hangs on is work that others wait for by agreement, and all of those still write.
    var isInOrder: Bool {
        let entries = ends.map { others[$0.rank] }
        guard entries.contains(where: { $0?.place.work != nil }) else { return false }
        return entries.allSatisfy { $0.map { isFresh($0) && ($0.place.work != nil || $0.place.wait != nil) } ?? false }
    }

    /// Whether this rank is the first of the communicator's that wait, in this call or another of it, so that it tells of it.
    var isOwnToTell: Bool {
        !others.contains { rank, entry in
            rank < own.rank && isFresh(entry) && entry.place.wait?.communicator == wait.communicator
        }
    }

    var error: TrainerError {
        // What it hangs on first, and then those on the way there that it waits for itself.
        let ends = Set(ends.map(\.rank))
        let named = chain.filter { ends.contains($0.rank) || $0.waiting == own.rank }
        let ordered = named.sorted { (blame($0.rank), $0.rank) < (blame($1.rank), $1.rank) }
        var told = ordered.prefix(4).map(words)
        if ordered.count > 4 { told.append("and \(ordered.count - 4) more") }
        let lost = wait.count == nil ? "its messages are lost" : "all its ranks have come to it, but messages between them are lost"
        let reason = told.isEmpty ? lost : told.joined(separator: "; ")
        return TrainerError(
            .communication, "step \(own.place.step + 1), rank \(own.rank) of \(jobSize)",
            "has waited \(seconds(waited)) in \(wait.words), phase \(own.place.phase): \(reason)",
            remedy: "Look at that host; started again, the run goes on from its last checkpoint. The limit is parallel.timeout_seconds")
    }

    /// How likely a rank is not to be at fault: it no longer writes, it goes on without a wait, it waits.
    private func blame(_ rank: Int) -> Int {
        guard let entry = others[rank], isFresh(entry) else { return 0 }
        return entry.place.wait == nil ? 1 : 2
    }

    private func words(_ link: Link) -> String {
        let entry = others[link.rank]
        let place = entry?.words(now: own.time) ?? "and nothing it wrote can be read here"
        if link.waiting != own.rank { return "rank \(link.rank) keeps rank \(link.waiting) waiting in \(link.wait.words), \(place)" }
        guard let entry else { return "rank \(link.rank) is silent, \(place)" }
        switch hasCome(entry, to: link.wait) {
        case true?: return "rank \(link.rank) has come, but its messages are missing, \(place)"
        case false?: return "rank \(link.rank) has not come to it, \(place)"
        case nil: return "rank \(link.rank) has not answered, \(place)"
        }
    }
}
