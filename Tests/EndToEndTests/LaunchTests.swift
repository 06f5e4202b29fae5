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

    /// How a job ended before: what is known of jobs in vain, and the step of the newest checkpoint.
    private func prepare(_ fake: FakePrograms, inVain: String, step: Int) throws {
        let folder = "\(fake.folder)/my run"
        try "model: {path: m}\noutput: '\(folder)' # here\n".write(toFile: "\(fake.folder)/run.yaml", atomically: true, encoding: .utf8)
        for name in ["logs", "checkpoints/step-00000002", "checkpoints/step-0000000\(step).2", "checkpoints/step-00000099"] {
            try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
            if name.contains("0000000") { try "".write(toFile: "\(folder)/\(name)/complete", atomically: true, encoding: .utf8) }
        }
        if !inVain.isEmpty { try inVain.write(toFile: "\(folder)/logs/jobs-in-vain", atomically: true, encoding: .utf8) }
    }

    private struct Case {
        var plan: String
        /// What the run's folder says of the jobs before: how many, and the step of the newest checkpoint then. It is 5 now.
        var inVain = ""
        var status: Int32
        var goesOn: Bool
    }

    private func cases(timeLimit: String) -> [Case] {
        [
            Case(plan: timeLimit, status: 130, goesOn: true), Case(plan: timeLimit, inVain: "20 5\n", status: 130, goesOn: false),
            Case(plan: "exit 75", status: 75, goesOn: true), Case(plan: "exit 75", inVain: "19 5\n", status: 75, goesOn: true),
            Case(plan: "exit 75", inVain: "20 5\n", status: 75, goesOn: false), Case(plan: "exit 75", inVain: "20 4\n", status: 75, goesOn: true),
            Case(plan: "exit 64", status: 64, goesOn: false), Case(plan: "exit 66", status: 66, goesOn: false),
            Case(plan: "exit 130", status: 130, goesOn: false),
        ]
    }

    @Test("a job of Slurm goes back into the queue before its time limit and after a fault, as long as checkpoints become newer; no mistake does")
    func slurm() throws {
        // The parent is the job's script, which Slurm would signal.
        for item in cases(timeLimit: "trap 'exit 130' USR1; kill -USR1 $PPID; while :; do sleep 0.05; done") {
            try withTemporaryFolder { folder in
                let fake = try FakePrograms(in: folder, plan: [item.plan])
                try prepare(fake, inVain: item.inVain, step: 5)
                try fake.addMPIRun()
                try fake.add("srun", "[[ $1 == --mpi=list ]] && { echo none; exit 1; }")
                try fake.add("scontrol", "[[ $1 == show ]] && echo PreemptTime=None || echo \"$*\" >>'\(folder)/requeues'")
                let result = try runScript(
                    "Launch/slurm.sbatch", ["\(folder)/run.yaml"], tools: fake.tools,
                    environment: [
                        "SLURM_JOB_ID": "7", "SLURM_NTASKS": "1", "SLURM_JOB_NODELIST": "here", "SLURM_RESTART_COUNT": "30",
                    ], limitSeconds: 60)
                #expect(result.status == item.status && fake.starts == ["1 \(folder)/run.yaml"], "\(result)")
                #expect(fake.lines("requeues") == (item.goesOn ? ["requeue 7"] : []), "\(item): \(result)")
            }
        }
    }

    @Test(
        "a job of PBS saves before its time limit and queues itself again, also after a fault, as long as checkpoints become newer; no mistake does")
    func pbs() throws {
        let waits = "trap 'exit 130' USR1; while :; do sleep 0.05; done"
        for item in cases(timeLimit: waits) {
            try withTemporaryFolder { folder in
                let fake = try FakePrograms(in: folder, plan: [item.plan])
                try prepare(fake, inVain: item.inVain, step: 5)
                try fake.addMPIRun()
                try fake.add("qsub", "echo \"$*\" >>'\(folder)/jobs'")
                try fake.add("qstat", "echo '    Resource_List.walltime = 00:0\(item.plan == waits ? "1:01" : "9:00")'")
                try "localhost\n".write(toFile: "\(folder)/nodes", atomically: true, encoding: .utf8)
                let result = try runScript(
                    "Launch/pbs.sh", [], tools: fake.tools,
                    environment: [
                        "PBS_JOBID": "7", "PBS_O_WORKDIR": repositoryRoot, "PBS_NODEFILE": "\(folder)/nodes", "RUN": "\(folder)/run.yaml",
                        "KEYS": "method.r=8", "START": "30", "MARGIN": "59",
                    ], limitSeconds: 60)
                #expect(result.status == item.status && fake.starts == ["1 \(folder)/run.yaml method.r=8"], "\(result)")
                let job = "-v RUN=\(folder)/run.yaml,KEYS=method.r=8,START=31,MARGIN=59,RESTARTS=20 Launch/pbs.sh"
                #expect(fake.lines("jobs") == (item.goesOn ? [job] : []), "\(item): \(result)")
            }
        }
    }

    @Test("where a run's folder is not found in its file, the number of the job stands for the count; an output on the command line is the folder")
    func jobsInVain() throws {
        for (keys, start, count, goesOn) in [([], 20, nil, true), ([], 21, nil, false), (["output=here"], 21, "1 0", true)]
            as [([String], Int, String?, Bool)]
        {
            try withTemporaryFolder { folder in
                let fake = try FakePrograms(in: folder, plan: [])
                try fake.add(
                    "try", "source '\(repositoryRoot)/Launch/lib.sh'; cd '\(folder)'; status=75 asked=; worth_another_job \(start) run.yaml \"$@\"")
                let result = try runScript("\(fake.tools)/try", keys)
                #expect((result.status == 0) == goesOn, "\(result)")
                #expect(fake.lines("here/logs/jobs-in-vain").first == count)
            }
        }
    }
}
