import Glibc
import MessagePassing
import Support
import Tensors

/// What a rank exchanges at the moment, in all its groups: whoever waits for one moves all along, as another rank may wait for those.
public final class ExchangesUnderWay {
    private var started: [Started] = []
    /// An error that came up where it could not be thrown; whoever waits next throws it.
    private var failure: TrainerError?
    /// Bytes that this rank has sent, in all its groups.
    private(set) var sentBytes: [TransferPurpose: Int] = [:]

    public init() {}

    func noteSent(_ bytes: Int, _ name: String) { sentBytes[TransferPurpose(name: name), default: 0] += bytes }

    private final class Started: Transfer {
        let exchange: any Exchange
        let communicator: Communicator
        let name: String
        let count: Int?
        /// Says of an error whose it is.
        let named: (TrainerError) -> TrainerError
        var isDone = false
        private let all: ExchangesUnderWay

        init(
            _ exchange: any Exchange, _ communicator: Communicator, _ name: String, _ count: Int?, _ named: @escaping (TrainerError) -> TrainerError,
            _ all: ExchangesUnderWay
        ) {
            self.exchange = exchange
            self.communicator = communicator
            self.name = name
            self.count = count
            self.named = named
            self.all = all
        }

        func wait() throws(TrainerError) { try all.wait(for: { isDone ? nil : self }) }
    }

    /// - Parameter count: Which of the calls that every rank of the communicator makes; nil for messages between two ranks.
    func add(
        _ exchange: any Exchange, of communicator: Communicator, _ name: String, count: Int?, named: @escaping (TrainerError) -> TrainerError
    ) -> any Transfer {
        let transfer = Started(exchange, communicator, name, count, named, self)
        started.append(transfer)
        return transfer
    }

    func progress() {
        for transfer in started where failure == nil {
            do { transfer.isDone = try transfer.exchange.advance() } catch { failure = transfer.named(error) }
        }
        started.removeAll(where: \.isDone)
    }

    func finish() throws(TrainerError) { try wait(for: { started.first }) }

    /// The ranks whose messages an exchange still waits for, or, while it waits for its turn, one of its group that was started before it.
    private func silentPeers(_ awaited: Started) throws(TrainerError) -> Set<Int> {
        do throws(TrainerError) {
            for transfer in [awaited] + started.prefix(while: { $0 !== awaited }) where transfer.communicator === awaited.communicator {
                let peers = try transfer.exchange.silentPeers()
                if !peers.isEmpty { return peers }
            }
            return []
        } catch { throw awaited.named(error) }
    }

    /// - Parameter next: What is to be done first of what is still under way; nil when there is nothing to wait for any more.
    private func wait(for next: () -> Started?) throws(TrainerError) {
        var noted: Started?
        defer { noted?.communicator.endWait() }
        var rounds = 0
        while true {
            progress()
            if let failure { throw failure }
            guard let awaited = next() else { return }
            if noted !== awaited {
                awaited.communicator.wait(awaited.exchange.kind, awaited.name, count: awaited.count)
                noted = awaited
                rounds = 0
            }
            rounds += 1
            // Rarely, for it takes time to find out: some milliseconds lie between.
            if rounds % 4096 == 0 { awaited.communicator.note(silent: try silentPeers(awaited)) }
            // Ranks may outnumber the cores: one that waits gives its core away.
            sched_yield()
        }
    }
}
