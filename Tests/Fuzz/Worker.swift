import Foundation
import FuzzReaders

/// Reads inputs in this process until one kills it.
struct Worker {
    let reader: FuzzReader
    let seed: UInt64
    let folder: String
    /// Where inputs go that gave an error which is no plain line.
    let findings: Findings

    /// What one input may take.
    static let memoryLimit = 1 << 30
    static let secondsLimit = 1

    func run(_ numbers: Range<Int>) throws {
        let progress = try Progress(path: "\(folder)/progress")
        let input = try FuzzFolder(path: "\(folder)/input")
        try limitMemory()
        let parent = getppid()
        for number in numbers {
            guard getppid() == parent else { exit(1) }
            progress.number = number
            try input.lay(reader.input(number, seed: seed))
            arm(seconds: Self.secondsLimit)
            let outcome = reader.read(input.path)
            arm(seconds: 0)
            switch outcome {
            case .accepted: progress.accepted += 1
            case .refused: progress.refused += 1
            case .unfit(let what):
                progress.unfit += 1
                if progress.unfit <= Findings.most { try findings.keep(reader, number, seed, what) }
            }
        }
        progress.number = numbers.upperBound
    }

    /// Asks the system for a signal that kills: after seconds of processor time, and after thirty times as long if nothing is computed.
    private func arm(seconds: Int) {
        var computing = itimerval(it_interval: timeval(), it_value: timeval(tv_sec: seconds, tv_usec: 0))
        setitimer(__itimer_which_t(ITIMER_PROF.rawValue), &computing, nil)
        var waiting = itimerval(it_interval: timeval(), it_value: timeval(tv_sec: 30 * seconds, tv_usec: 0))
        setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &waiting, nil)
    }

    /// Allocations beyond what is mapped now and the limit fail, which ends the process.
    private func limitMemory() throws {
        let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ").first.flatMap { Int($0) } ?? 0
        let bytes = rlim_t(pages * Int(sysconf(Int32(_SC_PAGESIZE))) + Self.memoryLimit)
        var limit = rlimit(rlim_cur: bytes, rlim_max: bytes)
        guard setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0 else { throw POSIXError(.EPERM) }
        var noCore = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &noCore)
    }
}

/// Inputs that broke a reader, each in a folder of its own with a line on what happened.
struct Findings {
    let folder: String
    /// A reader that breaks more often than this is stopped.
    static let most = 20

    func keep(_ reader: FuzzReader, _ number: Int, _ seed: UInt64, _ what: String) throws {
        let path = "\(folder)/\(reader.name)-\(seed)-\(number)"
        try? FileManager.default.removeItem(atPath: path)
        try reader.input(number, seed: seed).write(to: "\(path)/input")
        try (what + "\n").write(toFile: "\(path)/what.txt", atomically: false, encoding: .utf8)
    }
}
