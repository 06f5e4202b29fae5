import Foundation
import Support
import TestSupport
import Testing

@testable import Doctor

@Suite struct DiskTestTests {
    @Test("a folder's disk is measured, and nothing stays behind")
    func measures() throws {
        try withTemporaryFolder { folder in
            let facts = DiskTest.run(folder: folder, duration: .milliseconds(50), largest: 8 << 20)
            #expect(facts.problem == nil && facts.free > 0)
            for value in [facts.write, facts.read, facts.smallWriteSeconds] { #expect((value ?? 0) > 0) }
            let names = try FileSystem().names(in: folder)
            #expect(names.isEmpty)
        }
    }

    @Test("a folder that is not there is a problem with its name")
    func missing() { #expect(DiskTest.run(folder: "/nowhere/x", duration: .zero).problem?.contains("/nowhere/x") == true) }
}
