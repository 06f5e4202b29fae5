import Support
import Testing

@Suite struct ThreadPoolTests {
    @Test("parallelFor: every index once, whatever the grain", arguments: [1, 2, 3, 5])
    func everyIndexOnce(threads: Int) {
        let pool = ThreadPool(threadCount: threads)
        for (count, grain) in [(0, 1), (1, 1), (7, 2), (1000, 16), (64, 64)] {
            let counts = UnsafeMutablePointer<Int>.allocate(capacity: count + 1)
            counts.initialize(repeating: 0, count: count + 1)
            defer { counts.deallocate() }
            pool.parallelFor(count, grain: grain) { range in for i in range { counts[i] += 1 } }
            #expect((0..<count).allSatisfy { counts[$0] == 1 })
        }
    }

    @Test("a loop in the calling thread's share of another runs there, every index once", arguments: [1, 2, 4])
    func nested(threads: Int) {
        let pool = ThreadPool(threadCount: threads)
        let counts = UnsafeMutablePointer<Int>.allocate(capacity: 100)
        counts.initialize(repeating: 0, count: 100)
        defer { counts.deallocate() }
        for _ in 0..<200 {
            pool.onEachThread { thread in
                if thread == 0 { pool.parallelFor(100, grain: 3) { range in for i in range { counts[i] += 1 } } }
            }
        }
        #expect((0..<100).allSatisfy { counts[$0] == 200 })
    }

    @Test("parallelItems: many small loops in a row lose no item")
    func items() {
        let pool = ThreadPool(threadCount: 4)
        for round in 0..<2000 {
            let count = round % 9
            let counts = UnsafeMutablePointer<Int>.allocate(capacity: count + 1)
            counts.initialize(repeating: 0, count: count + 1)
            defer { counts.deallocate() }
            pool.parallelItems(count) { item, _ in counts[item] += 1 }
            #expect((0..<count).allSatisfy { counts[$0] == 1 })
        }
    }
}
