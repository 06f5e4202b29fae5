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
    /// Of the ranks that hold the same parameters, how many next to each other share out what a stage of ZeRO says; the others do the same.
    public let sharing: Int

    /// - Parameter sharing: Nil for all.
    /// - Precondition: At least 1 of each, and `sharing` divides data times context.
    public init(data: Int = 1, pipeline: Int = 1, context: Int = 1, tensor: Int = 1, sharing: Int? = nil) {
        precondition(data > 0 && pipeline > 0 && context > 0 && tensor > 0, "GridShape.init: sizes that no grid has")
        self.data = data
        self.pipeline = pipeline
        self.context = context
        self.tensor = tensor
        self.sharing = sharing ?? data * context
        precondition(self.sharing > 0 && data * context % self.sharing == 0, "GridShape.init: \(self.sharing) of \(data * context) share")
    }

    /// The place of a rank among those that hold the same parameters.
    public func replica(_ place: GridPlace) -> Int { place.data * context + place.context }

    /// The ranks that hold the same parameters, group by group.
    public var replicaRanks: [[Int]] {
        (0..<pipeline * tensor).map { part in
            (0..<rankCount).filter { rank in
                let place = place(ofRank: rank)
                return place.pipeline * tensor + place.tensor == part
            }
        }
    }

    /// Whether any two ranks have the same key.
    public func hasCompany(by key: (GridPlace) -> [Int]) -> Bool {
        var seen: Set<[Int]> = []
        return !(0..<rankCount).allSatisfy { seen.insert(key(place(ofRank: $0))).inserted }
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
    /// - Parameters:
    ///   - data: Nil for as many copies as there are ranks for.
    ///   - sharing: Nil for all that hold the same parameters.
    /// - Throws: `configuration` if it takes another number of ranks; the message says which would do.
    public static func fitting(
        rankCount: Int, data: Int?, pipeline: Int, context: Int, tensor: Int, sharing: Int? = nil
    ) throws(TrainerError) -> GridShape {
        let whole = try fitting(rankCount, data: data, pipeline: pipeline, context: context, tensor: tensor)
        guard let sharing else { return whole }
        guard whole.sharing % sharing == 0 else {
            let sizes = (1...whole.sharing).filter { whole.sharing % $0 == 0 }.map(String.init).joined(separator: ", ")
            throw TrainerError(
                .configuration, "parallel.zero_ranks", "\(sharing) does not divide the \(whole.sharing) ranks that hold the same parameters",
                remedy: "Use auto or one of \(sizes)")
        }
        return GridShape(data: whole.data, pipeline: pipeline, context: context, tensor: tensor, sharing: sharing)
    }

    private static func fitting(
        _ rankCount: Int, data: Int?, pipeline: Int, context: Int, tensor: Int
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
