import Foundation
public import Testing

/// The path of a fixture that lies in `Fixtures/` beside the test file that asks.
public func fixture(_ name: String, file: String = #filePath) -> String {
    URL(fileURLWithPath: file).deletingLastPathComponent().appendingPathComponent("Fixtures/\(name)").path
}

/// Runs `body` with a new empty folder, removed afterwards.
public func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("trainer-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder.path)
}

/// Expects every element of `found` within `tolerance` of `wanted`, absolutely or relative to the largest magnitude in `wanted`.
public func expectClose(
    _ found: [Float], _ wanted: [Float], absolute: Float = 0, relative: Float = 0, _ what: String = "",
    sourceLocation: SourceLocation = #_sourceLocation
) {
    guard found.count == wanted.count else {
        Issue.record("\(what): \(found.count) elements, wanted \(wanted.count)", sourceLocation: sourceLocation)
        return
    }
    let scale = wanted.reduce(Float(0)) { max($0, abs($1)) }
    let tolerance = absolute + relative * scale
    var worst = (difference: Float(0), index: -1)
    for index in found.indices {
        let difference = abs(found[index] - wanted[index])
        if !(difference <= worst.difference) { worst = (difference, index) }
    }
    if worst.index >= 0, !(worst.difference <= tolerance) {
        let line =
            "\(what)[\(worst.index)] is \(found[worst.index]), wanted \(wanted[worst.index]); the difference \(worst.difference) exceeds \(tolerance)"
        Issue.record("\(line)", sourceLocation: sourceLocation)
    }
}
