// Gives readers damaged files, and tells what breaks them.
//
//     Fuzz [READER|all] [COUNT] [SEED]       a table of what became of the inputs; status 1 if one broke its reader
//     Fuzz --input READER NUMBER SEED FOLDER lays one input out
//
// Readers run in a process beside this one, which is started again after each input that kills it.

import Foundation
import FuzzReaders

var arguments = Array(CommandLine.arguments.dropFirst())
let readers = try FuzzReader.all()

func complain(_ text: String) -> Never {
    FileHandle.standardError.write(Data((text + "\n").utf8))
    exit(64)
}

func named(_ name: String) -> FuzzReader {
    guard let reader = readers.first(where: { $0.name == name }) else {
        complain("there is no reader \(name); there are \(readers.map(\.name).joined(separator: ", "))")
    }
    return reader
}

func number(_ text: String) -> Int {
    guard let number = Int(text), number >= 0 else { complain("\(text) is no count") }
    return number
}

if arguments.first == "--worker", arguments.count == 7 {
    let worker = Worker(
        reader: named(arguments[1]), seed: UInt64(number(arguments[4])), folder: arguments[5], findings: Findings(folder: arguments[6]))
    try worker.run(number(arguments[2])..<number(arguments[3]))
    exit(0)
}
if arguments.first == "--input", arguments.count == 5 {
    try named(arguments[1]).input(number(arguments[2]), seed: UInt64(number(arguments[3]))).write(to: arguments[4])
    exit(0)
}

let chosen = arguments.first.map { $0 == "all" ? readers : [named($0)] } ?? readers
let count = arguments.count > 1 ? number(arguments[1]) : 20_000
let seed = arguments.count > 2 ? UInt64(number(arguments[2])) : 1
let findings = Findings(folder: "\(FileManager.default.currentDirectoryPath)/.build/fuzz-findings")

func row(_ columns: [String]) -> String {
    columns.enumerated().map { $0.offset == 0 ? $0.element.padding(toLength: 20, withPad: " ", startingAt: 0) : right($0.element) }.joined()
}
func right(_ text: String) -> String { String(repeating: " ", count: max(1, 11 - text.count)) + text }

say(row(["reader", "inputs", "accepted", "refused", "findings", "a second"]))
var found = 0
for reader in chosen {
    let result = try Supervisor(reader: reader, seed: seed, count: count, findings: findings).run()
    found += result.findings
    let rate = Int(Double(result.inputs) / max(result.seconds, 1e-3))
    say(row([reader.name] + [result.inputs, result.accepted, result.refused, result.findings, rate].map(String.init)))
}
if found > 0 {
    say("\(found) findings, in \(findings.folder)")
    exit(1)
}
