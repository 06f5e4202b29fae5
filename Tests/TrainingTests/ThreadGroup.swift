import Foundation
import Support
import Synchronization
import Tensors

/// Ranks that are threads of the test: each gathers what all have passed.
final class ThreadGroup: ProcessGroup {
    let index: Int
    let size: Int
    private let meeting: Meeting

    private init(_ index: Int, _ size: Int, _ meeting: Meeting) {
        self.index = index
        self.size = size
        self.meeting = meeting
    }

    /// Runs `body` on that many ranks and gives what each returned or threw.
    static func run<Value: Sendable>(_ size: Int, _ body: @escaping @Sendable (ThreadGroup) throws -> Value) -> [Result<Value, any Error>] {
        let meeting = Meeting(size)
        let results = Results<Value>(size)
        let threads = (0..<size).map { index in
            Thread {
                results.set(index, Result { try body(ThreadGroup(index, size, meeting)) })
            }
        }
        for thread in threads { thread.start() }
        return results.wait()
    }

    func gather(_ bytes: [UInt8], name: String) -> [[UInt8]] { meeting.exchange(index, bytes) }
    func broadcast(_ bytes: [UInt8], name: String) -> [UInt8] { gather(bytes, name: name)[0] }
    func barrier(name: String) { _ = gather([], name: name) }
    func sum(_ values: [Double], name: String) -> [Double] { reduce(values, +) }
    func max(_ values: [Double], name: String) -> [Double] { reduce(values) { Swift.max($0, $1) } }
    func startSum(_ tensor: Tensor, as type: ElementType, name: String) -> any Transfer {
        preconditionFailure("ThreadGroup.startSum: tensors are not summed here")
    }
    func startScatteredSum(_ tensor: Tensor, as type: ElementType, grain: Int, name: String) -> any Transfer {
        startSum(tensor, as: type, name: name)
    }
    func startGather(_ tensor: Tensor, as type: ElementType, grain: Int, name: String) -> any Transfer { startSum(tensor, as: type, name: name) }
    func startSend(_ tensor: Tensor, as type: ElementType, to index: Int, channel: MessageChannel, name: String) -> any Transfer {
        startSum(tensor, as: type, name: name)
    }
    func startReceive(_ tensor: Tensor, as type: ElementType, from index: Int, channel: MessageChannel, name: String) -> any Transfer {
        startSum(tensor, as: type, name: name)
    }
    func progress() {}
    func finish() {}

    private func reduce(_ values: [Double], _ operation: (Double, Double) -> Double) -> [Double] {
        let all = gather(values.withUnsafeBytes { Array($0) }, name: "").map { $0.withUnsafeBytes { Array($0.bindMemory(to: Double.self)) } }
        return all.dropFirst().reduce(all[0]) { zip($0, $1).map(operation) }
    }

    /// Where all ranks leave their bytes and take everyone's.
    private final class Meeting: @unchecked Sendable {
        private let condition = NSCondition()
        private var arrived = 0
        private var round = 0
        private var brought: [[UInt8]]
        private var all: [[UInt8]] = []

        init(_ size: Int) { brought = Array(repeating: [], count: size) }

        func exchange(_ index: Int, _ bytes: [UInt8]) -> [[UInt8]] {
            condition.lock()
            defer { condition.unlock() }
            brought[index] = bytes
            arrived += 1
            if arrived == brought.count {
                (arrived, all) = (0, brought)
                round += 1
                condition.broadcast()
                return all
            }
            let mine = round
            while round == mine { condition.wait() }
            return all
        }
    }

    private final class Results<Value: Sendable>: @unchecked Sendable {
        private let condition = NSCondition()
        private var results: [Result<Value, any Error>?]

        init(_ size: Int) { results = Array(repeating: nil, count: size) }

        func set(_ index: Int, _ result: Result<Value, any Error>) {
            condition.lock()
            results[index] = result
            condition.broadcast()
            condition.unlock()
        }

        func wait() -> [Result<Value, any Error>] {
            condition.lock()
            defer { condition.unlock() }
            while results.contains(where: { $0 == nil }) { condition.wait() }
            return results.compactMap { $0 }
        }
    }
}
