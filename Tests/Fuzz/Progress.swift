import Foundation

/// What a worker has done, in memory that it shares with its parent: what it wrote there outlives it.
struct Progress {
    private let words: UnsafeMutablePointer<Int>

    /// Maps a file, made if missing, whose words start as zeros.
    init(path: String) throws {
        let file = open(path, O_RDWR | O_CREAT, 0o600)
        guard file >= 0, ftruncate(file, 64) == 0 else { throw POSIXError(.EIO) }
        defer { close(file) }
        guard let memory = mmap(nil, 64, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), memory != MAP_FAILED else { throw POSIXError(.ENOMEM) }
        words = memory.bindMemory(to: Int.self, capacity: 8)
    }

    /// The number of the input that is being read, or the one after the last.
    var number: Int {
        get { words[0] }
        nonmutating set { words[0] = newValue }
    }

    var accepted: Int {
        get { words[1] }
        nonmutating set { words[1] = newValue }
    }

    var refused: Int {
        get { words[2] }
        nonmutating set { words[2] = newValue }
    }

    /// Errors that are no plain line.
    var unfit: Int {
        get { words[3] }
        nonmutating set { words[3] = newValue }
    }
}
