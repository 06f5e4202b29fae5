import Foundation
import Support
import TestSupport
import Testing

@testable import Hub

@Suite(.serialized) struct HubTests {
    @Test("a model is fetched into the layout that Hugging Face's programs use: blobs by hash, links to them, the revision's commit")
    func layout() throws {
        try withHub { hub in
            let path = try hub.fetch()
            #expect(path == hub.snapshot)
            #expect(try hub.bytes("model.safetensors") == HubCase.weights)
            #expect(try hub.bytes("config.json") == HubCase.configuration)
            let link = try FileManager.default.destinationOfSymbolicLink(atPath: "\(hub.snapshot)/model.safetensors")
            #expect(link == "../../blobs/\(LocalHub.sha256(HubCase.weights))")
            let small = try FileManager.default.destinationOfSymbolicLink(atPath: "\(hub.snapshot)/config.json")
            #expect(small == "../../blobs/\(LocalHub.git(HubCase.configuration))")
            #expect(try FileSystem().contents(of: "\(hub.cache)/models--owner--name/refs/main") == Array(LocalHub.commit.utf8))
            #expect(try FileSystem().names(in: hub.snapshot) == ["config.json", "model.safetensors", "tokenizer.json"])
            #expect(try FileSystem().names(in: hub.blobs).count == 3)
        }
    }

    @Test("what is in the cache is used without a request, by the revision's name and by its commit; with HF_HUB_OFFLINE too")
    func cached() throws {
        try withHub { hub in
            try hub.fetch()
            let count = hub.hub.requests.count
            hub.settings.isOffline = true
            #expect(try hub.fetch() == hub.snapshot)
            #expect(try Hub(hub.settings).cachedPath(hub.reference) == hub.snapshot)
            let byCommit = try #require(HubReference("owner/name@\(LocalHub.commit)"))
            #expect(try Hub(hub.settings).cachedPath(byCommit) == hub.snapshot)
            #expect(hub.hub.requests.count == count)
        }
    }

    @Test("pain 40: no connection is made without permission or with HF_HUB_OFFLINE; one line says what to do")
    func noNetworkUnlessAsked() throws {
        try withHub { hub in
            let error = #expect(throws: TrainerError.self) { try Hub(hub.settings).cachedPath(hub.reference) }
            #expect(error?.code == .file && error?.remedy?.contains("model.download=true") == true)
            hub.settings.isOffline = true
            #expect(hub.error()?.problem.contains("HF_HUB_OFFLINE forbids") == true)
            #expect(hub.hub.requests.isEmpty)
        }
    }

    @Test("pain 40: pickles are never fetched, and a repository that has nothing else is refused")
    func pickles() throws {
        try withHub { hub in
            try hub.fetch()
            #expect(!hub.hub.requests.contains { $0.path.contains("pytorch_model") })
        }
        try withHub(["config.json": HubCase.configuration, "pytorch_model.bin": [0x80, 2]]) { hub in
            #expect(hub.error()?.problem.contains("only as pytorch_model.bin") == true)
        }
    }

    @Test("shards are those that the index names; one that is no file of the repository is refused")
    func shards() throws {
        func index(_ names: String...) -> [UInt8] {
            Array(#"{"weight_map": {\#(names.enumerated().map { #""t\#($0)": "\#($1)""# }.joined(separator: ", "))}}"#.utf8)
        }
        var files = HubCase.files
        files["model.safetensors"] = nil
        files["model-00001-of-00002.safetensors"] = HubCase.weights
        files["model-00002-of-00002.safetensors"] = Array(HubCase.weights.reversed())
        files["other.safetensors"] = HubCase.weights
        files["model.safetensors.index.json"] = index("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
        try withHub(files) { hub in
            #expect(try hub.fetch() == hub.snapshot)
            #expect(try hub.bytes("model-00002-of-00002.safetensors") == HubCase.weights.reversed())
            #expect(!hub.hub.requests.contains { $0.path.contains("other") })
            try FileManager.default.removeItem(atPath: "\(hub.snapshot)/model-00001-of-00002.safetensors")
            let error = #expect(throws: TrainerError.self) { try Hub(hub.settings).cachedPath(hub.reference) }
            #expect(error?.problem.hasSuffix("lacks model-00001-of-00002.safetensors") == true)
        }
        files["model.safetensors.index.json"] = index("model-00001-of-00002.safetensors", "../../../etc/passwd")
        try withHub(files) { hub in #expect(hub.error()?.problem.contains("../../../etc/passwd, which is no safetensors file") == true) }
    }

    @Test("a GGUF file is fetched where the repository has only that or where it is named, with all its parts")
    func ggufs() throws {
        try withHub(["a.gguf": HubCase.weights, "config.json": HubCase.configuration]) { hub in
            let path = try hub.fetch()
            #expect(path == "\(hub.snapshot)/a.gguf")
            #expect(try FileSystem().names(in: hub.snapshot) == ["a.gguf"])
        }
        let several = ["q4/a-00001-of-00002.gguf": HubCase.weights, "q4/a-00002-of-00002.gguf": [1, 2], "b.gguf": [3]]
        try withHub(several, "owner/name/q4/a-00001-of-00002.gguf") { hub in
            let path = try hub.fetch()
            #expect(path == "\(hub.snapshot)/q4/a-00001-of-00002.gguf")
            #expect(try hub.bytes("q4/a-00002-of-00002.gguf") == [1, 2])
            #expect(!FileManager.default.fileExists(atPath: "\(hub.snapshot)/b.gguf"))
        }
        try withHub(several) { hub in #expect(hub.error()?.problem.contains("2 GGUF models: b.gguf, q4/a-00001-of-00002.gguf") == true) }
        try withHub(several, "owner/name/c.gguf") { hub in #expect(hub.error()?.problem == "the repository has no c.gguf") }
    }

    @Test("names that lead out of the cache are not taken from a server")
    func hostileNames() throws {
        try withHub { hub in
            hub.hub.furtherNames = ["../../../evil.gguf", "/etc/evil.gguf", "a//b.gguf", "a\\\\b.gguf"]
            try hub.fetch()
            #expect(!hub.hub.requests.contains { $0.path.contains("evil") })
        }
    }
}
