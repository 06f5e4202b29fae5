import Support

/// A wait that has taken longer than its limit, and what the other ranks have written of themselves.
struct OverdueWait {
    let own: FlightEntry
    let wait: FlightRecord.Wait
    /// By rank; those that are missing are not known here.
    let others: [Int: FlightEntry]
    let jobSize: Int
    let limit: Double
    let waited: Double

    private func isFresh(_ entry: FlightEntry) -> Bool { own.time - entry.time <= limit }

    private func hasCome(_ entry: FlightEntry) -> Bool { wait.count.map { entry.place.calls[wait.communicator, default: 0] >= $0 } ?? true }

    /// The ranks that keep this one waiting: those that have not come to the call, or else those whose messages are missing.
    var missing: [Int] {
        let peers = wait.ranks.filter { $0 != own.rank }
        let late = peers.filter { others[$0].map { !hasCome($0) } ?? wait.silent.contains($0) }
        if !late.isEmpty { return late }
        return wait.silent.isEmpty ? peers.filter { others[$0] == nil } : wait.silent
    }

    /// Whether the wait is in order: a missing rank is at work that others wait for by agreement, and all of them still write.
    var isInOrder: Bool {
        let entries = missing.map { others[$0] }
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
        // Those that do not wait themselves are what it hangs on.
        let ordered = missing.sorted { (others[$0]?.place.wait == nil ? 0 : 1, $0) < (others[$1]?.place.wait == nil ? 0 : 1, $1) }
        var told = ordered.prefix(4).map(words)
        if ordered.count > 4 { told.append("and \(ordered.count - 4) more") }
        let reason = told.isEmpty ? "all its ranks have come to it, but messages between them are lost" : told.joined(separator: "; ")
        return TrainerError(
            .communication, "step \(own.place.step + 1), rank \(own.rank) of \(jobSize)",
            "has waited \(seconds(waited)) in \(wait.words), phase \(own.place.phase): \(reason)",
            remedy: "Look at that host; started again, the run goes on from its last checkpoint. The limit is parallel.timeout_seconds")
    }

    private func words(_ rank: Int) -> String {
        guard let entry = others[rank] else { return "rank \(rank) is silent, and nothing it wrote can be read here" }
        let problem = hasCome(entry) ? "has come, but its messages are missing" : "has not come to it"
        return "rank \(rank) \(problem), \(entry.words(now: own.time))"
    }
}
