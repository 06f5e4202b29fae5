/// The free ranges of something that is handed out in pieces: best fit, neighbours joined when freed.
struct FreeRanges {
    private struct Gap {
        var offset: Int
        var size: Int
    }

    private let capacity: Int
    private let alignment: Int
    /// Free ranges by offset; the last one reaches to the capacity unless all of that is taken.
    private var gaps: [Gap]

    init(capacity: Int, alignment: Int) {
        self.capacity = capacity
        self.alignment = alignment
        gaps = [Gap(offset: 0, size: capacity)]
    }

    /// Where everything is free from there on.
    var end: Int {
        guard let last = gaps.last, last.offset + last.size == capacity else { return capacity }
        return last.offset
    }

    /// The offset of the smallest gap that fits; nil if none does.
    mutating func take(_ count: Int) -> Int? {
        let size = rounded(count)
        var best: Int?
        for (index, gap) in gaps.enumerated() where gap.size >= size {
            if let known = best, gaps[known].size <= gap.size { continue }
            best = index
            if gap.size == size { break }
        }
        guard let best else { return nil }
        let offset = gaps[best].offset
        if gaps[best].size == size {
            gaps.remove(at: best)
        } else {
            gaps[best].offset += size
            gaps[best].size -= size
        }
        return offset
    }

    mutating func giveBack(_ offset: Int, _ count: Int) {
        var gap = Gap(offset: offset, size: rounded(count))
        var index = gaps.partitioningIndex { $0.offset > gap.offset }
        if index < gaps.count, gap.offset + gap.size == gaps[index].offset {
            gap.size += gaps[index].size
            gaps.remove(at: index)
        }
        if index > 0, gaps[index - 1].offset + gaps[index - 1].size == gap.offset {
            index -= 1
            gaps[index].size += gap.size
        } else {
            gaps.insert(gap, at: index)
        }
    }

    private func rounded(_ count: Int) -> Int { max((count + alignment - 1) / alignment * alignment, alignment) }
}

extension Array {
    /// The first index whose element satisfies the predicate, given that all after it do too.
    fileprivate func partitioningIndex(_ predicate: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if predicate(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
