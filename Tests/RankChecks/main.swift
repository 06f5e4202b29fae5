// Checks of what ranks do together. A test starts this program under mpirun with a name; every check whose name begins so is run by all ranks.
//
//     mpirun -n 3 RankChecks communicator
//
// A check that fails ends the job with its message and the error's exit status, as trainer itself does.

import Foundation
import MessagePassing
import Support

func runChecks(_ prefix: String, _ world: Communicator) throws(TrainerError) -> Int {
    let all = communicatorChecks + groupChecks + narrowChecks + hierarchyChecks + gridChecks + contextChecks + failureChecks + hangChecks
    let chosen = all.filter { $0.name.hasPrefix(prefix) }
    for check in chosen {
        do { try check.run(world) } catch { throw TrainerError(error.code, "\(check.name): \(error.subject)", error.problem, remedy: error.remedy) }
    }
    return chosen.count
}

do throws(TrainerError) {
    let world = try MPIJob.start()
    do throws(TrainerError) {
        let count = try runChecks(CommandLine.arguments.dropFirst().first ?? "", world)
        if world.rank == 0 { print("\(count) checks passed on \(world.size) ranks") }
        MPIJob.end()
    } catch {
        FileHandle.standardError.write(Data("rank \(world.rank): \(error)\n".utf8))
        MPIJob.abort(exitStatus: error.code.exitStatus)
    }
} catch {
    FileHandle.standardError.write(Data("\(error)\n".utf8))
    exit(error.code.exitStatus)
}
