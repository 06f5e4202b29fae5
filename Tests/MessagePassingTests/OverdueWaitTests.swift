import Foundation
import Support
import TestSupport
import Testing

@testable import MessagePassing

@Suite struct OverdueWaitTests {
    /// Rank 0 of 4 has waited 60 s in the fifth call of the job's communicator; the others as given: calls they came to, age, and what they do.
    private func overdue(
        _ others: [Int: (calls: Int, age: Double, work: String?, waits: Bool)], silent: [Int] = [], count: Int? = 5, size: Int = 4
    ) -> OverdueWait {
        var wait = FlightRecord.Wait(
            number: 9, call: "sum", name: "gradients of model.layers.3", communicator: "job", ranks: Array(0..<size), count: count, since: 940)
        wait.silent = silent
        func entry(_ rank: Int, _ calls: Int, _ age: Double, _ work: String?, _ waits: Bool) -> FlightEntry {
            var place = FlightRecord.Place()
            place.host = "node\(rank)"
            place.step = 6
            place.phase = "backward"
            place.phaseSince = 1000 - age - 8
            place.calls = ["job": calls]
            place.work = work
            if waits { place.wait = wait }
            return FlightEntry(job: "1", rank: rank, time: 1000 - age, place: place)
        }
        return OverdueWait(
            own: entry(0, 5, 0, nil, true), wait: wait,
            others: others.reduce(into: [:]) { found, other in
                found[other.key] = entry(other.key, other.value.calls, other.value.age, other.value.work, other.value.waits)
            }, jobSize: size, limit: 60, waited: 60)
    }

    @Test("the ranks that have not come are told with where they are; those that wait themselves last")
    func late() {
        let found = overdue([1: (4, 2, nil, true), 2: (5, 1, nil, true), 3: (4, 63, nil, false)])
        #expect(found.missing == [1, 3] && !found.isInOrder && found.isOwnToTell)
        #expect(
            found.error.description
                == "communication: step 7, rank 0 of 4: has waited 60 s in sum (gradients of model.layers.3), phase backward: rank 3 has not come to it, in step 7, backward since 8 s (host node3, written 63 s ago); rank 1 has not come to it, in step 7, backward since 8 s, itself waiting in sum (gradients of model.layers.3) since 58 s (host node1, written 2 s ago). Look at that host; started again, the run goes on from its last checkpoint. The limit is parallel.timeout_seconds."
        )
    }

    @Test("where all have come, the ranks whose messages are missing are told; where nothing of them can be read, that is said")
    func silent() {
        let lost = overdue([1: (5, 1, nil, true), 2: (5, 1, nil, true), 3: (5, 70, nil, true)], silent: [3])
        #expect(lost.missing == [3] && lost.error.problem.contains("rank 3 has come, but its messages are missing, in step 7"))
        let alone = overdue([:], silent: [2])
        #expect(alone.missing == [2] && alone.error.problem.contains("rank 2 is silent, and nothing it wrote can be read here"))
        #expect(overdue([1: (5, 1, nil, true)]).missing == [2, 3])
        let none = overdue([1: (5, 1, nil, true), 2: (5, 1, nil, true), 3: (5, 1, nil, true)])
        #expect(none.error.problem.hasSuffix("all its ranks have come to it, but messages between them are lost"))
        let many = overdue([:], size: 9)
        #expect(many.error.problem.hasSuffix("rank 4 is silent, and nothing it wrote can be read here; and 4 more"))
    }

    /// Rank 0 waits for a message of rank 1, which waits for one of rank 2, and so on; the last waits for nobody.
    private func chain(ages: [Double], work: String? = nil) -> OverdueWait {
        func wait(_ rank: Int) -> FlightRecord.Wait {
            var wait = FlightRecord.Wait(
                number: 1, call: "receive", name: "hidden states", communicator: "stages", ranks: Array(0...ages.count), count: nil, since: 940)
            wait.silent = [rank + 1]
            return wait
        }
        func entry(_ rank: Int, _ age: Double) -> FlightEntry {
            var place = FlightRecord.Place()
            if rank < ages.count { place.wait = wait(rank) } else { place.work = work }
            return FlightEntry(job: "1", rank: rank, time: 1000 - age, place: place)
        }
        return OverdueWait(
            own: entry(0, 0), wait: wait(0), others: Dictionary(uniqueKeysWithValues: ages.enumerated().map { ($0 + 1, entry($0 + 1, $1)) }),
            jobSize: ages.count + 1, limit: 60, waited: 60)
    }

    @Test("a chain of waits is followed to the rank that does not wait, or no longer writes; work at its end is waited for")
    func chains() {
        let last = chain(ages: [1, 1, 1]).error.problem
        #expect(last.contains(": rank 3 keeps rank 2 waiting in receive (hidden states), in step 1"))
        #expect(last.contains("; rank 1 has not answered, in step 1") && !last.contains("rank 2 ha"))
        #expect(chain(ages: [1, 90, 1]).error.problem.contains(": rank 2 keeps rank 1 waiting in receive (hidden states), in step 1"))
        #expect(chain(ages: [90, 1, 1]).error.problem.contains(": rank 1 has not answered, in step 1"))
        #expect(!chain(ages: [1, 1, 1]).isInOrder && chain(ages: [1, 1, 1], work: "writing").isInOrder)
        #expect(!chain(ages: [1, 1, 90], work: "writing").isInOrder && !chain(ages: [1, 90, 1], work: "writing").isInOrder)
        #expect(chain(ages: [1, 1, 1]).followed == [1, 2, 3])
    }

    @Test("of more than four ranks those are told that no longer write, not those that wait")
    func many() {
        let waiting = Dictionary(uniqueKeysWithValues: (1...6).map { ($0, (calls: 4, age: 1.0, work: String?.none, waits: true)) })
        let found = overdue(waiting.merging([7: (4, 90, nil, true)]) { $1 }, size: 8)
        #expect(found.error.problem.contains(": rank 7 has not come to it") && found.error.problem.hasSuffix("; and 3 more"))
    }

    @Test("work by agreement is waited for as long as every missing rank still writes, and no longer")
    func inOrder() {
        #expect(overdue([1: (5, 1, nil, true), 2: (5, 1, nil, true), 3: (4, 3, "writing the result", false)]).isInOrder)
        #expect(overdue([1: (4, 1, nil, true), 2: (5, 1, nil, true), 3: (4, 3, "writing the result", false)]).isInOrder)
        #expect(!overdue([1: (5, 1, nil, true), 2: (5, 1, nil, true), 3: (4, 61, "writing the result", false)]).isInOrder)
        #expect(!overdue([1: (4, 1, nil, false), 2: (5, 1, nil, true), 3: (4, 3, "writing the result", false)]).isInOrder)
        #expect(!overdue([3: (4, 3, "writing the result", false)], silent: [2]).isInOrder)
    }

    @Test("the first of the ranks that wait tells; one that no longer writes is passed over")
    func teller() {
        let found = overdue([1: (5, 1, nil, true), 2: (5, 1, nil, true), 3: (4, 90, nil, false)])
        func seen(from rank: Int, ageOfFirst age: Double) -> OverdueWait {
            var others = found.others
            var first = found.own
            first.time = found.own.time - age
            others[0] = first
            let own = others.removeValue(forKey: rank) ?? found.own
            return OverdueWait(own: own, wait: found.wait, others: others, jobSize: 4, limit: 60, waited: 60)
        }
        #expect(!seen(from: 1, ageOfFirst: 1).isOwnToTell && seen(from: 1, ageOfFirst: 90).isOwnToTell)
        #expect(!seen(from: 2, ageOfFirst: 90).isOwnToTell)
    }

    @Test("a record is read back as it was written; another job's, a cut one and none at all are nothing")
    func file() throws {
        let entry = overdue([:]).own
        try withTemporaryFolder { folder in
            let path = "\(folder)/rank-0.json"
            #expect(FlightEntry.read(path, job: "1") == nil)
            try entry.write(to: path)
            #expect(FlightEntry.read(path, job: "1") == entry && FlightEntry.read(path, job: "2") == nil)
            let text = try String(contentsOfFile: path, encoding: .utf8)
            try text.dropLast(5).description.write(toFile: path, atomically: true, encoding: .utf8)
            #expect(FlightEntry.read(path, job: "1") == nil)
        }
    }
}
