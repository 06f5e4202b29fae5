import Glibc
import Support

/// One reserved range of addresses from which tensors are cut: best fit, neighbours joined when freed.
///
/// Pages are taken from the system when first touched and kept, so a step pays no page faults for what the step before it used. Huge pages are
/// asked for. What is freed at the end of the used range goes back to the system by `trim`.
final class Arena {
    private struct Gap {
        var offset: Int
        var size: Int
    }

    private let base: UnsafeMutableRawPointer
    private let capacity: Int
    /// Free ranges by offset; the last one reaches to the capacity.
    private var gaps: [Gap]
    private static let alignment = 64

    init() throws(TrainerError) {
        let pages = sysconf(Int32(_SC_PHYS_PAGES))
        let physical = max(pages, 1 << 18) * 4096
        capacity = physical * 4
        let address = mmap(nil, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let address, address != MAP_FAILED else {
            throw TrainerError(
                .memory, "address space", "\(ByteCount(capacity)) of addresses can't be reserved (\(String(cString: strerror(errno))))",
                remedy: "Raise the limit on virtual memory (ulimit -v unlimited)")
        }
        base = address
        madvise(address, capacity, MADV_HUGEPAGE)
        gaps = [Gap(offset: 0, size: capacity)]
    }

    deinit { munmap(base, capacity) }

    /// - Throws: `memory` if no gap is large enough.
    func allocate(_ byteCount: Int) throws(TrainerError) -> UnsafeMutableRawPointer {
        let size = rounded(byteCount)
        var best: Int?
        for (index, gap) in gaps.enumerated() where gap.size >= size {
            if let known = best, gaps[known].size <= gap.size { continue }
            best = index
            if gap.size == size { break }
        }
        guard let best else {
            throw TrainerError(
                .memory, "allocation", "\(ByteCount(byteCount)) do not fit", remedy: "Use more ranks, checkpointing or a smaller microbatch")
        }
        let address = base + gaps[best].offset
        if gaps[best].size == size {
            gaps.remove(at: best)
        } else {
            gaps[best].offset += size
            gaps[best].size -= size
        }
        return address
    }

    func release(_ address: UnsafeMutableRawPointer, _ byteCount: Int) {
        var gap = Gap(offset: address - base, size: rounded(byteCount))
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

    /// Gives the pages behind the last used byte back to the system.
    func trim() {
        guard let last = gaps.last, last.offset + last.size == capacity else { return }
        let first = (last.offset + 4095) / 4096 * 4096
        madvise(base + first, capacity - first, MADV_DONTNEED)
    }

    private func rounded(_ byteCount: Int) -> Int { max((byteCount + Self.alignment - 1) / Self.alignment * Self.alignment, Self.alignment) }
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
