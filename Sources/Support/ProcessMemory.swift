import Glibc

/// What the operating system knows of this process's memory.
public enum ProcessMemory {
    /// The most bytes that were in memory at once, mapped files included.
    public static var peakResident: ByteCount {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return ByteCount(usage.ru_maxrss * 1024)
    }

    /// What the node can still give: what is free or can be freed, or what the control group leaves; nil where the system doesn't say.
    public static var available: ByteCount? {
        guard let free = SystemText.read("/proc/meminfo").flatMap({ SystemText.meminfo("MemAvailable", in: $0) }) else { return nil }
        let limits = SystemText.controlGroup("memory.max").compactMap { Int($0.split(whereSeparator: \.isWhitespace).first ?? "") }
        let used = SystemText.controlGroup("memory.current").compactMap { Int($0.split(whereSeparator: \.isWhitespace).first ?? "") }
        return ByteCount(zip(limits, used).map { max(0, $0 - $1) }.min().map { min($0, free) } ?? free)
    }
}
