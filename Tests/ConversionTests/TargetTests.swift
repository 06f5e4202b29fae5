import Foundation
import Support
import Tensors
import TestSupport
import Testing

@testable import Conversion

@Suite struct TargetTests {
    @Test("a target that is there is refused, and replaced on demand once the new one is whole")
    func replacing() throws {
        try withTemporaryFolder { folder in
            let source = try ModelFolder("tied", in: folder)
            let file = "\(folder)/a.gguf"
            try Data("old".utf8).write(to: URL(fileURLWithPath: file))
            try expectRefusal(.file, "is there already", "--force", in: folder, leaving: ["a.gguf", "model"]) { _ = try convert(source.path, file) }
            try expectRefusal(.configuration, "q4_K", in: folder, leaving: ["a.gguf", "model"]) {
                _ = try convert(source.path, file, .q4_K, replaces: true)
            }
            #expect(try String(contentsOfFile: file, encoding: .utf8) == "old")
            _ = try convert(source.path, file, replaces: true)
            let target = "\(folder)/back"
            _ = try convert(file, target)
            try Data().write(to: URL(fileURLWithPath: "\(target)/left-over"))
            _ = try convert(file, target, replaces: true)
            #expect(!FileManager.default.fileExists(atPath: "\(target)/left-over"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["a.gguf", "back", "model"])
        }
    }

    @Test("a folder that holds no model is never replaced, an empty one is taken")
    func otherFolders() throws {
        try withTemporaryFolder { folder in
            let source = try ModelFolder("tied", in: folder)
            let file = try convert(source.path, "\(folder)/a.gguf").path
            let home = "\(folder)/home"
            try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
            try Data().write(to: URL(fileURLWithPath: "\(home)/thesis"))
            try expectRefusal(.file, "holds no model", in: home, leaving: ["thesis"]) { _ = try convert(file, home, replaces: true) }
            try FileManager.default.removeItem(atPath: "\(home)/thesis")
            _ = try convert(file, home + "/")
            #expect(FileManager.default.fileExists(atPath: "\(home)/config.json"))
        }
    }

    @Test("a target of the wrong kind, and one that holds the source, say what to name instead")
    func wrongNames() throws {
        try withTemporaryFolder { folder in
            let source = try ModelFolder("tied", in: folder)
            let inside = try convert(source.path, "\(folder)/model/a.gguf").path
            let names = ["model"]
            try expectRefusal(.configuration, "does not end in .gguf", in: folder, leaving: names) { _ = try convert(source.path, "\(folder)/b") }
            try expectRefusal(.configuration, "Name a folder", in: folder, leaving: names) { _ = try convert(inside, "\(folder)/b.gguf") }
            try expectRefusal(.configuration, "holds the model", in: folder, leaving: names) {
                _ = try convert(inside, source.path, replaces: true)
            }
        }
    }
}
