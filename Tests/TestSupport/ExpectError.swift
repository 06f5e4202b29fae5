public import Support
public import Testing

/// Runs `body`, which must throw a `TrainerError` of this code whose line holds every one of `parts`.
public func expectError(
    _ code: TrainerError.Code, _ parts: String..., sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) {
    do {
        try body()
        Issue.record("nothing was thrown, where \(code) was wanted", sourceLocation: sourceLocation)
    } catch let error as TrainerError {
        #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
        for part in parts { #expect(error.description.contains(part), sourceLocation: sourceLocation) }
    } catch {
        Issue.record("\(error) was thrown", sourceLocation: sourceLocation)
    }
}
