/// The candidate that a mistyped `name` most likely stands for; nil if none is near.
///
/// Near means: at most a third of the name's letters wrong (one in a short name), or else the only candidate that contains it.
/// Case does not count, and `-` counts as `_`.
public func nearestName(to name: String, among candidates: [String]) -> String? {
    let wanted = normalised(name)
    let distances = candidates.map { (candidate: $0, distance: editDistance(wanted, normalised($0))) }
    if let best = distances.min(by: { $0.distance < $1.distance }), best.distance <= max(1, wanted.count / 3) { return best.candidate }
    let containing = candidates.filter { wanted.count >= 4 && $0.contains(String(wanted)) }
    return containing.count == 1 ? containing[0] : nil
}

private func normalised(_ name: String) -> [Character] { name.lowercased().map { $0 == "-" ? "_" : $0 } }

/// The least number of letters inserted, removed, replaced or exchanged with their neighbour that turns `a` into `b`.
///
/// Damerau 1964, "A technique for computer detection and correction of spelling errors", in the restricted form that edits no stretch twice.
func editDistance(_ a: [Character], _ b: [Character]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for i in a.indices {
        var row = [i + 1]
        for j in b.indices {
            var best = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
            if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, beforeLast[j - 1] + 1) }
            row.append(best)
        }
        (beforeLast, last) = (last, row)
    }
    return last[b.count]
}
