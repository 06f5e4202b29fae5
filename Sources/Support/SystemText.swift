import Glibc

/// Small files of /proc and /sys, and what their lines say.
public enum SystemText {
    /// Nil where there is no such file.
    public static func read(_ path: String) -> String? {
        guard let bytes = try? FileSystem().contents(of: path) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The bytes of a line of /proc/meminfo, such as `MemAvailable`.
    public static func meminfo(_ key: String, in text: String) -> Int? {
        let line = text.split(separator: "\n").first { $0.hasPrefix(key + ":") }
        guard let words = line?.split(separator: " "), words.count >= 2, let count = Int(words[1]) else { return nil }
        let (bytes, isOver) = count.multipliedReportingOverflow(by: words.count > 2 && words[2] == "kB" ? 1024 : 1)
        return isOver ? nil : bytes
    }

    /// The choice between brackets: `always [madvise] never`.
    public static func choice(_ text: String) -> String? {
        text.split(whereSeparator: \.isWhitespace).first { $0.hasPrefix("[") && $0.hasSuffix("]") }.map { String($0.dropFirst().dropLast()) }
    }

    /// A control group's `cpu.max`, `quota period`, as cores; nil for `max`.
    public static func coreQuota(_ text: String) -> Double? {
        let words = text.split(whereSeparator: \.isWhitespace)
        guard words.count == 2, let quota = Double(words[0]), let period = Double(words[1]), period > 0 else { return nil }
        return quota / period
    }

    /// The values of a file in this process's control group and the groups above it, the innermost first.
    public static func controlGroup(_ name: String) -> [String] {
        // 0::/a/b: the one hierarchy of version 2.
        guard let line = read("/proc/self/cgroup")?.split(separator: "\n").first(where: { $0.hasPrefix("0::/") }) else { return [] }
        var parts = line.dropFirst(3).split(separator: "/").map(String.init)
        var values: [String] = []
        while true {
            if let text = read((["/sys/fs/cgroup"] + parts + [name]).joined(separator: "/")) { values.append(text) }
            if parts.popLast() == nil { return values }
        }
    }
}
