public import Foundation
public import Support

/// Which hub, whose token, which cache: from the environment variables that Hugging Face's own programs read.
public struct HubSettings: Sendable {
    /// `HF_ENDPOINT`, without a slash at its end.
    public var endpoint: URL
    /// `HF_TOKEN`, else the file at `HF_TOKEN_PATH` or `HF_HOME/token`.
    public var token: String?
    /// `HF_HUB_CACHE`, else `HF_HOME/hub`.
    public var cacheFolder: String
    /// `HF_HUB_OFFLINE` or `TRANSFORMERS_OFFLINE`: no network, whatever else allows it.
    public var isOffline = false
    /// Waits before a request that failed for a passing reason is tried again.
    public var retryDelays: [Duration] = [.seconds(1), .seconds(2), .seconds(4), .seconds(8), .seconds(16)]
    /// How long a connection may be silent.
    public var timeout = Duration.seconds(60)

    public init(endpoint: URL, cacheFolder: String) {
        self.endpoint = endpoint
        self.cacheFolder = cacheFolder
    }

    /// - Throws: `configuration` if `HF_ENDPOINT` is no address.
    public static func fromEnvironment(_ environment: [String: String] = ProcessInfo.processInfo.environment) throws(TrainerError) -> HubSettings {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : expanded($0, environment) } }
        let home = value("HF_HOME") ?? (value("XDG_CACHE_HOME") ?? expanded("~/.cache", environment)) + "/huggingface"
        let cache = value("HF_HUB_CACHE") ?? value("HUGGINGFACE_HUB_CACHE") ?? home + "/hub"
        var settings = HubSettings(endpoint: try address(value("HF_ENDPOINT") ?? "https://huggingface.co"), cacheFolder: cache)
        settings.isOffline = ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"].contains { name in
            ["1", "ON", "YES", "TRUE"].contains(environment[name]?.uppercased())
        }
        settings.token = try token(value("HF_TOKEN"), file: value("HF_TOKEN_PATH") ?? home + "/token")
        return settings
    }

    private static func address(_ text: String) throws(TrainerError) -> URL {
        var text = text
        while text.hasSuffix("/") { text.removeLast() }
        guard let url = URL(string: text), let scheme = url.scheme?.lowercased(), ["http", "https"].contains(scheme), url.host?.isEmpty == false
        else {
            throw TrainerError(.configuration, "HF_ENDPOINT", "\"\(text)\" is no address", remedy: "Write it as https://hub.example.org")
        }
        return url
    }

    /// - Throws: `configuration` if it can't be a header's value: a line break in it would end the header.
    private static func token(_ given: String?, file: String) throws(TrainerError) -> String? {
        let text = given ?? (try? FileSystem().contents(of: file)).map { String(decoding: $0.prefix(4096), as: UTF8.self) }
        guard let token = text?.trimmingCharacters(in: .whitespacesAndNewlines), !token.isEmpty else { return nil }
        guard token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw TrainerError(
                .configuration, given == nil ? file : "HF_TOKEN", "holds more than a token", remedy: "Put the token alone there, on one line")
        }
        return token
    }

    /// Puts the home folder for a leading `~`.
    private static func expanded(_ path: String, _ environment: [String: String]) -> String {
        guard path == "~" || path.hasPrefix("~/") else { return path }
        return (environment["HOME"] ?? NSHomeDirectory()) + path.dropFirst()
    }
}
