import Foundation
import Support
import TestSupport
import Testing

@testable import Training

@Suite struct RunLockTests {
    /// Another process that holds the lock until it is killed; returns once it does.
    private func holder(_ folder: String) throws -> Process {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["flock", "--nonblock", "--no-fork", "\(folder)/\(RunLock.fileName)", "sh", "-c", "echo held; exec sleep 60"]
        process.standardOutput = output
        try process.run()
        #expect(String(decoding: output.fileHandleForReading.availableData, as: UTF8.self) == "held\n")
        return process
    }

    @Test("take: a second job on the same run folder is refused, and the first is named")
    func refused() throws {
        try withTemporaryFolder { folder in
            let lock = try RunLock.take(folder: folder)
            #expect(lock.warning == nil)
            let error = #expect(throws: TrainerError.self) { try RunLock.take(folder: folder) }
            #expect(error?.code == .file)
            #expect(error?.remedy == "Wait for it, end it, or give this run another folder")
            #expect(error?.problem.contains("in use by process \(getpid()) on ") == true)
            lock.release()
            let again = try RunLock.take(folder: folder)
            again.release()
        }
    }

    @Test("take: the lock of another process counts, and ends when that process is killed")
    func otherProcess() throws {
        try withTemporaryFolder { folder in
            let process = try holder(folder)
            #expect(throws: TrainerError.self) { try RunLock.take(folder: folder, patience: .zero) }
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            let lock = try RunLock.take(folder: folder)
            lock.release()
        }
    }

    @Test("take: a holder on another host, or gone from this one, is waited for, which is told once; then a restart may help")
    func waits() throws {
        for line in ["process 1 on elsewhere\n1\n", "process \(getpid()) on \(ProcessInfo.processInfo.hostName)\n1\n"] {
            try withTemporaryFolder { folder in
                let process = try holder(folder)
                let path = "\(folder)/\(RunLock.fileName)"
                try FileSystem().append(to: path).write(Array(line.utf8))
                let holder = String(line.split(separator: "\n")[0])
                expectError(.communication, "the run's folder is in use by \(holder).", "some minutes.") {
                    _ = try RunLock.take(folder: folder, patience: .milliseconds(50))
                }
                var said: [String] = []
                Thread.detachNewThread {
                    usleep(700_000)
                    kill(process.processIdentifier, SIGKILL)
                }
                let lock = try RunLock.take(folder: folder) { said.append($0) }
                #expect(said == ["\(path): the run's folder is in use by \(holder), which may be gone; waiting up to 2 min 00 s for it to be free"])
                lock.release()
                process.waitUntilExit()
            }
        }
    }

    @Test("take: a folder that can't be written is an error of code file")
    func missingFolder() {
        let error = #expect(throws: TrainerError.self) { try RunLock.take(folder: "/nonexistent/run") }
        #expect(error?.code == .file)
    }
}
