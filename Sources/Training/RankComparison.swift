import Foundation
import Glibc
public import MessagePassing
public import Planning
public import Support

/// What all ranks of a job must have alike, compared before anything is loaded: the program and the configuration.
///
/// Ranks that differ there would make other groups and other calls, and wait for each other for ever, or train on without a sign.
public enum RankComparison {
    /// - Throws: `configuration` on every rank, with the first rank that has something else than rank 0, and what.
    public static func check(_ configuration: RunConfiguration, _ world: Communicator) throws(TrainerError) {
        guard world.size > 1 else { return }
        try comparePrograms(world)
        try compare(configuration.settings.map { ($0.path, $0.value.flowText) }, world)
    }

    // MARK: - Programs

    /// Compares where the programs' files lie, and reads them only if that is not one place, as it takes a while.
    private static func comparePrograms(_ world: Communicator) throws(TrainerError) {
        let places = try world.gather(Array(ProgramFile.place.utf8), name: "where the programs lie")
        guard Set(places).count > 1 else { return }
        // The first of those whose file is the same reads it.
        let isFirst = places.firstIndex(of: places[world.rank]) == world.rank
        let own = isFirst ? (try? digest(of: ProgramFile.path, in: FileSystem()))?.sha256 ?? "unreadable" : ""
        let hashes = try world.gather(Array(own.utf8), name: "the programs' hashes").map { String(decoding: $0, as: UTF8.self) }
        let all = places.indices.map { hashes[places.firstIndex(of: places[$0]) ?? $0] }
        guard let odd = all.firstIndex(where: { $0 != all[0] }) else { return }
        throw TrainerError(
            .configuration, "rank \(odd)", "runs another program than rank 0: SHA-256 \(all[odd].prefix(12)), not \(all[0].prefix(12))",
            remedy: "Copy one build to every node, or build it on a shared file system")
    }

    private enum ProgramFile {
        static let path = "/proc/self/exe"

        /// Host, device, number and time of the file: the same for two processes only if they run the same file.
        static var place: String {
            var (status, names) = (stat(), utsname())
            guard stat(path, &status) == 0, uname(&names) == 0 else { return "process \(getpid())" }
            let host = withUnsafeBytes(of: &names.nodename) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            let time = "\(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
            return "\(host) \(status.st_dev) \(status.st_ino) \(status.st_size) \(time)"
        }
    }

    // MARK: - Configurations

    private static func compare(_ settings: [(path: String, text: String)], _ world: Communicator) throws(TrainerError) {
        let own = Array(settings.map { "\($0.path)\t\($0.text)" }.joined(separator: "\n").utf8)
        let hashes = try world.gather(Array(digest(of: own).utf8), name: "the configurations' hashes")
        guard let odd = hashes.firstIndex(where: { $0 != hashes[0] }) else { return }
        let (first, other) = (try values(of: 0, own, world), try values(of: odd, own, world))
        let keys = Set(first.keys).union(other.keys).filter { first[$0] != other[$0] }.sorted()
        let told = keys.prefix(3).map { "\($0) is \(other[$0] ?? "none") and not \(first[$0] ?? "none")" }
        let more = keys.count > 3 ? ", and \(keys.count - 3) more keys differ" : ""
        throw TrainerError(
            .configuration, "rank \(odd)", "has another configuration than rank 0: \(told.joined(separator: ", "))\(more)",
            remedy: "Give every rank the same file and words")
    }

    private static func values(of rank: Int, _ own: [UInt8], _ world: Communicator) throws(TrainerError) -> [String: String] {
        let text = String(decoding: try world.broadcast(own, root: rank, name: "the configuration of rank \(rank)"), as: UTF8.self)
        var values: [String: String] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            values[parts[0]] = parts.count > 1 ? parts[1] : ""
        }
        return values
    }
}
