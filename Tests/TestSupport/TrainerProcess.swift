import Foundation

/// What a finished program left.
public struct ProgramResult: Sendable {
    /// The exit status, or 128 and the signal's number if a signal ended it.
    public let status: Int32
    public let stdout: String
    public let stderr: String
    /// Whether the time limit ended it.
    public let isTimedOut: Bool
}

/// Runs the `trainer` that was built with the tests, alone or on ranks under mpirun, from the repository's root unless told otherwise.
///
/// - Parameters:
///   - ranks: Ranks to start; nil starts trainer without mpirun.
///   - environment: Variables added to the test's own.
///   - limitSeconds: After this time the whole job is killed and the result says so.
public func runTrainer(
    _ arguments: [String], ranks: Int? = nil, environment: [String: String] = [:], folder: String = repositoryRoot, limitSeconds: Double = 120
) throws -> ProgramResult {
    try runBuilt("trainer", arguments, ranks: ranks, environment: environment, folder: folder, limitSeconds: limitSeconds)
}

/// Runs a check of `Tests/RankChecks` on some ranks; one that fails prints its reason and ends with a status that is not 0.
public func mpirun(ranks: Int, check: String, _ arguments: [String] = [], limitSeconds: Double = 60) throws -> ProgramResult {
    try runBuilt("RankChecks", [check] + arguments, ranks: ranks, environment: [:], folder: repositoryRoot, limitSeconds: limitSeconds)
}

/// Runs a script of the repository, such as `Launch/resilient`, which finds the `trainer` that was built with the tests on its path.
///
/// - Parameter tools: A folder of programs that are found before any others.
public func runScript(
    _ script: String, _ arguments: [String], tools: String? = nil, environment: [String: String] = [:], folder: String = repositoryRoot,
    limitSeconds: Double = 120
) throws -> ProgramResult {
    var variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let path = [tools, productsFolder.path, variables["PATH"]].compactMap { $0 }.joined(separator: ":")
    variables.merge(["PATH": path, "OMPI_MCA_mpi_yield_when_idle": "1"]) { $1 }
    let script = script.hasPrefix("/") ? script : "\(repositoryRoot)/\(script)"
    return try oneJobAtATime.withLock { try run(script, arguments, variables, folder: folder, limitSeconds: limitSeconds) }
}

/// The folder that holds `Package.swift`.
public let repositoryRoot = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

/// The path of a program that lies beside the test bundle.
public func builtProgram(_ name: String) -> String { productsFolder.appendingPathComponent(name).path }

private let productsFolder = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()

/// Runs a program that lies beside the test bundle.
public func runBuilt(
    _ program: String, _ arguments: [String], ranks: Int?, environment: [String: String], folder: String, limitSeconds: Double
) throws -> ProgramResult {
    let path = builtProgram(program)
    guard FileManager.default.isExecutableFile(atPath: path) else { throw MissingProgram(path: path) }
    var variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    guard let ranks else { return try run(path, arguments, variables, folder: folder, limitSeconds: limitSeconds) }
    // Root is refused and more ranks than cores are too, unless told so; ranks that wait give way to those that compute.
    variables["OMPI_ALLOW_RUN_AS_ROOT"] = "1"
    variables["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1"
    variables["OMPI_MCA_mpi_yield_when_idle"] = "1"
    let launch = ["mpirun", "--oversubscribe", "-n", String(ranks), path] + arguments
    return try oneJobAtATime.withLock { try run("/usr/bin/env", launch, variables, folder: folder, limitSeconds: limitSeconds) }
}

/// Jobs of several ranks would slow each other down beyond their time limits if tests started them together.
private let oneJobAtATime = NSLock()

private struct MissingProgram: Error, CustomStringConvertible {
    let path: String
    var description: String { "\(path) is not built: build everything first (swift build --build-tests)" }
}

/// Starts a program with its output in files, which a child that stays behind can't keep open as it could a pipe, and waits.
private func run(_ path: String, _ arguments: [String], _ environment: [String: String], folder: String, limitSeconds: Double) throws -> ProgramResult
{
    try withTemporaryFolder { temporary in
        let names = ["\(temporary)/stdout", "\(temporary)/stderr"]
        for name in names { try Data().write(to: URL(fileURLWithPath: name)) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.environment = environment
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle(forWritingAtPath: names[0])
        process.standardError = FileHandle(forWritingAtPath: names[1])
        let ended = DispatchSemaphore(value: 0)
        process.terminationHandler = { _ in ended.signal() }
        try withoutBlockedSignals { try process.run() }
        let isTimedOut = ended.wait(timeout: .now() + limitSeconds) == .timedOut
        if isTimedOut { stop(process, ended) }
        let status = process.terminationStatus + (process.terminationReason == .uncaughtSignal ? 128 : 0)
        let texts = try names.map { String(decoding: try Data(contentsOf: URL(fileURLWithPath: $0)), as: UTF8.self) }
        return ProgramResult(status: status, stdout: texts[0], stderr: texts[1], isTimedOut: isTimedOut)
    }
}

/// Dispatch blocks signals on its threads, and a program started there would never hear of any.
private func withoutBlockedSignals(_ body: () throws -> Void) rethrows {
    var (none, before) = (sigset_t(), sigset_t())
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    try body()
}

/// mpirun answers SIGTERM by ending its ranks, at the latest a second later, and scripts answer the second; what still runs after that is killed.
private func stop(_ process: Process, _ ended: DispatchSemaphore) {
    for _ in 1...2 {
        process.terminate()
        guard ended.wait(timeout: .now() + 5) == .timedOut else { return }
    }
    kill(process.processIdentifier, SIGKILL)
    ended.wait()
}
