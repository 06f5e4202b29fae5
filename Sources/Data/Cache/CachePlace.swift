import Glibc
public import Support

/// Where tokenised rows are kept for later starts.
public enum CachePlace: ConfigurationValue {
    /// `trainer` in `$XDG_CACHE_HOME`, by default `~/.cache`.
    case auto
    /// Nowhere: they are held in memory by every rank.
    case memory
    case folder(String)

    public static var wanted: String { "a folder, auto or none" }

    public init?(configuration node: ConfigurationNode) {
        if node.isNull || node.anyText == "none" {
            self = .memory
        } else if node.anyText == "auto" {
            self = .auto
        } else if let folder = String(configuration: node), Bool(configuration: node) == nil {
            self = .folder(folder)
        } else {
            return nil
        }
    }

    public var configuration: ConfigurationNode {
        switch self {
        case .auto: .plain("auto")
        case .memory: .plain("none")
        case .folder(let path): .text(path)
        }
    }

    /// The folder; nil where there is none.
    ///
    /// - Throws: `configuration` if the environment says nothing of a home.
    public func path() throws(TrainerError) -> String? { try path { getenv($0).map { String(cString: $0) } } }

    /// As `path()`, in an environment.
    func path(_ environment: (String) -> String?) throws(TrainerError) -> String? {
        switch self {
        case .memory: return nil
        case .folder(let path): return path
        case .auto:
            // The XDG base directory specification has relative paths ignored.
            if let caches = environment("XDG_CACHE_HOME"), caches.hasPrefix("/") { return "\(caches)/trainer" }
            if let home = environment("HOME"), home.hasPrefix("/") { return "\(home)/.cache/trainer" }
            throw TrainerError(
                .configuration, "data.cache", "auto needs a home, and neither XDG_CACHE_HOME nor HOME names a folder",
                remedy: "Name a folder, or none")
        }
    }
}
