import Foundation
import Support
import TestSupport
import Testing

@Suite struct FileIdentityTests {
    @Test("a file that is left alone keeps its identity, also by another way to it; written, moved or replaced it has another")
    func changes() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/a"
            try Data("one".utf8).write(to: URL(fileURLWithPath: path))
            let first = try FileIdentity(path: path)
            #expect(first.size == 3)
            #expect(try FileIdentity(path: "\(folder)/../\(URL(fileURLWithPath: folder).lastPathComponent)/a") == first)
            usleep(20_000)
            #expect(try FileIdentity(path: path) == first)
            #expect(first.age > .milliseconds(10) && first.age < .seconds(60))
            try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSince1970: 5)], ofItemAtPath: path)
            let dated = try FileIdentity(path: path)
            #expect(dated != first && dated.modified == 5_000_000_000 && dated.age < .seconds(60))
            try FileManager.default.moveItem(atPath: path, toPath: "\(folder)/b")
            #expect(try FileIdentity(path: "\(folder)/b") != dated)
        }
    }

    @Test("a file that is not there is named")
    func missing() {
        #expect {
            try FileIdentity(path: "/nowhere/a")
        } throws: {
            ($0 as? TrainerError)?.code == .file && ($0 as? TrainerError)?.subject == "/nowhere/a"
        }
    }

    @Test("bytes are written as two digits each")
    func digits() { #expect(hexadecimal([0, 10, 255] as [UInt8]) == "000aff") }
}
