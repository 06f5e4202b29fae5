/// Estimates how long a run still takes from the time of its recent steps.
///
/// The first step of a process touches everything for the first time and is left out as soon as there is another. Of the last 50, the slowest and
/// the fastest tenth are left out, so that a step that waited for a checkpoint doesn't move the estimate, and the rest is averaged.
public struct RemainingTime: Sendable {
    private var recent: [Double] = []
    private var stepCount = 0
    private let window = 50

    public init() {}

    /// Takes in a step that took `seconds`.
    public mutating func add(seconds: Double) {
        guard seconds.isFinite, seconds >= 0 else { return }
        stepCount += 1
        if stepCount == 2 { recent = [] }
        if recent.count == window { recent.removeFirst() }
        recent.append(seconds)
    }

    /// The time of `steps` more; nil until there are two steps to judge by.
    public func estimate(steps: Int) -> Duration? {
        guard steps > 0 else { return .zero }
        guard stepCount >= 2 else { return nil }
        let tenth = recent.count / 10
        let middle = recent.sorted().dropFirst(tenth).dropLast(tenth)
        return .seconds(middle.reduce(0, +) / Double(middle.count) * Double(steps))
    }
}
