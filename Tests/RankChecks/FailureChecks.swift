import Glibc
import MessagePassing
import Support

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
