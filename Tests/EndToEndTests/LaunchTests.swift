import Foundation
import TestSupport
import Testing

/// Scripts of Launch with programs that stand in for trainer, ssh and the schedulers; `HostsTests` and `SlurmTests` take the real ones.
@Suite(.serialized) struct LaunchTests {
    @Test("hosts starts all slots of the hostfile, with the arguments given")
    func hosts() throws {
        try withTemporaryFolder { folder in
            let fake = try FakePrograms(in: folder, plan: ["exit 0"])
            try "# mine\nlocalhost slots=3\n".write(toFile: "\(folder)/hosts", atomically: true, encoding: .utf8)
            let result = try fake.run("Launch/hosts", "hosts", "run.yaml", "method.r=8")
            #expect(result.status == 0 && fake.starts == ["3 run.yaml method.r=8"], "\(result)")
        }
    }

    @Test("a host with another trainer or another configuration is named before anything starts, and so is one that does not answer")
    func differentHosts() throws {
        try withTemporaryFolder { folder in
            let fake = try FakePrograms(in: folder, plan: ["exit 0"])
            try "localhost slots=1\nfar slots=1\n".write(toFile: "\(folder)/hosts", atomically: true, encoding: .utf8)
            let environment = ["OMPI_MCA_plm_rsh_agent": "agent"]
            for name in ["trainer", "run.yaml"] {
                try fake.add("agent", "bash -c \"$2\" | sed -E '/\(name)$/ s/^...../00000/'")
                let other = try fake.run("Launch/hosts", "hosts", "run.yaml", environment: environment)
                #expect(other.status == 64 && other.stderr.contains("far has another ") && other.stderr.contains("\(name): copy it"), "\(other)")
            }
            try fake.add("agent", "echo 'ssh: connect to host far port 22: No route to host' >&2; exit 255")
            let silent = try fake.run("Launch/hosts", "hosts", "run.yaml", environment: environment)
            #expect(silent.status == 75 && silent.stderr.contains("far does not answer") && silent.stderr.contains("No route"), "\(silent)")
            try "localhost\n".write(toFile: "\(folder)/hosts", atomically: true, encoding: .utf8)
            let bare = try fake.run("Launch/hosts", "hosts", "run.yaml")
            #expect(bare.status == 64 && bare.stderr.contains("line 1: localhost has no slots=COUNT"), "\(bare)")
            #expect(fake.starts.isEmpty)
        }
    }

    @Test("a job of Slurm goes back into the queue before its time limit and after a fault, up to the limit of restarts; no mistake does")
    func slurm() throws {
        // The parent is the job's script, which Slurm would signal.
        let timeLimit = "trap 'exit 130' USR1; kill -USR1 $PPID; while :; do sleep 0.05; done"
        for (plan, restarts, status, isRequeued) in [
            (timeLimit, 30, 130, true), ("exit 75", 0, 75, true), ("exit 75", 20, 75, false), ("exit 64", 0, 64, false), ("exit 130", 0, 130, false),
        ] as [(String, Int, Int32, Bool)] {
            try withTemporaryFolder { folder in
                let fake = try FakePrograms(in: folder, plan: [plan])
                try fake.addMPIRun()
                try fake.add("scontrol", "[[ $1 == show ]] && echo PreemptTime=None || echo \"$*\" >>'\(folder)/requeues'")
                let result = try runScript(
                    "Launch/slurm.sbatch", ["\(folder)/run.yaml"], tools: fake.tools,
                    environment: [
                        "LAUNCHER": "mpirun", "SLURM_JOB_ID": "7", "SLURM_NTASKS": "1", "SLURM_JOB_NODELIST": "here",
                        "SLURM_RESTART_COUNT": "\(restarts)",
                    ], limitSeconds: 60)
                #expect(result.status == status && fake.starts == ["1 \(folder)/run.yaml"], "\(result)")
                #expect(fake.lines("requeues") == (isRequeued ? ["requeue 7"] : []), "\(plan): \(result)")
            }
        }
    }

    @Test("a job of PBS saves before its time limit and queues itself again, also after a fault; no mistake does")
    func pbs() throws {
        let waits = "trap 'exit 130' USR1; while :; do sleep 0.05; done"
        for (plan, start, status, isQueued) in [
            (waits, 30, 130, true), ("exit 75", 1, 75, true), ("exit 75", 21, 75, false), ("exit 64", 1, 64, false),
        ] as [(String, Int, Int32, Bool)] {
            try withTemporaryFolder { folder in
                let fake = try FakePrograms(in: folder, plan: [plan])
                try fake.addMPIRun()
                try fake.add("qsub", "echo \"$*\" >>'\(folder)/jobs'")
                try fake.add("qstat", "echo '    Resource_List.walltime = 00:0\(plan == waits ? "1:01" : "9:00")'")
                try "localhost\n".write(toFile: "\(folder)/nodes", atomically: true, encoding: .utf8)
                let result = try runScript(
                    "Launch/pbs.sh", [], tools: fake.tools,
                    environment: [
                        "PBS_JOBID": "7", "PBS_O_WORKDIR": repositoryRoot, "PBS_NODEFILE": "\(folder)/nodes", "RUN": "\(folder)/run.yaml",
                        "KEYS": "method.r=8", "START": "\(start)", "MARGIN": "59",
                    ], limitSeconds: 60)
                #expect(result.status == status && fake.starts == ["1 \(folder)/run.yaml method.r=8"], "\(result)")
                let job = "-v RUN=\(folder)/run.yaml,KEYS=method.r=8,START=\(start + 1),MARGIN=59,RESTARTS=20 Launch/pbs.sh"
                #expect(fake.lines("jobs") == (isQueued ? [job] : []), "\(plan): \(result)")
            }
        }
    }
}
