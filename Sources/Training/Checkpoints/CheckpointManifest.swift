import Foundation
public import Support

/// What a finished checkpoint holds and what it is worth: `manifest.json` in its folder.
///
/// There is no index beside the manifests: which checkpoint is the newest and which the best is read from them, so nothing can be torn apart.
/// The same content gives the same bytes: no times, keys sorted.
public struct CheckpointManifest: Codable, Equatable, Sendable {
    public static let fileName = "manifest.json"
    /// The file that makes a checkpoint complete; it holds the SHA-256 of `manifest.json`.
    public static let markerName = "complete"
    static let currentFormat = 1

    /// The layout of a checkpoint's folder; a reader refuses one that it does not know.
    public var format = currentFormat
    /// Optimizer steps done.
    public var step: Int
    /// One more than that of the checkpoint saved before. It tells the newest, also after a run was taken back to an earlier step.
    public var serial: Int
    /// The held-out loss or another number of which less is better; nil if none was measured.
    public var score: Double?
    public var metadata: [String: String]
    /// Sorted by name.
    public var files: [Entry]

    /// A file as it was written.
    public struct Entry: Codable, Equatable, Sendable {
        public var name: String
        public var byteCount: Int
        /// 64 hexadecimal digits.
        public var sha256: String
    }

    public var byteCount: ByteCount { ByteCount(files.reduce(0) { $0 + $1.byteCount }) }

    /// The score if it can be compared.
    var rankingScore: Double? { score.flatMap { $0.isFinite ? $0 : nil } }

    func encoded() throws(TrainerError) -> [UInt8] {
        let encoder = JSONEncoder.anyNumber
        encoder.outputFormatting.insert(.prettyPrinted)
        do {
            return Array(try encoder.encode(self)) + [UInt8(ascii: "\n")]
        } catch {
            throw TrainerError(.format, Self.fileName, "can't be written (\(error))")
        }
    }

    static func decoded(_ bytes: [UInt8], path: String) throws(TrainerError) -> CheckpointManifest {
        let decoder = JSONDecoder.anyNumber
        do {
            let format = try decoder.decode(Format.self, from: Data(bytes)).format
            guard format == currentFormat else {
                throw TrainerError(.format, path, "has format \(format), and this program reads \(currentFormat)", remedy: "Use a newer trainer")
            }
            let manifest = try decoder.decode(Self.self, from: Data(bytes))
            if let problem = manifest.implausible { throw TrainerError(.format, path, problem) }
            return manifest
        } catch let error as TrainerError {
            throw error
        } catch {
            throw TrainerError(.format, path, "is not a checkpoint's manifest (\(error))")
        }
    }

    /// What no save can have written; nil if there is nothing.
    private var implausible: String? {
        let plausible = 0..<(1 << 48)
        guard plausible.contains(step), plausible.contains(serial) else { return "has step \(step) and serial \(serial)" }
        for file in files {
            guard file.byteCount >= 0, file.byteCount < 1 << 44 else { return "has a file of \(file.byteCount) bytes" }
            guard !file.name.contains("/"), file.name != "..", file.name != "." else { return "has a file \(file.name), which lies elsewhere" }
        }
        return nil
    }

    private struct Format: Decodable {
        var format: Int
    }
}

/// A checkpoint whose files were found to be what its manifest says.
public struct VerifiedCheckpoint: Equatable, Sendable {
    public var folder: String
    public var manifest: CheckpointManifest

    public var step: Int { manifest.step }

    /// The path of one of the checkpoint's files.
    public func path(of name: String) throws(TrainerError) -> String {
        guard manifest.files.contains(where: { $0.name == name }) else {
            let names = manifest.files.map(\.name).joined(separator: ", ")
            throw TrainerError(.file, folder, "holds no \(name), only \(names)")
        }
        return "\(folder)/\(name)"
    }
}
