internal import CLinux
import Glibc

/// Memory of the size and alignment that transfers past the page cache need (O_DIRECT): filled and emptied from front to back.
final class DirectBlock {
    /// Large enough for a network file system to send several requests at once.
    static let size = 4 << 20
    /// A page, which most devices' and file systems' blocks are no larger than.
    private static let alignment = 4096

    private let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: alignment)
    private var range = 0..<0

    deinit { memory.deallocate() }

    /// Turns transfers past the page cache on or off; false where the file system has no such thing.
    @discardableResult
    static func set(_ isOn: Bool, _ descriptor: Int32) -> Bool {
        let flags = fcntl(descriptor, F_GETFL)
        return flags >= 0 && fcntl(descriptor, F_SETFL, isOn ? flags | clinux_direct : flags & ~clinux_direct) == 0
    }

    /// Whether a call that failed may do better through the page cache, which it goes through from now on: the tail of a file is no whole block, and some
    /// file systems take the flag but not the call.
    static func giveUp(_ descriptor: Int32) -> Bool {
        let code = errno
        let isWorthIt = [EINVAL, EOPNOTSUPP].contains(code) && fcntl(descriptor, F_GETFL) & clinux_direct != 0 && set(false, descriptor)
        errno = code
        return isWorthIt
    }

    var isEmpty: Bool { range.isEmpty }
    var isFull: Bool { range.upperBound == memory.count }

    /// Adds bytes behind those that are there; returns how many had room.
    func add(_ bytes: UnsafeRawBufferPointer) -> Int {
        let piece = UnsafeRawBufferPointer(rebasing: bytes.prefix(memory.count - range.upperBound))
        UnsafeMutableRawBufferPointer(rebasing: memory[range.upperBound...]).copyMemory(from: piece)
        range = range.lowerBound..<range.upperBound + piece.count
        return piece.count
    }

    /// The bytes that are there, at most `count`, which are taken out; good until more is added.
    func take(_ count: Int = size) -> UnsafeRawBufferPointer {
        let taken = range.prefix(count)
        range = taken.upperBound < range.upperBound ? taken.upperBound..<range.upperBound : 0..<0
        return UnsafeRawBufferPointer(rebasing: memory[taken])
    }

    /// Fills an empty block from its beginning; returns what `read` does, the number of bytes or a negative number.
    func fill(_ read: (UnsafeMutableRawBufferPointer) -> Int) -> Int {
        let count = read(memory)
        range = 0..<max(0, count)
        return count
    }
}
