import Foundation
import Glibc
import MessagePassing
import Parallelism
import Support
import Tensors

/// Each of these ends the job: the last rank fails in its way while the others wait for it.
let failureChecks = [
    Check("fail.throws") { (world) throws(TrainerError) in
        if world.rank == world.size - 1 { throw TrainerError(.file, "data/part-3.jsonl", "is cut short at byte 17") }
        try world.barrier()
    },
    Check("fail.exits") { (world) throws(TrainerError) in
        if world.rank == world.size - 1 { exit(3) }
        try world.barrier()
    },
    Check("fail.dies") { (world) throws(TrainerError) in
        if world.rank == world.size - 1 { kill(getpid(), SIGKILL) }
        try world.barrier()
    },
]

/// The last rank stays away for ever, the others wait under a watchdog with a limit of a second; records lie in the folder that the second argument
/// names. Those named "late" go well: the last rank comes after three seconds.
let hangChecks = [
    Check("hang.barrier") { (world) throws(TrainerError) in
        let watchdog = try watch(world)
        FlightRecord.own.enter("forward")
        if world.rank == world.size - 1 { sleepForEver() }
        FlightRecord.own.enter("backward")
        try world.barrier(name: "the test's end")
        watchdog?.stop(removingRecord: true)
    },
    Check("hang.sum") { (world) throws(TrainerError) in
        let watchdog = try watch(world)
        let (device, group) = (try CPUDevice(threadCount: 1), MPIGroup(world))
        let tensor = try device.zeros(1, 100_000)
        FlightRecord.own.finished(steps: 6)
        for block in 0..<3 {
            FlightRecord.own.enter("block \(block)")
            if block == 2, world.rank == world.size - 1 { sleepForEver() }
            try group.startSum(tensor, name: "gradients of block \(block)").wait()
        }
        watchdog?.stop(removingRecord: true)
    },
    Check("hang.hierarchy") { (world) throws(TrainerError) in
        // Of two ranks on each of two nodes, as it were, the last stays away: the ranks of the other node wait for it by way of its neighbour.
        let watchdog = try watch(world)
        let groups = try NodeGroups.make(world, NodePlacement((0..<world.size).map { $0 * 2 / world.size }))
        let (device, group) = (try CPUDevice(threadCount: 1), MPIGroup(world, nodes: groups))
        let tensor = try device.zeros(1, 100_000)
        for block in 0..<3 {
            FlightRecord.own.enter("block \(block)")
            if block == 2, world.rank == world.size - 1 { sleepForEver() }
            try group.startSum(tensor, name: "gradients of block \(block)").wait()
        }
        watchdog?.stop(removingRecord: true)
    },
    Check("hang.started") { (world) throws(TrainerError) in
        // The last rank has come to the call, but moves none of its messages.
        let watchdog = try watch(world)
        let (device, group) = (try CPUDevice(threadCount: 1), MPIGroup(world))
        let transfer = try group.startGather(try device.zeros(1, 1_000_000), name: "values of block 1")
        if world.rank == world.size - 1 { sleepForEver() }
        try transfer.wait()
        watchdog?.stop(removingRecord: true)
    },
    Check("hang.pieces") { (world) throws(TrainerError) in
        // The same in a sum that receives of one rank after another.
        let watchdog = try watch(world)
        let (device, group) = (try CPUDevice(threadCount: 1), MPIGroup(world))
        let transfer = try group.startScatteredSum(try device.zeros(1, 3_000_000), name: "gradients of block 1")
        if world.rank == world.size - 1 { sleepForEver() }
        try transfer.wait()
        watchdog?.stop(removingRecord: true)
    },
    Check("hang.chain") { (world) throws(TrainerError) in
        // Each rank waits for the next one's message, as the stages of a pipeline do; the last sends none.
        let watchdog = try watch(world)
        let (device, group) = (try CPUDevice(threadCount: 1), MPIGroup(world))
        if world.rank == world.size - 1 { sleepForEver() }
        try group.startReceive(try device.zeros(1, 1000), from: world.rank + 1, channel: .backward, name: "hidden gradients").wait()
        watchdog?.stop(removingRecord: true)
    },
    Check("late.work") { (world) throws(TrainerError) in
        let watchdog = try watch(world)
        if world.rank == world.size - 1 {
            try FlightRecord.own.working("counting to three") { () throws(TrainerError) in _ = sleep(3) }
        }
        try world.barrier(name: "the end of counting")
        watchdog?.stop(removingRecord: true)
    },
    Check("late.suspended") { (world) throws(TrainerError) in
        // All ranks are stopped for longer than the limit, as schedulers do, while all but one wait.
        let watchdog = try watch(world)
        let processes = try world.gather(Array("\(getpid())".utf8)).map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
        if world.rank == 0 {
            let shell = Process()
            shell.executableURL = URL(fileURLWithPath: "/bin/sh")
            shell.arguments = ["-c", "sleep 0.3; kill -STOP \(processes); sleep 2.5; kill -CONT \(processes)"]
            guard (try? shell.run()) != nil else { throw TrainerError(.file, "/bin/sh", "can't be run") }
        }
        if world.rank == world.size - 1 { usleep(600_000) }
        try world.barrier(name: "the end of a pause")
        watchdog?.stop(removingRecord: true)
    },
]

private func watch(_ world: Communicator) throws(TrainerError) -> Watchdog? {
    let folder = CommandLine.arguments[2]
    let options = Watchdog.Options(limit: 1) {
        "\(folder)/rank-\($0).json"
    } tell: { error in
        try? "\(error)".write(toFile: "\(folder)/told", atomically: true, encoding: .utf8)
    }
    return try Watchdog.start(options, over: world)
}

private func sleepForEver() -> Never { while true { sleep(1000) } }
