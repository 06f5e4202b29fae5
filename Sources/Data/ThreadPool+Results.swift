public import Support
import Synchronization

extension ThreadPool {
    /// The values of `body` for each item of `0..<count`, in order, as threads come free for them.
    func items<Value: Sendable>(_ count: Int, _ body: @Sendable (Int) -> Value) -> [Value] {
        let values = Mutex([Value?](repeating: nil, count: count))
        parallelItems(count) { item, _ in
            let value = body(item)
            values.withLock { $0[item] = value }
        }
        return values.withLock { $0 }.compactMap { $0 }
    }

    /// As `items`, for a body that can fail.
    ///
    /// - Throws: The error of the first item that has one, whichever was found first.
    public func results<Value: Sendable>(_ count: Int, _ body: @Sendable (Int) throws(TrainerError) -> Value) throws(TrainerError) -> [Value] {
        var values: [Value] = []
        for result in items(count, { item in Result { () throws(TrainerError) in try body(item) } }) { values.append(try result.get()) }
        return values
    }
}
