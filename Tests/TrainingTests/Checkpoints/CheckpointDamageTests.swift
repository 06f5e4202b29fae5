import Support
import TestSupport
import Testing

@testable import Training

@Suite struct CheckpointDamageTests {
    enum Damage: CaseIterable {
        case firstByteFlipped, lastByteFlipped, truncated, emptied, lengthened, removed
    }

    static let fileNames = SampleCheckpoint.sizes.keys.sorted() + ["manifest.json", "complete"]

    @Test(
        "pain 18: a checkpoint with any file damaged is passed over, with the reason, and the older one is taken",
        arguments: fileNames, Damage.allCases)
    func damage(name: String, damage: Damage) throws {
        try withTemporaryFolder { folder in
            let store = CheckpointStore(folder: folder, keepLast: 2, keepBest: false)
            try SampleCheckpoint.save(store, step: 10)
            try SampleCheckpoint.save(store, step: 20)
            let path = "\(folder)/step-00000020/\(name)"
            try SampleCheckpoint.change(path) { bytes in
                switch damage {
                case .firstByteFlipped: bytes[0] ^= 1
                case .lastByteFlipped: bytes[bytes.count - 1] ^= 0x80
                case .truncated: bytes.removeLast()
                case .emptied: bytes = []
                case .lengthened: bytes.append(0)
                case .removed: break
                }
            }
            if damage == .removed { try FileSystem().remove(path) }

            let search = try store.newestVerified()
            let found = try #require(search.checkpoint)
            #expect(found.step == 10)
            try SampleCheckpoint.expectIntact(found)
            #expect(search.passedOver.map(\.name) == ["step-00000020"])
            let reason = try #require(search.passedOver.first).reason
            #expect(name == "complete" && damage == .removed ? reason == "the save was never completed" : reason.contains(name))
            #expect(throws: TrainerError.self) { try store.verify("\(folder)/step-00000020") }
        }
    }

    @Test("newestVerified: when nothing verifies there is no checkpoint, and every one is named")
    func nothingVerifies() throws {
        try withTemporaryFolder { folder in
            let store = CheckpointStore(folder: folder, keepLast: 3, keepBest: false)
            for step in 1...3 {
                let saved = try SampleCheckpoint.save(store, step: step)
                try SampleCheckpoint.change("\(saved.checkpoint.folder)/state.json") { $0[3] ^= 2 }
            }
            let search = try store.newestVerified()
            #expect(search.checkpoint == nil)
            #expect(search.passedOver.map(\.name) == ["step-00000003", "step-00000002", "step-00000001"])
        }
    }

    @Test("newestVerified: manifests with numbers that no save has written, or with files elsewhere, are passed over, marker or not")
    func hostileManifests() throws {
        let changes: [(inout CheckpointManifest) -> Void] = [
            { $0.step = -1 }, { $0.serial = .max }, { $0.files[0].byteCount = -1 }, { $0.files[0].byteCount = .max },
            { $0.files[0].name = "../values" }, { $0.files[0].name = "/dev/zero" }, { $0.files[0].name = ".." },
        ]
        for (number, change) in changes.enumerated() {
            try withTemporaryFolder { folder in
                let store = CheckpointStore(folder: folder, keepLast: 1, keepBest: false)
                let checkpoint = try SampleCheckpoint.save(store, step: 1).checkpoint
                var manifest = checkpoint.manifest
                change(&manifest)
                let bytes = try manifest.encoded()
                try FileSystem().replace("\(checkpoint.folder)/manifest.json", with: bytes)
                try FileSystem().replace("\(checkpoint.folder)/complete", with: Array((digest(of: bytes) + "\n").utf8))
                #expect(try store.newestVerified().checkpoint == nil, "change \(number)")
                try SampleCheckpoint.save(store, step: 2)
            }
        }
    }

    @Test("newestVerified: a manifest of a later format is passed over by name")
    func laterFormat() throws {
        try withTemporaryFolder { folder in
            let store = CheckpointStore(folder: folder, keepLast: 1, keepBest: false)
            let checkpoint = try SampleCheckpoint.save(store, step: 1).checkpoint
            var manifest = checkpoint.manifest
            manifest.format = 99
            let bytes = try manifest.encoded()
            try FileSystem().replace("\(checkpoint.folder)/manifest.json", with: bytes)
            try FileSystem().replace("\(checkpoint.folder)/complete", with: Array((digest(of: bytes) + "\n").utf8))
            #expect(try store.newestVerified().passedOver.first?.reason == "has format 99, and this program reads 1")
        }
    }
}
