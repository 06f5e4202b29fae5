internal import CMPI
import Glibc
public import Support

/// This process's part in an MPI job: started once, ended once.
public enum MPIJob {
    /// Joins the job and returns the communicator of all ranks; a process that mpirun did not start is a job of one.
    ///
    /// - Throws: `communication` if MPI can't start.
    public static func start() throws(TrainerError) -> Communicator {
        var provided = Int32(0)
        let settings = isAlone ? settingsAlone.filter { getenv($0.name) == nil } : []
        for (name, value) in settings { setenv(name, value, 0) }
        defer { for (name, _) in settings { unsetenv(name) } }
        try check(MPI_Init_thread(nil, nil, Int32(MPI_THREAD_FUNNELED), &provided), "MPI_Init_thread")
        guard let world = cmpi_comm_world() else { throw TrainerError(.communication, "MPI_COMM_WORLD", "is missing") }
        return try Communicator(world, identity: "job")
    }

    /// Whether no launcher has started this process: Open MPI's, or another by way of PMIx or PMI.
    private static var isAlone: Bool {
        let marks: [String] = ["OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMIX_NAMESPACE", "PMI_RANK", "PMI_FD"]
        return marks.allSatisfy { getenv($0) == nil }
    }

    /// What spares a process alone half a second: no daemon, which only processes that start others need, and no search for ways to reach others.
    /// What the user has set stays.
    private static let settingsAlone: [(name: String, value: String)] = [
        (name: "OMPI_MCA_ess_singleton_isolated", value: "1"), (name: "OMPI_MCA_pml", value: "ob1"), (name: "OMPI_MCA_btl", value: "self"),
    ]

    /// Leaves the job; every rank must come here.
    public static func end() { MPI_Finalize() }

    /// Ends the whole job at once, so that no rank waits for this one; does not return.
    public static func abort(exitStatus: Int32) -> Never {
        var isStarted = Int32(0)
        MPI_Initialized(&isStarted)
        fflush(nil)
        if isStarted != 0, let world = cmpi_comm_world() {
            var size = Int32(0)
            MPI_Comm_size(world, &size)
            // Alone there are no peers to end, and MPI_Abort would say so in eight lines below the error.
            if size > 1 { MPI_Abort(world, exitStatus) } else { MPI_Finalize() }
        }
        exit(exitStatus)
    }
}
