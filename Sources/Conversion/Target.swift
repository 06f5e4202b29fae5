import Formats
import Foundation
import Support

/// Where a model is to appear, whole or not at all: it is written under another name beside it and renamed when it has been checked.
struct Target {
    let path: String
    let isFolder: Bool
    /// Where it is written.
    var unfinished: String { "\(path).unfinished" }
    private var replaced: String { "\(path).replaced" }
    private let files = FileSystem()

    /// - Throws: `configuration` for a path whose ending does not fit, or that is the source's; `file` for one at which something lies that may
    ///   not be replaced: anything at all unless `replaces`, and even then a folder that is no model.
    init(path given: String, isFolder: Bool, source: ModelFiles, replaces: Bool) throws(TrainerError) {
        var path = given
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        self.path = path
        self.isFolder = isFolder
        guard path.hasSuffix(".gguf") != isFolder else {
            let problem = isFolder ? "is the name of a GGUF file, and so is the source's" : "does not end in .gguf, and the source is a folder"
            let remedy = isFolder ? "Name a folder: GGUF becomes a Hugging Face folder" : "Name a GGUF file: a Hugging Face folder becomes one"
            throw TrainerError(.configuration, path, problem, remedy: remedy)
        }
        func place(_ path: String) -> String { URL(fileURLWithPath: path).resolvingSymlinksInPath().path }
        let (own, other) = (place(path), place(source.path))
        guard own != other, !other.hasPrefix("\(own)/") else {
            throw TrainerError(.configuration, path, "holds the model that is to be converted", remedy: "Name another target")
        }
        try checkPlace(replaces: replaces)
    }

    private func checkPlace(replaces: Bool) throws(TrainerError) {
        switch try files.kind(of: path) {
        case .nothing: return
        case .folder where isFolder:
            let names = try files.names(in: path)
            if names.isEmpty { return }
            guard names.contains("config.json") else {
                throw TrainerError(.file, path, "is a folder that holds no model, so it is not replaced", remedy: "Name another folder")
            }
        case .file where !isFolder: break
        case let kind:
            throw TrainerError(.file, path, "is there already, and is \(kind == .folder ? "a folder" : kind == .file ? "a file" : "a link")")
        }
        guard replaces else { throw TrainerError(.file, path, "is there already", remedy: "Name another target, or replace it with --force") }
    }

    /// Removes what an earlier attempt left.
    func clear() throws(TrainerError) { try files.remove(unfinished) }

    /// Makes the folder that is written into, or the one that will hold the file.
    func begin(byteCount: Int) throws(TrainerError) {
        try files.createFolders(isFolder ? unfinished : files.parent(of: path))
        let free = try files.freeSpace(at: files.parent(of: unfinished))
        guard byteCount <= free.bytes else {
            throw TrainerError(
                .file, path, "takes \(ByteCount(byteCount)), and \(free) are free there", remedy: "Free some space, or choose another disk")
        }
    }

    /// Gives the finished model its name; a folder that is there steps aside, and back if that fails.
    func publish() throws(TrainerError) {
        guard try files.kind(of: path) == .folder, try !files.names(in: path).isEmpty else {
            try files.rename(unfinished, to: path)
            return try files.synchronizeFolder(files.parent(of: path))
        }
        try files.remove(replaced)
        try files.rename(path, to: replaced)
        do throws(TrainerError) {
            try files.rename(unfinished, to: path)
        } catch {
            try files.rename(replaced, to: path)
            throw error
        }
        try files.synchronizeFolder(files.parent(of: path))
        try files.remove(replaced)
    }
}
