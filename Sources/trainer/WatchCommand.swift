import ArgumentParser
import Foundation
import Reporting
import Support
import Watching

/// `trainer watch`: a run in the browser, as it goes.
struct WatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Shows a run in the browser as it goes: curves, memory, data, samples.",
        discussion: """
            The page is served to this machine alone, at an address with a random token. It reads the run's files and nothing else, so it can be \
            started before the run, during it or after it, and ended at any time.
            """)

    @Argument(help: "The run's folder.") var folder: String
    @Option(help: "The port to listen on; by default one that is free.") var port: Int?

    func run() throws {
        guard port.map({ (0...65535).contains($0) }) ?? true else {
            throw TrainerError(.configuration, "--port", "\(port ?? 0) is no port", remedy: "Give a number from 1 to 65535")
        }
        let kind = try FileSystem().kind(of: folder)
        guard kind != .file else { throw TrainerError(.file, folder, "is a file", remedy: "Give the folder that a run's output names") }
        let opening = kind == .nothing ? "\(folder) does not exist yet; the page waits for a run to begin there" : "Watching \(folder)"
        try WatchServer.run(RunFolder(path: folder), port: port) { port, address in
            let hint = "Ctrl-C ends this, not the run. From another machine open it through ssh -L \(port):127.0.0.1:\(port) HOST"
            // Written at once, also into a pipe.
            try? FileHandle.standardOutput.write(contentsOf: Data("\(opening):\n  \(address)\n\(hint)\n".utf8))
        }
    }
}
