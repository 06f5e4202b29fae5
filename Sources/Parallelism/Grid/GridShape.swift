public import Support

/// How many ranks each kind of division has: data × pipeline × context × tensor.
///
/// Neighbouring ranks differ in their place in the tensor group first, which talks most, and so lies within a node; then in context, pipeline, data.
public struct GridShape: Equatable, Sendable, CustomStringConvertible {
    /// Copies of the model, each with rows of its own.
    public let data: Int
    /// Stages that the blocks are shared out over.
    public let pipeline: Int
    /// Ranks that share out the tokens of each sequence.
    public let context: Int
    /// Ranks that share out each matrix.
    public let tensor: Int

    /// - Precondition: At least 1 of each.
    public init(data: Int = 1, pipeline: Int = 1, context: Int = 1, tensor: Int = 1) {
        precondition(data > 0 && pipeline > 0 && context > 0 && tensor > 0, "GridShape.init: sizes that no grid has")
        self.data = data
        self.pipeline = pipeline
        self.context = context
        self.tensor = tensor
    }

    public var rankCount: Int { data * pipeline * context * tensor }
    public var description: String { "data \(data) × pipeline \(pipeline) × context \(context) × tensor \(tensor)" }

    public func place(ofRank rank: Int) -> GridPlace {
        GridPlace(
            data: rank / (tensor * context * pipeline), pipeline: rank / (tensor * context) % pipeline, context: rank / tensor % context,
            tensor: rank % tensor)
    }

    /// The grid of a job.
    ///
    /// - Parameter data: Nil for as many copies as there are ranks for.
    /// - Throws: `configuration` if it takes another number of ranks; the message says which would do.
    public static func fitting(
        rankCount: Int, data: Int?, pipeline: Int, context: Int, tensor: Int
    ) throws(TrainerError) -> GridShape {
        let each = GridShape(pipeline: pipeline, context: context, tensor: tensor)
        let names = [("pipeline", pipeline), ("context", context), ("tensor", tensor)].filter { $0.1 > 1 }.map { "\($0.0) \($0.1)" }
        let division = names.isEmpty ? "" : " of " + names.joined(separator: " × ")
        guard let data else {
            guard rankCount % each.rankCount == 0 else {
                let (less, more) = (rankCount / each.rankCount * each.rankCount, (rankCount / each.rankCount + 1) * each.rankCount)
                throw TrainerError(
                    .configuration, "parallel", "copies of the model\(division) take \(each.rankCount) ranks each, and the job has \(rankCount)",
                    remedy: "Start \(less > 0 ? "\(less) or " : "")\(more) ranks, or divide the model otherwise")
            }
            return GridShape(data: rankCount / each.rankCount, pipeline: pipeline, context: context, tensor: tensor)
        }
        let shape = GridShape(data: data, pipeline: pipeline, context: context, tensor: tensor)
        guard shape.rankCount == rankCount else {
            let fitting = rankCount % each.rankCount == 0 ? "Use auto or \(rankCount / each.rankCount), or start" : "Start"
            throw TrainerError(
                .configuration, "parallel.data", "asks for \(data) copies\(division) on \(rankCount) ranks",
                remedy: "\(fitting) \(shape.rankCount) ranks")
        }
        return shape
    }
}

/// A rank's place in each kind of division, from 0.
public struct GridPlace: Hashable, Sendable {
    public let data: Int
    public let pipeline: Int
    public let context: Int
    public let tensor: Int
}
