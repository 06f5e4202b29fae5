import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
public import Reporting
public import Support
import Synchronization

/// Serves the page of a run to this machine alone, from the files in the run's folder; the run knows nothing of it.
public enum WatchServer {
    /// Serves until SIGINT or SIGTERM.
    ///
    /// - Parameters:
    ///   - port: Where to listen; nil for any port that is free.
    ///   - started: Called with the page's address once it can be opened.
    /// - Throws: `configuration` if the port can't be had.
    public static func run(
        _ folder: RunFolder, port: Int?, started: @escaping @Sendable (_ port: Int, _ address: String) -> Void
    ) throws(TrainerError) {
        let ending = Ending()
        let ended = DispatchSemaphore(value: 0)
        Task {
            do {
                try await serve(folder, port: port, started: started)
            } catch {
                let reason = (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)"
                let problem = "\(port.map(String.init) ?? "a free port") can't be listened on (\(reason))"
                ending.failure.withLock { $0 = TrainerError(.configuration, "--port", problem, remedy: "Choose another one, or leave it out") }
            }
            ended.signal()
        }
        ended.wait()
        if let failure = ending.failure.withLock({ $0 }) { throw failure }
    }

    static func serve(_ folder: RunFolder, port: Int?, started: @escaping @Sendable (_ port: Int, _ address: String) -> Void) async throws {
        let answers = WatchAnswers(folder: folder, token: newToken())
        let responder = CallbackResponder<BasicRequestContext> { request, _ in
            response(answers.answer(method: request.head.method.rawValue, target: request.head.path ?? "/", host: request.head.authority))
        }
        var logger = Logger(label: "trainer watch")
        logger.logLevel = .critical
        let application = Application(
            responder: responder, configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: port ?? 0)),
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? 0
                started(port, "http://127.0.0.1:\(port)/\(answers.token)/")
            }, logger: logger)
        try await application.runService()
    }

    private static func response(_ answer: WatchAnswers.Answer) -> Response {
        var fields = HTTPFields()
        let all = [
            ("content-type", answer.type), ("cache-control", "no-store"), ("referrer-policy", "no-referrer"), ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"), ("cross-origin-resource-policy", "same-origin"),
        ]
        for (name, value) in all {
            if let name = HTTPField.Name(name) { fields[name] = value }
        }
        let body = ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body))
        return Response(status: HTTPResponse.Status(code: answer.status), headers: fields, body: body)
    }

    /// 128 bits from the system's source of randomness.
    private static func newToken() -> String {
        var random = SystemRandomNumberGenerator()
        return (0..<2).map { _ in
            let digits = String(random.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    private final class Ending: Sendable {
        let failure = Mutex<TrainerError?>(nil)
    }
}
