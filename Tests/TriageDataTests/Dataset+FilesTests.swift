import Foundation
import Support
import TestSupport
import Testing

@testable import TriageData

@Suite struct DatasetFilesTests {
    @Test("both files are written into a folder that is made, and a line is said of each")
    func written() throws {
        try withTemporaryFolder { folder in
            let lines = try Dataset.write(into: "\(folder)/new")
            #expect(lines.count == 2)
            #expect(lines[0].hasPrefix("train.jsonl: 2400 rows"))
            #expect(lines[1].hasPrefix("heldout.jsonl: 300 rows"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/new").sorted() == ["heldout.jsonl", "train.jsonl"])
        }
    }

    @Test("a folder that can't be written is named in a file error")
    func unwritable() {
        #expect {
            try Dataset.write(into: "/dev/null/folder")
        } throws: { error in
            let error = error as? TrainerError
            return error?.code == .file && error?.subject == "/dev/null/folder"
        }
    }
}
