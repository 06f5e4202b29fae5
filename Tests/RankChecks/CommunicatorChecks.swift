import Glibc
import MessagePassing
import Support

let communicatorChecks = [
    Check("communicator.reduce") { (world) throws(TrainerError) in
        let size = Double(world.size)
        let mine = [Double(world.rank), -Double(world.rank), 1]
        try expectEqual(try world.reduce(mine, .sum), [size * (size - 1) / 2, -size * (size - 1) / 2, size], "sum")
        try expectEqual(try world.reduce(mine, .max), [size - 1, 0, 1], "max")
        try expectEqual(try world.reduce(mine, .min), [0, 1 - size, 1], "min")
        try expectEqual(try world.reduce([], .sum), [], "sum of nothing")
    },
    Check("communicator.broadcast") { (world) throws(TrainerError) in
        for root in [0, world.size - 1] {
            for count in [0, 1, 100_003] {
                let wanted = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7 + root) }
                // What the others bring, another length included, is of no effect.
                let found = try world.broadcast(world.rank == root ? wanted : [UInt8](repeating: 9, count: 5), root: root)
                try expectEqual(found, wanted, "\(count) bytes of rank \(root)")
            }
        }
    },
    Check("communicator.gather") { (world) throws(TrainerError) in
        // Rank 0 brings nothing, the others ever more.
        let wanted = (0..<world.size).map { [UInt8](repeating: UInt8($0), count: $0 * 1001) }
        try expectEqual(try world.gather(wanted[world.rank]), wanted, "uneven bytes")
        try expectEqual(try world.gather([]), [[UInt8]](repeating: [], count: world.size), "nothing of anyone")
    },
    Check("communicator.barrier") { (world) throws(TrainerError) in
        if world.rank == world.size - 1 { usleep(200_000) }
        let before = ContinuousTime.now
        try world.barrier()
        let after = ContinuousTime.now
        // One clock for the whole node: nobody leaves before the last has come.
        let lastToCome = try world.reduce([before], .max)[0]
        let firstToLeave = try world.reduce([after], .min)[0]
        try expectEqual(firstToLeave >= lastToCome, true, "left after everyone came")
    },
    Check("communicator.idleBarrier") { (world) throws(TrainerError) in
        if world.rank == world.size - 1 { usleep(100_000) }
        let before = ContinuousTime.now
        try world.idleBarrier()
        let after = ContinuousTime.now
        try expectEqual(try world.reduce([after], .min)[0] >= world.reduce([before], .max)[0], true, "left after everyone came")
    },
    Check("communicator.pingPong") { (world) throws(TrainerError) in
        let last = world.size - 1
        let duration = try world.pingPong(between: 0, and: last, byteCount: 100_003, count: 3)
        try expectEqual(duration != nil, last > 0 && [0, last].contains(world.rank), "measured by the two")
        try expectEqual((duration ?? .seconds(1)) > .zero, true, "takes time")
    },
    Check("communicator.node") { (world) throws(TrainerError) in
        let node = try world.onThisNode()
        try expectEqual(node.size, world.size, "size")
        try expectEqual(node.rank, world.rank, "rank")
        try expectEqual(try node.reduce([1], .sum), [Double(world.size)], "sum over the node")
    },
]

private enum ContinuousTime {
    /// Seconds of the node's clock that never jumps.
    static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
