import Foundation
import FuzzReaders
import TestSupport
import Testing

@Suite struct FuzzReaderTests {
    @Test("every reader takes its seeds as they are, and answers a few hundred damaged files with a value or with an error of one line")
    func fewInputs() throws {
        for reader in try FuzzReader.all() {
            try withTemporaryFolder { folder in
                let input = try FuzzFolder(path: folder)
                var refused = 0
                for number in 0..<(reader.seeds.count + 200) {
                    try input.lay(reader.input(number, seed: 1))
                    let outcome = reader.read(folder)
                    if number < reader.seeds.count { #expect(outcome == .accepted, "\(reader.name): seed \(number)") }
                    if case .unfit(let what) = outcome { Issue.record("\(reader.name), input \(number): \(what)") }
                    if case .refused = outcome { refused += 1 }
                }
                #expect(refused > 5, "\(reader.name): damage is hardly ever found")
            }
        }
    }

    @Test("an input is a function of its reader, the seed and its number")
    func inputsAreRepeatable() throws {
        for (reader, again) in zip(try FuzzReader.all(), try FuzzReader.all()) {
            let numbers = reader.seeds.count..<(reader.seeds.count + 20)
            #expect(numbers.allSatisfy { reader.input($0, seed: 3) == again.input($0, seed: 3) }, "\(reader.name)")
            #expect(numbers.contains { reader.input($0, seed: 3) != reader.input($0, seed: 4) }, "\(reader.name)")
        }
    }
}
