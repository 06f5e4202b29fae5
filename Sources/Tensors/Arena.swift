import Glibc
import Support

/// One reserved range of addresses from which tensors are cut.
///
/// Pages are taken from the system when first touched and kept, so a step pays no page faults for what the step before it used. Huge pages are
/// asked for. What is freed at the end of the used range goes back to the system by `trim`.
final class Arena {
    private let base: UnsafeMutableRawPointer
    private let capacity: Int
    private var free: FreeRanges

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
        free = FreeRanges(capacity: capacity, alignment: 64)
    }

    deinit { munmap(base, capacity) }

    /// - Throws: `memory` if no gap is large enough.
    func allocate(_ byteCount: Int) throws(TrainerError) -> UnsafeMutableRawPointer {
        guard let offset = free.take(byteCount) else {
            throw TrainerError(
                .memory, "allocation", "\(ByteCount(byteCount)) do not fit", remedy: "Use more ranks, checkpointing or a smaller microbatch")
        }
        return base + offset
    }

    func release(_ address: UnsafeMutableRawPointer, _ byteCount: Int) { free.giveBack(address - base, byteCount) }

    /// Gives the pages behind the last used byte back to the system.
    func trim() {
        let first = (free.end + 4095) / 4096 * 4096
        if first < capacity { madvise(base + first, capacity - first, MADV_DONTNEED) }
    }
}
