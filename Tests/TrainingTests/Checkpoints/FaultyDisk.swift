import Support
import Synchronization

@testable import Training

/// A file system that fails at a chosen operation, and that can lose what was not synchronized.
final class FaultyDisk: Sendable {
    enum Fault {
        /// The operation of this index and all after it fail: the process has died.
        case crash(at: Int)
        /// Only the operation of this index fails: a full disk, a broken device.
        case failure(at: Int)
        case none
    }

    private struct State {
        var operations: [FileSystem.Operation] = []
        /// Files with bytes that were not synchronized.
        var unsynchronizedFiles: Set<String> = []
        /// New names in folders that were not synchronized since, in order.
        var unsynchronizedNames: [FileSystem.Operation] = []
    }

    private let fault: Fault
    private let state = Mutex(State())
    private let watch: @Sendable (FileSystem.Operation) -> Void

    init(_ fault: Fault, watch: @escaping @Sendable (FileSystem.Operation) -> Void = { _ in }) {
        self.fault = fault
        self.watch = watch
    }

    var fileSystem: FileSystem {
        FileSystem { (operation) throws(TrainerError) in try self.next(operation) }
    }

    var operations: [FileSystem.Operation] { state.withLock { $0.operations } }

    /// Whether the chosen operation was reached.
    var hasFailed: Bool {
        switch fault {
        case .crash(let index), .failure(let index): operations.count > index
        case .none: false
        }
    }

    private func next(_ operation: FileSystem.Operation) throws(TrainerError) {
        watch(operation)
        let index = state.withLock { state in
            state.operations.append(operation)
            return state.operations.count - 1
        }
        switch fault {
        case .crash(let last) where index >= last: throw TrainerError(.file, "disk", "the process has died at operation \(last)")
        case .failure(let only) where index == only: throw TrainerError(.file, "disk", "operation \(only) fails")
        default: state.withLock { Self.record(operation, &$0) }
        }
    }

    private static func record(_ operation: FileSystem.Operation, _ state: inout State) {
        switch operation {
        case .createFolder, .create: state.unsynchronizedNames.append(operation)
        case .write(let path): state.unsynchronizedFiles.insert(path)
        case .synchronize(let path):
            state.unsynchronizedFiles.remove(path)
            state.unsynchronizedNames.removeAll { folder(of: $0) == path }
        case .rename(let path, let newPath):
            rename(path, newPath, &state)
            state.unsynchronizedNames.append(operation)
        case .remove(let path):
            state.unsynchronizedFiles.remove(path)
            state.unsynchronizedNames.removeAll { name(of: $0) == path }
        }
    }

    /// Takes back every name and empties every file that was not synchronized: the strictest reading of what a power failure may do.
    func losePower() throws {
        var state = state.withLock { $0 }
        let disk = FileSystem()
        for path in state.unsynchronizedFiles where try disk.kind(of: path) != .nothing {
            try disk.remove(path)
            try disk.create(path).close()
        }
        while let operation = state.unsynchronizedNames.popLast() {
            switch operation {
            case .rename(let path, let newPath):
                if try disk.kind(of: newPath) == .nothing { continue }
                try disk.rename(newPath, to: path)
                Self.rename(newPath, path, &state)
            default: try disk.remove(Self.name(of: operation))
            }
        }
    }

    private static func rename(_ path: String, _ newPath: String, _ state: inout State) {
        func moved(_ name: String) -> String { name == path || name.hasPrefix(path + "/") ? newPath + name.dropFirst(path.count) : name }
        state.unsynchronizedFiles = Set(state.unsynchronizedFiles.map(moved))
        state.unsynchronizedNames = state.unsynchronizedNames.map { operation in
            switch operation {
            case .createFolder(let name): .createFolder(moved(name))
            case .create(let name): .create(moved(name))
            case .rename(let old, let new): .rename(moved(old), to: moved(new))
            default: operation
            }
        }
    }

    private static func name(of operation: FileSystem.Operation) -> String {
        switch operation {
        case .createFolder(let path), .create(let path), .write(let path), .synchronize(let path), .remove(let path): path
        case .rename(_, let newPath): newPath
        }
    }

    private static func folder(of operation: FileSystem.Operation) -> String { FileSystem().parent(of: name(of: operation)) }
}
