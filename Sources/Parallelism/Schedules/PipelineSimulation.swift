public import Support

/// A step of a pipeline on paper: how long it takes, how much of that the stages wait, and what they hold.
public struct PipelineSimulation: Equatable, Sendable {
    /// When the last stage is done, in the unit of the costs.
    public fileprivate(set) var time = 0.0
    /// How long each stage works.
    public fileprivate(set) var busyTimes: [Double]
    /// The most that each stage holds at once of what its forwards saved, in the unit of the costs' `activations`.
    public fileprivate(set) var peakActivations: [Double]

    /// The share of all stages' time that they wait; 0 for a step without work.
    public var bubbleShare: Double {
        let total = time * Double(busyTimes.count)
        return total > 0 ? 1 - busyTimes.reduce(0, +) / total : 0
    }

    /// Lets the stages act as ranks do: each does its list in order, waits for what an action needs, and sends what it leaves without waiting.
    ///
    /// - Throws: `configuration` if the schedule is not defined for the shape; also if it breaks a rule, which is a mistake in the schedule: stages
    ///   that wait for each other, messages that come in another order than they are taken, a pass twice, out of order or not at all.
    /// - Precondition: The costs are those of as many parts as the shape has.
    public static func run(
        _ schedule: any PipelineSchedule.Type, _ shape: PipelineShape, _ costs: PipelineCosts
    ) throws(TrainerError) -> PipelineSimulation {
        try schedule.check(shape)
        let lists = (0..<shape.stageCount).map { schedule.actions(stage: $0, of: shape) }
        return try run(lists, named: schedule.name, shape, costs)
    }

    /// The same for lists of actions from anywhere, one for each stage.
    static func run(
        _ lists: [[PipelineAction]], named name: String, _ shape: PipelineShape, _ costs: PipelineCosts
    ) throws(TrainerError) -> PipelineSimulation {
        precondition(
            lists.count == shape.stageCount && costs.partCounts == [shape.partCount], "PipelineSimulation.run: lists or costs of another shape")
        var stages = SimulatedStages(lists: lists, name: name, shape: shape, costs: costs)
        return try stages.run()
    }
}

/// The stages of a simulation, and what is under way between them.
private struct SimulatedStages {
    let lists: [[PipelineAction]]
    let name: String
    let shape: PipelineShape
    let costs: PipelineCosts
    private var result: PipelineSimulation
    /// Each stage's next action.
    private var positions: [Int]
    private var clocks: [Double]
    private var activations: [Double]
    /// The last pass of each microbatch through each part.
    private var passes: [PipelineAction.Kind?]
    private var sent: [PipelineMessage.Channel: MessageQueue] = [:]

    init(lists: [[PipelineAction]], name: String, shape: PipelineShape, costs: PipelineCosts) {
        self.lists = lists
        self.name = name
        self.shape = shape
        self.costs = costs
        positions = lists.map { _ in 0 }
        clocks = lists.map { _ in 0 }
        activations = clocks
        result = PipelineSimulation(busyTimes: clocks, peakActivations: clocks)
        passes = .init(repeating: nil, count: shape.partCount * shape.microbatchCount)
    }

    mutating func run() throws(TrainerError) -> PipelineSimulation {
        var hasMoved = true
        while hasMoved {
            hasMoved = false
            for stage in lists.indices {
                while positions[stage] < lists[stage].count, try act(stage) { hasMoved = true }
            }
        }
        try checkEnd()
        result.time = clocks.max() ?? 0
        return result
    }

    /// Does a stage's next action; false if what it needs has not been sent.
    private mutating func act(_ stage: Int) throws(TrainerError) -> Bool {
        let action = lists[stage][positions[stage]]
        var start = clocks[stage]
        if let wanted = shape.input(of: action, on: stage) {
            guard let arrival = try receive(wanted, stage) else { return false }
            start = max(start, arrival)
        }
        try note(action, stage)
        let part = shape.part(stage: stage, chunk: action.chunk)
        let duration = costs.time(action.kind, part: part)
        clocks[stage] = start + duration
        result.busyTimes[stage] += duration
        hold(action.kind == .forward ? costs.activations[part] : action.isLast ? -costs.activations[part] : 0, stage)
        if let message = shape.output(of: action, on: stage) {
            let delay = message.channel.sender == message.channel.receiver ? 0 : costs.message
            sent[message.channel, default: MessageQueue()].append(message, arrival: clocks[stage] + delay)
        }
        positions[stage] += 1
        return true
    }

    private mutating func hold(_ more: Double, _ stage: Int) {
        activations[stage] += more
        result.peakActivations[stage] = max(result.peakActivations[stage], activations[stage])
    }

    /// When the next message of a channel is there; nil if it has not been sent.
    private mutating func receive(_ wanted: PipelineMessage, _ stage: Int) throws(TrainerError) -> Double? {
        guard let (found, arrival) = sent[wanted.channel]?.first else { return nil }
        guard found == wanted else { throw mistake("stage \(stage) takes \(wanted), but \(found) comes first") }
        sent[wanted.channel]?.removeFirst()
        return arrival
    }

    /// Each pass comes once and in its order.
    private mutating func note(_ action: PipelineAction, _ stage: Int) throws(TrainerError) {
        guard (0..<shape.chunkCount).contains(action.chunk), (0..<shape.microbatchCount).contains(action.microbatch) else {
            throw mistake("stage \(stage) does \(action), which there is not")
        }
        let index = shape.part(stage: stage, chunk: action.chunk) * shape.microbatchCount + action.microbatch
        let before: PipelineAction.Kind? =
            switch action.kind {
            case .forward: nil
            case .backward, .backwardInput: .forward
            case .backwardWeights: .backwardInput
            }
        guard passes[index] == before else { throw mistake("stage \(stage) does \(action) twice or out of order") }
        passes[index] = action.kind
    }

    private func checkEnd() throws(TrainerError) {
        let waiting = lists.indices.filter { positions[$0] < lists[$0].count }
        guard waiting.isEmpty else {
            let waits = waiting.prefix(4).compactMap { stage in
                shape.input(of: lists[stage][positions[stage]], on: stage).map { "stage \(stage) waits for \($0)" }
            }
            throw mistake("a deadlock: " + waits.joined(separator: ", ") + (waiting.count > 4 ? " and so on" : ""))
        }
        let done: [PipelineAction.Kind?] = [.backward, .backwardWeights]
        guard let index = passes.firstIndex(where: { !done.contains($0) }) else { return }
        throw mistake("microbatch \(index % shape.microbatchCount) is left undone in part \(index / shape.microbatchCount)")
    }

    private func mistake(_ problem: String) -> TrainerError {
        let counts = "\(shape.stageCount) stages, \(shape.chunkCount) chunks, \(shape.microbatchCount) microbatches"
        return TrainerError(.configuration, "pipeline schedule \(name)", "with \(counts): \(problem)")
    }
}

/// Messages of one channel, first in, first out.
private struct MessageQueue {
    private var messages: [(PipelineMessage, Double)] = []
    private var taken = 0

    var first: (PipelineMessage, Double)? { taken < messages.count ? messages[taken] : nil }
    mutating func append(_ message: PipelineMessage, arrival: Double) { messages.append((message, arrival)) }
    mutating func removeFirst() { taken += 1 }
}
