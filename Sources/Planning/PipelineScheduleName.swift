public import Parallelism
public import Support

/// A schedule of pipelines by its name.
public struct PipelineScheduleName: ConfigurationValue {
    public let schedule: any PipelineSchedule.Type

    public init(_ schedule: any PipelineSchedule.Type = OneForwardOneBackward.self) { self.schedule = schedule }

    public static var choices: [String] { PipelineSchedules.all.map { $0.name } }
    public static var wanted: String { alternatives(choices) }

    public init?(configuration node: ConfigurationNode) {
        guard let found = PipelineSchedules.all.first(where: { $0.name == node.anyText }) else { return nil }
        schedule = found
    }

    public var configuration: ConfigurationNode { .text(schedule.name) }

    public static func == (left: PipelineScheduleName, right: PipelineScheduleName) -> Bool { left.schedule == right.schedule }
}
