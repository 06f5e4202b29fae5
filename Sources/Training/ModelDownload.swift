import Foundation
import Hub
public import MessagePassing
public import Support

/// A model brought from a hub before a job opens it, where the user allows the network.
public enum ModelDownload {
    /// Fetches a model that is neither here nor in the cache; once per node, and the same commit on all of them.
    ///
    /// The ranks that have nothing to fetch wait asleep and outside any collective with a time limit (pain 12). A rank that fails throws, which
    /// ends the job; what no download is needed for is left to `ModelFiles.open` to judge.
    ///
    /// - Parameter world: All ranks of the job; nil for a process alone.
    /// - Throws: As `Hub.fetch`; `communication` where MPI fails.
    public static func run(_ path: String, world: Communicator? = nil, report: DownloadReport = .standardError()) throws(TrainerError) {
        guard let reference = HubReference(path) else { return }
        var commit = ""
        if world?.rank ?? 0 == 0, !FileManager.default.fileExists(atPath: path) {
            commit = try Hub(.fromEnvironment()).commit(of: reference, report: report.show)
        }
        guard let world else {
            if !commit.isEmpty { try Hub(.fromEnvironment()).fetch(reference, commit: commit, report: report.show) }
            return
        }
        try world.idleBarrier()
        commit = String(decoding: try world.broadcast(Array(commit.utf8)), as: UTF8.self)
        guard !commit.isEmpty else { return }
        if try world.onThisNode().rank == 0 {
            // One voice is enough: other nodes fetch the same.
            let shown: (HubEvent) -> Void = world.rank == 0 ? report.show : { _ in }
            try Hub(.fromEnvironment()).fetch(reference, commit: commit, report: shown)
        }
        try world.idleBarrier()
    }
}
