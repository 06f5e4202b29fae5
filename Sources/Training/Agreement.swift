import Foundation
import MessagePassing
public import Support
public import Tensors

extension ProcessGroup {
    /// Runs `body` on every rank and lets all know how it went: an error on any rank is thrown on every rank, so none waits for one that failed.
    ///
    /// Collectives have no place in `body`: a rank that fails would not come to them. It may take long: the watchdog is patient with it.
    public func agree<Value>(_ name: String, _ body: () throws(TrainerError) -> Value) throws(TrainerError) -> Value {
        let result = Result { () throws(TrainerError) in try FlightRecord.own.working(name, body) }
        var own: [UInt8] = []
        if case .failure(let error) = result { own = error.encoded }
        let all = try gather(own, name: name)
        if let first = all.first(where: { !$0.isEmpty }) { throw TrainerError(encoded: first) }
        return try result.get()
    }

    /// Runs `body` on the first rank and gives its value to all.
    public func onFirst<Value: Codable>(_ name: String, _ body: () throws(TrainerError) -> Value) throws(TrainerError) -> Value {
        let own = try agree(name) { () throws(TrainerError) -> [UInt8] in
            guard index == 0 else { return [] }
            let value = try body()
            guard let bytes = try? JSONEncoder.anyNumber.encode([value]) else {
                throw TrainerError(.communication, name, "a value can't be sent to the ranks")
            }
            return [UInt8](bytes)
        }
        let bytes = try broadcast(own, name: name)
        guard let value = try? JSONDecoder.anyNumber.decode([Value].self, from: Data(bytes)).first else {
            throw TrainerError(.communication, name, "what the first rank sent can't be read", remedy: "Start the same program on every node")
        }
        return value
    }
}

/// An error as it travels between ranks.
private struct ErrorMessage: Codable {
    var code: String
    var subject: String
    var problem: String
    var remedy: String?
    var others: [ErrorMessage]

    init(_ error: TrainerError) {
        code = error.code.rawValue
        subject = error.subject
        problem = error.problem
        remedy = error.remedy
        others = error.others.map(ErrorMessage.init)
    }

    var error: TrainerError {
        var error = TrainerError(TrainerError.Code(rawValue: code) ?? .communication, subject, problem, remedy: remedy)
        error.others = others.map(\.error)
        return error
    }
}

extension TrainerError {
    fileprivate var encoded: [UInt8] { (try? JSONEncoder().encode(ErrorMessage(self))).map { [UInt8]($0) } ?? Array("{}".utf8) }

    fileprivate init(encoded bytes: [UInt8]) {
        let message = try? JSONDecoder().decode(ErrorMessage.self, from: Data(bytes))
        self = message?.error ?? TrainerError(.communication, "a peer", "failed without a readable message", remedy: "Look at the ranks' logs")
    }
}
