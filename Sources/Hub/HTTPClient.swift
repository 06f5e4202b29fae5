import Foundation
import FoundationNetworking
import Support

/// Requests that are answered on the caller's thread, one at a time, by way of `URLSession`. Redirects are answers here, never followed.
final class HTTPClient {
    /// A response's status and headers.
    struct Head {
        let status: Int
        private let response: HTTPURLResponse?

        init(_ response: HTTPURLResponse?) {
            self.response = response
            status = response?.statusCode ?? 0
        }

        func header(_ name: String) -> String? { response?.value(forHTTPHeaderField: name) }
    }

    /// How a request failed.
    enum Failure: Error {
        /// Nothing was reached, or the connection broke; another attempt may work.
        case network(String, isUnreachable: Bool)
        /// Content came faster than it was taken; what came was taken.
        case overrun
        /// What the taker of the content threw.
        case taker(TrainerError)
    }

    private let session: URLSession
    private let delegate = HTTPDelegate()

    init(timeout: Duration) {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.urlCache = nil
        configuration.httpCookieStorage = nil
        configuration.urlCredentialStorage = nil
        configuration.timeoutIntervalForRequest = max(1, Double(timeout.components.seconds))
        let queue = OperationQueue()
        queue.maxConcurrentOperationCount = 1
        session = URLSession(configuration: configuration, delegate: delegate, delegateQueue: queue)
    }

    deinit { session.finishTasksAndInvalidate() }

    /// Sends a request and hands the pieces of its content to `take`, in order, on another thread.
    ///
    /// - Parameters:
    ///   - begin: Called with the head before the first piece; what it throws ends the request.
    /// - Returns: The head, once all the content was taken.
    func send(
        _ method: String, _ url: URL, headers: [String: String], begin: @escaping (Head) throws -> Void = { _ in },
        take: @escaping (Data) throws -> Void = { _ in }
    ) throws(Failure) -> Head {
        var request = URLRequest(url: url)
        request.httpMethod = method
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        // Ranges and hashes are those of the content as it is stored.
        request.setValue("identity", forHTTPHeaderField: "Accept-Encoding")
        request.setValue("trainer", forHTTPHeaderField: "User-Agent")
        return try delegate.run(session.dataTask(with: request), begin: begin, take: take)
    }
}

/// Takes what `URLSession` reports of the one task that runs.
private final class HTTPDelegate: NSObject, URLSessionDataDelegate, @unchecked Sendable {
    // Written by the caller's thread before the task starts and by the session's queue until the semaphore is signalled, never by both at once.
    private var begin: (HTTPClient.Head) throws -> Void = { _ in }
    private var take: (Data) throws -> Void = { _ in }
    private var head: HTTPClient.Head?
    private var failure: HTTPClient.Failure?
    private var pieceCount = 0
    private let done = DispatchSemaphore(value: 0)

    /// `URLSession` on Linux queues without bound what is not taken in time, in pieces of 16 KB: at 64 MB the request is ended.
    private static let mostPiecesQueued = 4096

    func run(
        _ task: URLSessionDataTask, begin: @escaping (HTTPClient.Head) throws -> Void, take: @escaping (Data) throws -> Void
    ) throws(HTTPClient.Failure) -> HTTPClient.Head {
        (self.begin, self.take, head, failure, pieceCount) = (begin, take, nil, nil, 0)
        defer { (self.begin, self.take) = ({ _ in }, { _ in }) }
        task.resume()
        done.wait()
        if let failure { throw failure }
        guard let head else { throw .network("no answer came", isUnreachable: false) }
        return head
    }

    func urlSession(
        _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse, newRequest request: URLRequest,
        completionHandler: @escaping (URLRequest?) -> Void
    ) { completionHandler(nil) }

    func urlSession(
        _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
        completionHandler: @escaping (URLSession.ResponseDisposition) -> Void
    ) {
        let head = HTTPClient.Head(response as? HTTPURLResponse)
        self.head = head
        attempt(dataTask) { try begin(head) }
        completionHandler(failure == nil ? .allow : .cancel)
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        if case .taker? = failure { return }
        attempt(dataTask) { try take(data) }
        pieceCount += 1
        if failure == nil, pieceCount.isMultiple(of: 64), session.delegateQueue.operationCount > Self.mostPiecesQueued {
            failure = .overrun
            dataTask.cancel()
        }
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        if let error, failure == nil {
            let code = URLError.Code(rawValue: (error as NSError).code) ?? .unknown
            let unreachable: [URLError.Code] = [.cannotFindHost, .cannotConnectToHost, .notConnectedToInternet, .dnsLookupFailed]
            failure = .network(error.localizedDescription, isUnreachable: unreachable.contains(code))
        }
        done.signal()
    }

    private func attempt(_ task: URLSessionTask, _ body: () throws -> Void) {
        do { try body() } catch {
            failure = .taker(error as? TrainerError ?? TrainerError(.communication, "the hub", "\(error)"))
            task.cancel()
        }
    }
}
