import Foundation
import Support
import TestSupport
import Testing

@testable import Hub

/// A model's files on a `LocalHub`, and a cache to fetch them into.
struct HubCase {
    let hub: LocalHub
    var settings: HubSettings
    let cache: String
    let reference: HubReference

    static let configuration = Array(#"{"model_type": "llama"}"#.utf8)
    /// Bytes that differ everywhere, 40,000 of them.
    static let weights = (0..<40_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }

    static let files: [String: [UInt8]] = [
        "config.json": configuration, "tokenizer.json": Array("{}".utf8), "model.safetensors": weights, "README.md": Array("# a".utf8),
        "pytorch_model.bin": [0x80, 2],
    ]

    init(_ files: [String: [UInt8]] = files, _ name: String = "owner/name", in folder: String) throws {
        hub = try LocalHub(files)
        cache = "\(folder)/hub"
        settings = HubSettings(endpoint: try #require(URL(string: hub.endpoint)), cacheFolder: cache)
        settings.retryDelays = [.milliseconds(1), .milliseconds(1), .milliseconds(1)]
        settings.timeout = .seconds(1)
        reference = try #require(HubReference(name))
    }

    var snapshot: String { "\(cache)/models--owner--name/snapshots/\(LocalHub.commit)" }
    var blobs: String { "\(cache)/models--owner--name/blobs" }

    @discardableResult
    func fetch(_ report: @escaping (HubEvent) -> Void = { _ in }) throws -> String {
        let hub = Hub(settings)
        return try hub.fetch(reference, commit: try hub.commit(of: reference, report: report), report: report)
    }

    func error() -> TrainerError? { #expect(throws: TrainerError.self) { try fetch() } }

    func bytes(_ name: String) throws -> [UInt8] { try FileSystem().contents(of: "\(snapshot)/\(name)") }
}

/// Runs `body` with a hub that has these files.
func withHub(_ files: [String: [UInt8]] = HubCase.files, _ name: String = "owner/name", _ body: (inout HubCase) throws -> Void) throws {
    try withTemporaryFolder { folder in
        var hub = try HubCase(files, name, in: folder)
        defer { hub.hub.stop() }
        try body(&hub)
    }
}
