internal import CMPI
import Glibc
public import Support

/// This process's part in an MPI job: started once, ended once.
public enum MPIJob {
    /// Joins the job and returns the communicator of all ranks; a process that mpirun did not start is a job of one.
    ///
    /// - Throws: `communication` if MPI can't start.
    public static func start() throws(TrainerError) -> Communicator {
        // A process alone would else start a daemon first, which only processes that start others need.
        setenv("OMPI_MCA_ess_singleton_isolated", "1", 0)
        var provided = Int32(0)
        try check(MPI_Init_thread(nil, nil, Int32(MPI_THREAD_FUNNELED), &provided), "MPI_Init_thread")
        guard let world = cmpi_comm_world() else { throw TrainerError(.communication, "MPI_COMM_WORLD", "is missing") }
        return try Communicator(world, identity: "job")
    }

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
