import Glibc

/// What the operating system knows of this process's memory.
public enum ProcessMemory {
    /// The most bytes that were in memory at once, mapped files included.
    public static var peakResident: ByteCount {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return ByteCount(usage.ru_maxrss * 1024)
    }
}
