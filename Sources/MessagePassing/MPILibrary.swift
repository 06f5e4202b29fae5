internal import CMPI
public import Support

/// Which MPI this program runs with.
public struct MPILibrary: Equatable, Sendable {
    /// `Open MPI v4.1.4`, as the library names itself.
    public var name: String
    /// `3.1`: the standard that it follows.
    public var standard: String
    /// What it allows of threads: `single`, `funneled`, `serialized` or `multiple`.
    public var threadLevel: String

    /// - Throws: `communication` if the job was not started.
    public static func inUse() throws(TrainerError) -> MPILibrary {
        var text = [CChar](repeating: 0, count: Int(MPI_MAX_LIBRARY_VERSION_STRING))
        var (length, major, minor, level) = (Int32(0), Int32(0), Int32(0), Int32(0))
        try check(MPI_Get_library_version(&text, &length), "MPI_Get_library_version")
        try check(MPI_Get_version(&major, &minor), "MPI_Get_version")
        try check(MPI_Query_thread(&level), "MPI_Query_thread")
        let words = String(decoding: text.prefix(Int(length)).map(UInt8.init(bitPattern:)), as: UTF8.self)
        // Open MPI goes on with who built it and when, after a comma.
        let name = words.split(whereSeparator: { $0 == "," || $0.isNewline }).first.map(String.init) ?? words
        let levels = [
            Int32(MPI_THREAD_SINGLE): "single", Int32(MPI_THREAD_FUNNELED): "funneled", Int32(MPI_THREAD_SERIALIZED): "serialized",
            Int32(MPI_THREAD_MULTIPLE): "multiple",
        ]
        return MPILibrary(name: name, standard: "\(major).\(minor)", threadLevel: levels[level] ?? "\(level)")
    }
}
