import Crypto
import Foundation

/// The hash by which a hub names a file's content, taken piece by piece: SHA-256 of large files, Git's SHA-1 of small ones.
struct BlobHash {
    private enum State {
        case sha256(SHA256)
        case git(Insecure.SHA1)
    }

    private var state: State

    /// - Parameters:
    ///   - name: The hash that is expected; its length tells the kind.
    ///   - size: Bytes of the whole content, which Git hashes first.
    init?(like name: String, size: Int) {
        if HubPath.isHash(name, 64) {
            state = .sha256(SHA256())
        } else if HubPath.isHash(name, 40) {
            var hash = Insecure.SHA1()
            hash.update(data: Array("blob \(size)\0".utf8))
            state = .git(hash)
        } else {
            return nil
        }
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        switch state {
        case .sha256(var hash):
            hash.update(bufferPointer: bytes)
            state = .sha256(hash)
        case .git(var hash):
            hash.update(bufferPointer: bytes)
            state = .git(hash)
        }
    }

    /// Lowercase hexadecimal digits.
    var text: String {
        switch state {
        case .sha256(let hash): Self.hexadecimal(hash.finalize())
        case .git(let hash): Self.hexadecimal(hash.finalize())
        }
    }

    private static func hexadecimal(_ digest: some Sequence<UInt8>) -> String {
        digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
