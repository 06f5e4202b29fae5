import Glibc
import Support
import Tensors

/// What a rank exchanges at the moment, in all its groups: whoever waits for one moves all along, as another rank may wait for those.
public final class ExchangesUnderWay {
    private var started: [Started] = []
    /// An error that came up where it could not be thrown; whoever waits next throws it.
    private var failure: TrainerError?

    public init() {}

    private final class Started: Transfer {
        let exchange: any Exchange
        /// Says of an error whose it is.
        let named: (TrainerError) -> TrainerError
        var isDone = false
        private let all: ExchangesUnderWay

        init(_ exchange: any Exchange, _ named: @escaping (TrainerError) -> TrainerError, _ all: ExchangesUnderWay) {
            self.exchange = exchange
            self.named = named
            self.all = all
        }

        func wait() throws(TrainerError) { try all.wait { isDone } }
    }

    func add(_ exchange: any Exchange, named: @escaping (TrainerError) -> TrainerError) -> any Transfer {
        let transfer = Started(exchange, named, self)
        started.append(transfer)
        return transfer
    }

    func progress() {
        for transfer in started where failure == nil {
            do { transfer.isDone = try transfer.exchange.advance() } catch { failure = transfer.named(error) }
        }
        started.removeAll(where: \.isDone)
    }

    func finish() throws(TrainerError) { try wait { started.isEmpty } }

    private func wait(_ isDone: () -> Bool) throws(TrainerError) {
        while true {
            progress()
            if let failure { throw failure }
            if isDone() { return }
            // Ranks may outnumber the cores: one that waits gives its core away.
            sched_yield()
        }
    }
}
