import Crypto
import Foundation

/// A hub on this machine's loopback: the paths of Hugging Face's, a second port as the host that stores large files, and faults on demand.
public final class LocalHub: @unchecked Sendable {
    /// What goes wrong with the next answers for a path that ends so.
    public enum Fault: Sendable {
        /// The connection breaks after so many bytes of content.
        case cut(after: Int)
        /// The connection breaks after all the content, as if there were more.
        case cutAtEnd
        case status(Int, headers: [String: String] = [:])
        /// The first byte is another.
        case wrongByte
        /// The range asked for is ignored; the connection breaks after so many bytes.
        case wholeFile(cutAfter: Int = .max)
        /// More than was promised.
        case tooMuch
        /// The connection stays open and silent.
        case silence
    }

    public struct Request: Sendable {
        public var method: String
        public var path: String
        public var headers: [String: String]
        public var isToStore: Bool
    }

    public static let commit = String(repeating: "c0ffee12", count: 5)

    private let lock = NSLock()
    private var storedRequests: [Request] = []
    private var faults: [(suffix: String, fault: Fault)] = []
    private var files: [String: [UInt8]]
    private var sockets: [Int32] = []
    private(set) var port: UInt16 = 0
    private(set) var storePort: UInt16 = 0
    /// Files of at least so many bytes are stored on the other port and named by SHA-256.
    private let largeSize: Int
    /// The listing names these too.
    public var furtherNames: [String] = []
    public var wantedToken: String?

    public var endpoint: String { "http://127.0.0.1:\(port)" }
    public var requests: [Request] { lock.withLock { storedRequests } }

    public init(_ files: [String: [UInt8]], largeSize: Int = 10_000) throws {
        self.files = files
        self.largeSize = largeSize
        port = try listen(isStore: false)
        storePort = try listen(isStore: true)
    }

    deinit { stop() }

    public func stop() {
        for socket in lock.withLock({ exchange(&sockets, with: []) }) { shutdown(socket, Int32(SHUT_RDWR)); close(socket) }
    }

    /// The next requests of content or listings whose path ends so have these faults, one each.
    public func add(_ faults: Fault..., to suffix: String) { lock.withLock { self.faults += faults.map { (suffix, $0) } } }

    // MARK: - Sockets

    private func listen(isStore: Bool) throws -> UInt16 {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, length) == 0 && Glibc.listen(listener, 64) == 0 && getsockname(listener, address, &length) == 0
            }
        }
        guard bound else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        lock.withLock { sockets.append(listener) }
        Thread.detachNewThread { [weak self] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { return }
                Thread.detachNewThread { [weak self] in
                    self?.serve(connection, isStore: isStore)
                    close(connection)
                }
            }
        }
        return UInt16(bigEndian: address.sin_port)
    }

    private func serve(_ connection: Int32, isStore: Bool) {
        var text = ""
        var buffer = [UInt8](repeating: 0, count: 4096)
        while !text.contains("\r\n\r\n") {
            let count = read(connection, &buffer, buffer.count)
            guard count > 0 else { return }
            text += String(decoding: buffer[..<count], as: UTF8.self)
        }
        let lines = text.components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ").map(String.init)
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
            if parts.count == 2 { headers[parts[0].lowercased()] = parts[1] }
        }
        let request = Request(method: words[0], path: words[1], headers: headers, isToStore: isStore)
        lock.withLock { storedRequests.append(request) }
        answer(request, on: connection)
    }

    private func send(_ connection: Int32, _ bytes: some Collection<UInt8>) {
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    private func head(_ status: Int, _ headers: [String: String]) -> [UInt8] {
        let lines = headers.map { "\($0.key): \($0.value)\r\n" }.joined()
        return Array("HTTP/1.1 \(status) Answer\r\n\(lines)Connection: close\r\n\r\n".utf8)
    }

    // MARK: - Answers

    private func fault(for request: Request) -> Fault? {
        guard request.method == "GET" else { return nil }
        return lock.withLock {
            faults.firstIndex { request.path.hasSuffix($0.suffix) }.map { faults.remove(at: $0).fault }
        }
    }

    private func answer(_ request: Request, on connection: Int32) {
        let isLarge = { (bytes: [UInt8]) in bytes.count >= self.largeSize }
        let name = request.path.components(separatedBy: "/resolve/").dropFirst().first.map {
            $0.split(separator: "/").dropFirst().joined(separator: "/")
        }
        let content = name.flatMap { name in lock.withLock { files[name] } }
        // The host that stores large files has the faults of large files.
        let fault = content.map(isLarge) == true && !request.isToStore ? nil : fault(for: request)
        if case .silence? = fault {
            sleep(5)
            return
        }
        if case .status(let status, let headers)? = fault {
            return send(connection, head(status, headers.merging(["Content-Length": "0"]) { $1 }))
        }
        if let wantedToken, !request.isToStore, request.headers["authorization"] != "Bearer \(wantedToken)" {
            return send(connection, head(401, ["Content-Length": "0"]))
        }
        if request.path.hasPrefix("/api/models/") { return list(request, on: connection) }
        guard let content else {
            return send(connection, head(404, ["Content-Length": "0", "X-Error-Code": "EntryNotFound"]))
        }
        if isLarge(content), !request.isToStore {
            let headers = [
                "Location": "http://127.0.0.1:\(storePort)\(request.path)", "X-Linked-Etag": "\"\(Self.sha256(content))\"",
                "X-Linked-Size": "\(content.count)", "X-Repo-Commit": Self.commit, "Content-Length": "0",
            ]
            return send(connection, head(302, headers))
        }
        send(content, request, fault, on: connection)
    }

    private func list(_ request: Request, on connection: Int32) {
        guard request.path.hasSuffix("/revision/main") || request.path.hasSuffix("/revision/\(Self.commit)") else {
            return send(connection, head(404, ["Content-Length": "0", "X-Error-Code": "RevisionNotFound"]))
        }
        let names = (lock.withLock { files.keys.sorted() } + furtherNames).map { #"{"rfilename": "\#($0)"}"# }.joined(separator: ", ")
        let body = Array(#"{"id": "owner/name", "sha": "\#(Self.commit)", "siblings": [\#(names)]}"#.utf8)
        send(connection, head(200, ["Content-Length": "\(body.count)", "Content-Type": "application/json"]) + body)
    }

    private func send(_ content: [UInt8], _ request: Request, _ fault: Fault?, on connection: Int32) {
        var headers = ["ETag": "\"\(content.count >= largeSize ? Self.sha256(content) : Self.git(content))\"", "X-Repo-Commit": Self.commit]
        var (start, status) = (0, 200)
        let isWhole = if case .wholeFile? = fault { true } else { false }
        if !isWhole, let range = request.headers["range"]?.wholeMatch(of: /bytes=(\d+)-/), let first = Int(range.1) {
            guard first < content.count else { return send(connection, head(416, ["Content-Length": "0"])) }
            (start, status) = (first, 206)
            headers["Content-Range"] = "bytes \(first)-\(content.count - 1)/\(content.count)"
        }
        var bytes = Array(content[start...])
        headers["Content-Length"] = "\(bytes.count)"
        switch fault {
        case .cut(let count)?, .wholeFile(let count)?: bytes = Array(bytes.prefix(count))
        case .wrongByte?: bytes[0] ^= 1
        case .cutAtEnd?: headers["Content-Length"] = "\(bytes.count + 10)"
        case .tooMuch?:
            bytes += [1, 2, 3]
            headers["Content-Length"] = "\(bytes.count)"
        default: break
        }
        send(connection, head(status, headers))
        if request.method != "HEAD" { send(connection, bytes) }
    }

    public static func sha256(_ bytes: [UInt8]) -> String { SHA256.hash(data: bytes).map { String(format: "%02x", $0) }.joined() }

    public static func git(_ bytes: [UInt8]) -> String {
        Insecure.SHA1.hash(data: Array("blob \(bytes.count)\0".utf8) + bytes).map { String(format: "%02x", $0) }.joined()
    }
}
