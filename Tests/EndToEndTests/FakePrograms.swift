import Foundation
import TestSupport

/// Programs that stand in for others, in a folder of their own: a `trainer` whose starts do the lines of a plan one by one, and whatever is added.
struct FakePrograms {
    let folder: String
    var tools: String { "\(folder)/tools" }

    /// - Parameter plan: What each start does on its first rank, in bash: `exit 75`.
    init(in folder: String, plan: [String]) throws {
        self.folder = folder
        try FileManager.default.createDirectory(atPath: tools, withIntermediateDirectories: true)
        try (plan.joined(separator: "\n") + "\n").write(toFile: "\(folder)/plan", atomically: true, encoding: .utf8)
        try add(
            "trainer",
            """
            ((OMPI_COMM_WORLD_RANK == 0)) || exit 0
            echo "$OMPI_COMM_WORLD_SIZE $*" >>'\(folder)/starts'
            next=$(head -n 1 '\(folder)/plan')
            sed -i 1d '\(folder)/plan'
            eval "$next"
            """)
        try "".write(toFile: "\(folder)/run.yaml", atomically: true, encoding: .utf8)
    }

    /// An `mpirun` that becomes the first rank at once: the true one takes a second, which scripts that only look at its status need not wait for.
    func addMPIRun() throws {
        try add(
            "mpirun",
            """
            while [[ $1 == -* ]]; do
                [[ $1 == -n ]] && export OMPI_COMM_WORLD_SIZE=$2
                shift 2
            done
            OMPI_COMM_WORLD_RANK=0 exec "$@"
            """)
    }

    func add(_ name: String, _ body: String) throws {
        let path = "\(tools)/\(name)"
        try "#!/usr/bin/env bash\n\(body)\n".write(toFile: path, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    }

    /// Runs a script in the folder.
    func run(_ script: String, _ arguments: String..., environment: [String: String] = [:]) throws -> ProgramResult {
        try runScript(script, arguments, tools: tools, environment: environment, folder: folder, limitSeconds: 60)
    }

    /// Ranks and arguments of each start of trainer.
    var starts: [String] { lines("starts") }

    func lines(_ name: String) -> [String] {
        ((try? String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)) ?? "").split(separator: "\n").map(String.init)
    }
}
