import Foundation

/// A process as another one can find it again: its number alone may belong to a later one.
public struct ProcessMark: Codable, Equatable, Sendable {
    public var host: String
    public var process: Int32
    /// When it started, in clock ticks since the machine did.
    public var start: UInt64

    /// The process that asks.
    public static var own: ProcessMark { ProcessMark(host: hostName, process: getpid(), start: startTicks(getpid()) ?? 0) }

    public init(host: String, process: Int32, start: UInt64) {
        self.host = host
        self.process = process
        self.start = start
    }

    /// Whether it still runs; nil if it belongs to another host.
    public var isAlive: Bool? { host == Self.hostName ? Self.startTicks(process) == start : nil }

    private static var hostName: String { ProcessInfo.processInfo.hostName }

    /// The 22nd field of /proc/N/stat; the second, the name, stands in brackets and may hold anything.
    private static func startTicks(_ process: Int32) -> UInt64? {
        guard let data = FileManager.default.contents(atPath: "/proc/\(process)/stat") else { return nil }
        let text = String(decoding: data, as: UTF8.self)
        guard let end = text.lastIndex(of: ")") else { return nil }
        return text[end...].split(separator: " ").dropFirst(20).first.flatMap { UInt64($0) }
    }
}
