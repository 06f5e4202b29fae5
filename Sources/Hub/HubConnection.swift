import Foundation
import Support

/// What a download tells those who watch it.
public enum HubEvent: Equatable, Sendable {
    /// Files and bytes that have to be fetched.
    case begins(files: Int, bytes: Int)
    /// A file's bytes that are here, of all; and those of all files.
    case progress(file: String, bytes: Int, of: Int, total: Int, ofTotal: Int)
    case retries(reason: String, after: Duration)
    /// Another process fetches the same file.
    case waits(file: String)
    case ends(bytes: Int)
}

/// Requests to one hub: the token where it belongs, redirects, retries, and what a refusal means.
final class HubConnection {
    let settings: HubSettings
    private let client: HTTPClient
    private let report: (HubEvent) -> Void
    /// Whether anything was reached so far: an address that never answered gets one more attempt, not five.
    private var hasReached = false
    private static let mostRedirects = 8

    init(_ settings: HubSettings, report: @escaping (HubEvent) -> Void) {
        self.settings = settings
        self.report = report
        client = HTTPClient(timeout: settings.timeout)
    }

    /// The address of a path below the hub's own.
    func url(_ path: String) throws(TrainerError) -> URL {
        guard let url = URL(string: settings.endpoint.absoluteString + path) else {
            throw TrainerError(.configuration, "HF_ENDPOINT", "\(settings.endpoint.absoluteString)\(path) is no address")
        }
        return url
    }

    /// The whole content at a path, which may have at most `limit` bytes.
    func content(_ path: String, limit: Int, of reference: HubReference) throws(TrainerError) -> Data {
        var content = Data()
        try retrying(reference) { () throws(Interruption) in
            content = Data()
            let answer = try self.follow("GET", try self.address(path), reference, extra: [:]) { _ in
            } take: { piece in
                guard content.count + piece.count <= limit else {
                    throw TrainerError(.format, reference.description, "the hub's answer is longer than \(ByteCount(limit))")
                }
                content.append(piece)
            }
            try self.check(answer, reference)
        }
        return content
    }

    /// The head that tells a file's hash and size: redirects are followed on the hub alone, since the host that stores a file knows neither.
    func head(_ path: String, of reference: HubReference) throws(TrainerError) -> HTTPClient.Head {
        var found: HTTPClient.Head?
        try retrying(reference) { () throws(Interruption) in
            let answer = try self.follow("HEAD", try self.address(path), reference, extra: [:], leavesHub: false)
            if !(300..<400).contains(answer.status) { try self.check(answer, reference) }
            found = answer
        }
        guard let found else { throw TrainerError(.communication, reference.description, "the hub gave no answer") }
        return found
    }

    /// Asks for a file's bytes from `start()` up to `end`; an attempt that brought some on starts the count of attempts anew.
    func bytes(
        _ path: String, of reference: HubReference, from start: () -> Int, to end: Int, begin: @escaping (HTTPClient.Head) throws -> Void,
        take: @escaping (Data) throws -> Void
    ) throws(TrainerError) {
        try retrying(reference, position: start) { () throws(Interruption) in
            let position = start()
            // All may have come before the connection broke.
            guard position < end else { return }
            let range = position > 0 ? ["Range": "bytes=\(position)-"] : [:]
            let answer = try self.follow("GET", try self.address(path), reference, extra: range) { head in
                if head.status == 200 || head.status == 206 { try begin(head) }
            } take: { piece in
                try take(piece)
            }
            // What was kept does not fit what the hub has: start anew.
            if answer.status == 416 { throw .again("the hub refuses to go on at byte \(position)", after: nil, unreachable: false) }
            try self.check(answer, reference)
        }
    }

    // MARK: - One attempt

    private func address(_ path: String) throws(Interruption) -> URL {
        do { return try url(path) } catch { throw .final(error) }
    }

    /// One request with its redirects. The token goes to the hub alone, and only where nobody on the way can read it.
    private func follow(
        _ method: String, _ first: URL, _ reference: HubReference, extra: [String: String], leavesHub: Bool = true,
        begin: @escaping (HTTPClient.Head) throws -> Void = { _ in }, take: @escaping (Data) throws -> Void = { _ in }
    ) throws(Interruption) -> HTTPClient.Head {
        var url = first
        for _ in 0...Self.mostRedirects {
            var headers = extra
            if let token = settings.token, url.isSameOrigin(as: settings.endpoint), url.isPrivate { headers["Authorization"] = "Bearer \(token)" }
            let isContent = ContentFlag()
            let head: HTTPClient.Head
            do throws(HTTPClient.Failure) {
                head = try client.send(method, url, headers: headers) { head in
                    isContent.value = head.status == 200 || head.status == 206
                    if isContent.value { try begin(head) }
                } take: { piece in
                    if isContent.value { try take(piece) }
                }
            } catch {
                throw interruption(error)
            }
            hasReached = true
            guard [301, 302, 303, 307, 308].contains(head.status), let location = head.header("Location"),
                let next = URL(string: location, relativeTo: url)?.absoluteURL
            else { return head }
            guard leavesHub || next.isSameOrigin(as: settings.endpoint) else { return head }
            guard next.scheme == url.scheme || next.scheme == "https" else {
                throw .final(
                    TrainerError(.communication, reference.description, "the hub redirects from \(url.scheme ?? "") to \(next.scheme ?? "nowhere")"))
            }
            url = next
        }
        throw .final(TrainerError(.communication, reference.description, "the hub redirects more than \(Self.mostRedirects) times"))
    }

    private final class ContentFlag { var value = false }

    /// Why an attempt did not bring what was asked for.
    private enum Interruption: Error {
        case final(TrainerError)
        case again(String, after: Duration?, unreachable: Bool)
        /// Content came faster than the disk took it: go on where it ended, at once.
        case overrun
    }

    private func interruption(_ failure: HTTPClient.Failure) -> Interruption {
        switch failure {
        case .taker(let error): .final(error)
        case .overrun: .overrun
        case .network(let text, let isUnreachable): .again(text, after: nil, unreachable: isUnreachable && !hasReached)
        }
    }

    private func check(_ head: HTTPClient.Head, _ reference: HubReference) throws(Interruption) {
        guard !(200..<300).contains(head.status) else { return }
        if head.status == 408 || head.status == 429 || head.status >= 500 {
            let seconds = head.header("Retry-After").flatMap { Int($0) }.map { Duration.seconds(min(300, max(0, $0))) }
            throw .again("the hub answers \(head.status)", after: seconds, unreachable: false)
        }
        throw .final(.refusal(head, reference, settings))
    }

    // MARK: - Attempts

    private func retrying(
        _ reference: HubReference, position: () -> Int = { 0 }, _ attempt: () throws(Interruption) -> Void
    ) throws(TrainerError) {
        var failures = 0
        while true {
            let before = position()
            do throws(Interruption) {
                return try attempt()
            } catch {
                switch error {
                case .final(let error): throw error
                case .overrun: continue
                case .again(let reason, let after, let isUnreachable):
                    if position() > before { failures = 0 }
                    guard failures < (isUnreachable ? 1 : settings.retryDelays.count) else { throw .unreachable(reason, reference, settings) }
                    let delay = after ?? settings.retryDelays[failures]
                    report(.retries(reason: reason, after: delay))
                    sleep(delay)
                    failures += 1
                }
            }
        }
    }

    private func sleep(_ duration: Duration) {
        Thread.sleep(forTimeInterval: Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18)
    }
}

extension URL {
    /// Same scheme, host and port: where a token may go.
    fileprivate func isSameOrigin(as other: URL) -> Bool {
        func port(_ url: URL) -> Int { url.port ?? (url.scheme?.lowercased() == "https" ? 443 : 80) }
        return scheme?.lowercased() == other.scheme?.lowercased() && host?.lowercased() == other.host?.lowercased() && port(self) == port(other)
    }

    /// Whether nobody between here and there can read what is sent.
    var isPrivate: Bool { scheme?.lowercased() == "https" || ["localhost", "127.0.0.1", "::1", "[::1]"].contains(host?.lowercased() ?? "") }
}
