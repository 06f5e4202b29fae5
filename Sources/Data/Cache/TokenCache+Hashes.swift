import Crypto
import Support

extension TokenCache {
    /// The hash of a file's content, if the file has not changed since it was kept.
    func hash(of identity: FileIdentity) -> String? {
        guard let bytes = try? fileSystem.contents(of: hashPath(identity)), bytes.count == 64 else { return nil }
        let isHexadecimal = bytes.allSatisfy {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
        }
        return isHexadecimal ? String(decoding: bytes, as: UTF8.self) : nil
    }

    /// Keeps the hash of a file's content for as long as the file does not change. If that can't be written, the next start hashes again.
    ///
    /// That of a file changed in the last two seconds is not kept: it could be changed again within the resolution of its file system's clock.
    func keep(_ hash: String, of identity: FileIdentity) {
        let path = hashPath(identity)
        guard identity.age > .seconds(2) else { return }
        try? write(Array(hash.utf8), to: path)
    }

    private func write(_ bytes: [UInt8], to path: String) throws(TrainerError) {
        try fileSystem.createFolders(fileSystem.parent(of: path))
        let temporary = "\(path).\(Self.uniqueName())\(Self.partial)"
        try fileSystem.remove(temporary)
        let file = try fileSystem.create(temporary)
        try file.write(bytes)
        try file.close()
        try fileSystem.rename(temporary, to: path)
    }

    private func hashPath(_ identity: FileIdentity) -> String {
        let text = "\(identity.size) \(identity.inode) \(identity.modified) \(identity.changed) \(identity.path)"
        return "\(folder)/files/\(hexadecimal(SHA256.hash(data: Array(text.utf8))))"
    }
}
