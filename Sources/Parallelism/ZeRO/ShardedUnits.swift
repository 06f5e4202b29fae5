public import Models
public import Optimizers
public import Support
public import Tensors

/// What the ranks of a data group share out instead of each keeping all of it (ZeRO, Rajbhandari et al. 2020, arXiv:1910.02054, section 5).
public enum ZeROStage: Int, CaseIterable, Comparable, Sendable {
    /// Nothing.
    case nothing
    /// The optimizer's states.
    case optimizer
    /// Also the gradients.
    case gradients
    /// Also the parameters, frozen ones included.
    case parameters

    public static func < (left: ZeROStage, right: ZeROStage) -> Bool { left.rawValue < right.rawValue }
}

/// The units of a model as one rank of a data group keeps them: whole, or its even part of what the stage shares out.
///
/// With n ranks, a part is a whole number of blocks of 256 trained elements, and of lines of 64 frozen bytes. A rank updates its part alone.
/// Where only some of the ranks share, others keep the same parts, and sum theirs once a step (hybrid sharding, Zhang et al. 2022, arXiv:2205.00119):
/// each unit's as soon as it is complete, while the next unit's gradients are computed.
/// - Stage 1 sums gradients so that each rank has the sums of its part, and gathers the updated values while the next forward comes to them.
/// - Stage 2 does so after each microbatch, adds the sums up in the part, and gives the whole gradients of a unit back.
/// - Stage 3 gathers a unit's values one unit ahead of their use, in forward and in backward, and gives them back after it.
public final class ShardedUnits: UnitResidency {
    public let stage: ZeROStage
    private let grid: ProcessGrid
    /// The ranks that share out what the stage says.
    private var group: any ProcessGroup { stage == .nothing ? grid.replicas : grid.shards }
    /// A tied embedding, which the first and the last stage of a pipeline both hold.
    public let tied: ParameterUnit?
    /// Where masters are paged; nil for in memory.
    private let spill: Spill?
    private let device: any Device
    private let gradientTypes: GradientTypes
    private var holdings: [Holding] = []
    private var places: [ObjectIdentifier: Int] = [:]
    /// Sums of whole gradients under way that something follows: of one unit at a time, while the next one's gradients are computed.
    private var summing: [Summing] = []
    /// A unit's gradients that ranks of the tensor group are summing where they hold copies; after that they are summed over the replicas.
    private var copying: (unit: ParameterUnit, gradients: Tensor, isLast: Bool, transfers: [any Transfer])?

    private struct Summing {
        let holding: Holding
        let gradients: Tensor
        /// Whether they are the step's last of the unit.
        let isLast: Bool
        let transfer: any Transfer
    }

    /// What this rank keeps of a unit.
    private final class Holding {
        let unit: ParameterUnit
        /// This rank's part of the trained values, their gradients, and, in stage 3, the frozen bytes.
        var values: Tensor?
        var gradients: Tensor?
        var frozen: Tensor?
        /// What the masters of values that are rounded begin with, until the optimizer has them.
        var masters: MasterValues?
        /// What gathers the unit's values.
        var gathering: [any Transfer] = []
        /// Calls of `acquire` not yet followed by `release`.
        var users = 0

        init(_ unit: ParameterUnit) { self.unit = unit }
    }

    /// - Parameters:
    ///   - tied: The embedding's unit if it is the head's, too.
    ///   - types: How gradients are sent and kept.
    ///   - spill: Where the masters of rounded values lie, if they are paged.
    public init(
        _ stage: ZeROStage, over grid: ProcessGrid, tied: ParameterUnit? = nil, gradients types: GradientTypes = GradientTypes(),
        spill: Spill? = nil, on device: any Device
    ) {
        gradientTypes = types
        self.stage = stage
        self.grid = grid
        self.tied = tied
        self.spill = spill
        self.device = device
    }

    private func holding(_ unit: ParameterUnit) -> Holding {
        guard let place = places[ObjectIdentifier(unit)] else { preconditionFailure("ShardedUnits: \(unit.name) was never taken") }
        return holdings[place]
    }

    // MARK: - Beginning

    /// Allocates a unit, has it filled, and keeps this rank's part of it; units are taken in the order of the forward.
    ///
    /// - Parameter fill: Writes the unit's values, which are whole then.
    /// - Throws: `memory`, and what `fill` throws.
    public func take(_ unit: ParameterUnit, fill: (ParameterUnit) throws(TrainerError) -> Void) throws(TrainerError) {
        unit.setPartCount(stage == .nothing ? 1 : group.size)
        let holding = Holding(unit)
        places[ObjectIdentifier(unit)] = holdings.count
        holdings.append(holding)
        if unit.trainedType == .float32 {
            try unit.allocate(on: device)
            try fill(unit)
        } else {
            holding.masters = try rounded(unit, fill)
        }
        holding.values = stage == .nothing ? unit.values : unit.values.map { group.part(of: $0) }
        if stage < .gradients {
            try unit.allocateGradients(on: device)
            holding.gradients = stage == .nothing ? unit.gradients : unit.gradients.map { group.part(of: $0) }
        } else if let values = holding.values {
            holding.gradients = try device.zeros(1, values.count, gradientTypes.kept, .gradients)
        }
        guard stage == .parameters else { return }
        holding.values = try holding.values.map { (part) throws(TrainerError) in try kept(part) }
        holding.frozen = try unit.frozen.map { (bytes) throws(TrainerError) in try kept(group.part(of: bytes)) }
        unit.dropValues()
    }

    private func kept(_ part: Tensor, _ kind: MemoryKind = .weights) throws(TrainerError) -> Tensor {
        let copy = try device.tensor(1, part.count, part.elementType, kind)
        device.copy(copy, part)
        return copy
    }

    /// Has a unit filled in float32, keeps this rank's part of that as masters, and rounds the values to compute with.
    private func rounded(
        _ unit: ParameterUnit, _ fill: (ParameterUnit) throws(TrainerError) -> Void
    ) throws(TrainerError) -> MasterValues? {
        precondition(unit.frozenByteCount == 0, "ShardedUnits: \(unit.name) has frozen values beside those that are rounded")
        let type = unit.trainedType
        unit.setTrainedType(.float32)
        try unit.allocate(on: device)
        try fill(unit)
        let whole = unit.values
        unit.dropValues()
        unit.setTrainedType(type)
        try unit.allocate(on: device)
        guard let whole, let values = unit.values else { return nil }
        device.encode(values, whole)
        return try MasterValues(kept(stage == .nothing ? whole : group.part(of: whole), .optimizer), in: spill)
    }

    /// This rank's parts of the trained values, for the update rule, in the order of the units.
    public var shards: [OptimizerShard] {
        holdings.compactMap { holding in
            guard let values = holding.values, let gradients = holding.gradients else { return nil }
            return OptimizerShard(
                name: holding.unit.name, values: values, masters: holding.masters, gradients: gradients,
                segments: segments(holding.unit, values.count))
        }
    }

    /// The unit of each of `shards`, and which of its trained elements the shard holds, those that fill the buffer up apart.
    public var shardRanges: [(unit: ParameterUnit, elements: Range<Int>)] {
        holdings.filter { $0.values != nil }.map { ($0.unit, ownRange($0.unit).clamped(to: 0..<$0.unit.trainableCount)) }
    }

    /// Elements of a trained parameter that lie in this rank's part of its unit.
    private struct Piece {
        let parameter: Parameter
        /// Which of the parameter's.
        let elements: Range<Int>
        /// Where the first of them lies in the part.
        let place: Int
    }

    private func pieces(of holding: Holding) -> [Piece] {
        let own = ownRange(holding.unit)
        return holding.unit.places.compactMap { parameter, start in
            let shared = (start..<start + parameter.count).clamped(to: own)
            guard !shared.isEmpty else { return nil }
            return Piece(
                parameter: parameter, elements: shared.lowerBound - start..<shared.upperBound - start, place: shared.lowerBound - own.lowerBound)
        }
    }

    /// Whether this is the rank that answers for a parameter, of those that hold the same part of it in one copy of the model.
    public func answers(for parameter: Parameter, of unit: ParameterUnit) -> Bool {
        grid.place.tensor % parameter.slice.copies == 0 && answers(for: unit)
    }

    /// The same for a unit: the last stage's copy of a tied embedding is the first one's.
    public func answers(for unit: ParameterUnit) -> Bool { unit !== tied || grid.place.pipeline == 0 }

    /// Whether this is the rank that answers for its part, of those that keep the same.
    public var answersForShard: Bool { stage == .nothing || grid.mirrors.index == 0 }

    /// This rank's elements of the unit's trained buffer.
    private func ownRange(_ unit: ParameterUnit) -> Range<Int> {
        stage == .nothing ? 0..<unit.trainedCount : evenPart(group.index, of: group.size, count: unit.trainedCount)
    }

    /// Which stretches of this rank's part decay; what fills the buffer up does as well, and stays zero.
    private func segments(_ unit: ParameterUnit, _ count: Int) -> [(range: Range<Int>, decays: Bool)] {
        let own = ownRange(unit)
        var segments: [(range: Range<Int>, decays: Bool)] = []
        for (parameter, start) in unit.places {
            let shared = (start..<start + parameter.count).clamped(to: own)
            guard !shared.isEmpty else { continue }
            let range = shared.lowerBound - own.lowerBound..<shared.upperBound - own.lowerBound
            if let last = segments.last, last.decays == parameter.decays {
                segments[segments.count - 1].range = last.range.lowerBound..<range.upperBound
            } else {
                segments.append((range, parameter.decays))
            }
        }
        let end = segments.last?.range.upperBound ?? 0
        if end < count { segments.append((end..<count, true)) }
        return segments
    }

    // MARK: - Values

    /// The trained values that this rank has of a unit between steps, once it has acquired them: all, in stage 3 its part.
    public func keptValues(of unit: ParameterUnit) -> Tensor? { stage == .parameters ? holding(unit).values : unit.values }

    public func keepCompany(_ runs: Bool) throws(TrainerError) -> Bool {
        guard stage == .parameters, group.size > 1 else { return false }
        return try group.sum([runs ? 1 : 0], name: "ranks that have a pass to run")[0] > 0
    }

    public func acquire(_ unit: ParameterUnit, next: ParameterUnit?) throws(TrainerError) {
        let holding = holding(unit)
        if stage == .parameters {
            holding.users += 1
            try gather(holding)
            if let next { try gather(self.holding(next)) }
        }
        for transfer in holding.gathering { try transfer.wait() }
        holding.gathering = []
    }

    public func release(_ unit: ParameterUnit) {
        guard stage == .parameters else { return }
        let holding = holding(unit)
        holding.users -= 1
        if holding.users == 0 { unit.dropValues() }
    }

    /// Begins to gather a unit's values into storage of their own, unless they are at hand or on their way.
    private func gather(_ holding: Holding) throws(TrainerError) {
        let unit = holding.unit
        guard !unit.isAtHand else { return }
        try unit.allocate(on: device)
        for (whole, part) in [(unit.values, holding.values), (unit.frozen, holding.frozen)] {
            guard let whole, let part else { continue }
            device.copy(group.part(of: whole), part)
            holding.gathering.append(try group.startGather(whole, name: "values of \(unit.name)"))
        }
    }

    // MARK: - Gradients

    /// Sets all gradients to zero.
    public func beginStep() {
        for holding in holdings {
            if let gradients = stage < .gradients ? holding.unit.gradients : holding.gradients { device.zero(gradients) }
        }
    }

    public func beginGradients(_ unit: ParameterUnit) throws(TrainerError) {
        guard stage >= .gradients, unit.trainableCount > 0 else { return }
        // The sum of the unit before goes on meanwhile, but for that of another microbatch's last unit: the new one's first is met at the peak.
        while let first = summing.first, summing.count > 1 || isAhead(first.holding.unit, of: unit) { try settleFirst() }
        guard unit.gradients == nil else { return }
        try unit.allocateGradients(on: device)
    }

    /// Whether a unit comes no later than another in the forward.
    private func isAhead(_ first: ParameterUnit, of second: ParameterUnit) -> Bool {
        places[ObjectIdentifier(first), default: 0] <= places[ObjectIdentifier(second), default: 0]
    }

    /// Takes in the gradients of a unit that are complete for a microbatch.
    ///
    /// - Parameter isLast: Whether it is the step's last microbatch.
    public func finishGradients(_ unit: ParameterUnit, isLast: Bool) throws(TrainerError) {
        guard let gradients = unit.gradients, isLast || stage >= .gradients else { return }
        try passOn()
        if stage >= .gradients { unit.dropGradients() }
        var transfers: [any Transfer] = []
        for (range, copies) in copies(unit) {
            transfers.append(try grid.holders(of: copies).startSum(gradients.columns(range), name: "copied gradients of \(unit.name)"))
        }
        copying = (unit, gradients, isLast, transfers)
        if transfers.isEmpty { try passOn() }
    }

    /// Begins the sum over the replicas of what was summed over copies.
    private func passOn() throws(TrainerError) {
        guard let (unit, gradients, isLast, transfers) = copying else { return }
        copying = nil
        for transfer in transfers { try transfer.wait() }
        let name = "gradients of \(unit.name)"
        guard stage > .nothing else {
            try group.startSum(gradients, as: gradientTypes.sent, name: name)
            return
        }
        // What ranks with the same part sum follows at once; from stage 2 on `beginGradients` sees to that.
        if stage == .optimizer { while !summing.isEmpty { try settleFirst() } }
        let transfer = try group.startScatteredSum(gradients, as: gradientTypes.sent, grain: 1, name: name)
        // In stage 1 the part is summed in place, so only the mirrors' sum is left to follow.
        guard stage >= .gradients || grid.mirrors.size > 1 else { return }
        summing.append(Summing(holding: holding(unit), gradients: gradients, isLast: isLast, transfer: transfer))
    }

    /// Sums what is kept of a unit's gradients over ranks that keep the same; what is kept rounded is widened for it, and done when this returns.
    private func sumKept(_ gradients: Tensor, of unit: ParameterUnit, over group: any ProcessGroup) throws(TrainerError) {
        let wide = try gradients.inFloat32(.gradients)
        let transfer = try group.startSum(wide, as: gradientTypes.sent, name: "gradients of \(unit.name)")
        guard gradients.elementType != .float32 else { return }
        try transfer.wait()
        device.encode(gradients, wide)
    }

    /// The stretches of a unit's trained buffer that several ranks of the tensor group hold.
    private func copies(_ unit: ParameterUnit) -> [(range: Range<Int>, copies: Int)] {
        var runs: [(range: Range<Int>, copies: Int)] = []
        for (parameter, start) in unit.places where parameter.slice.copies > 1 {
            let range = start..<start + parameter.count
            if let last = runs.last, last.copies == parameter.slice.copies, last.range.upperBound == start {
                runs[runs.count - 1].range = last.range.lowerBound..<range.upperBound
            } else {
                runs.append((range, parameter.slice.copies))
            }
        }
        return runs
    }

    private func settleFirst() throws(TrainerError) {
        let first = summing.removeFirst()
        try first.transfer.wait()
        guard let sum = first.holding.gradients else { return }
        if stage >= .gradients { device.add(sum, group.part(of: first.gradients)) }
        guard first.isLast, grid.mirrors.size > 1 else { return }
        try sumKept(sum, of: first.holding.unit, over: grid.mirrors)
    }

    /// Waits until this rank has the sums of its part of all gradients.
    public func finishStep() throws(TrainerError) {
        try passOn()
        while !summing.isEmpty { try settleFirst() }
        try group.finish()
        if stage > .nothing { try grid.mirrors.finish() }
        if let tied, places[ObjectIdentifier(tied)] != nil, let gradients = holding(tied).gradients, grid.ends.size > 1 {
            try sumKept(gradients, of: tied, over: grid.ends)
            try grid.ends.finish()
        }
    }

    /// The ranks that together have all of the gradient.
    private var whole: any ProcessGroup { stage == .nothing ? grid.model : grid.parts }

    /// The norm of the whole gradient, the same bits on every rank: all add the same numbers in the same order, of one copy of the gradient.
    public func gradientNorm() throws(TrainerError) -> Double {
        let copy = stage == .nothing ? grid.replicas : grid.mirrors
        let own = try ownSquares()
        return try grid.world.sumInOrder([copy.index == 0 ? own : 0], name: "the gradient norm")[0].squareRoot()
    }

    /// The sum of squares of what this rank answers for.
    private func ownSquares() throws(TrainerError) -> Double {
        var own = 0.0
        for holding in holdings where answers(for: holding.unit) {
            guard let gradients = try holding.gradients?.inFloat32(.gradients) else { continue }
            guard holding.unit.trainable.contains(where: { $0.slice.copies > 1 }) else {
                own += device.sumOfSquares(gradients)
                continue
            }
            for piece in pieces(of: holding) where answers(for: piece.parameter, of: holding.unit) {
                own += device.sumOfSquares(gradients.columns(piece.place..<piece.place + piece.elements.count))
            }
        }
        return own
    }

    /// The first trained parameter, in the order in which a backward completes gradients, whose gradient is not finite in this rank's part.
    ///
    /// - Throws: `memory` where gradients are kept rounded.
    public func firstNonFiniteGradient(_ order: [ParameterUnit]) throws(TrainerError) -> Parameter? {
        for unit in order {
            guard let gradients = try holding(unit).gradients?.inFloat32(.gradients), let found = device.firstNonFinite(gradients) else { continue }
            let place = found + ownRange(unit).lowerBound
            return unit.places.last { $0.start <= place }?.parameter
        }
        return nil
    }

    /// The sum of squares of the gradients of the model's trained parameters, by name, the same on every rank.
    public func gradientSquares(_ names: [String]) throws(TrainerError) -> [(name: String, sum: Double)] {
        var sums: [String: Double] = [:]
        for holding in holdings {
            guard let gradients = try holding.gradients?.inFloat32(.gradients) else { continue }
            for piece in pieces(of: holding) where answers(for: piece.parameter, of: holding.unit) {
                let own = gradients.columns(piece.place..<piece.place + piece.elements.count)
                sums[piece.parameter.name, default: 0] += device.sumOfSquares(own)
            }
        }
        return Array(zip(names, try whole.sum(names.map { sums[$0] ?? 0 }, name: "gradients by parameter")))
    }

    // MARK: - After the update

    /// Lets every rank have the values that the others have updated; `acquire` waits for them.
    public func publish() throws(TrainerError) {
        guard stage == .optimizer || stage == .gradients else { return }
        for holding in holdings {
            guard let values = holding.unit.values else { continue }
            holding.gathering = [try group.startGather(values, name: "values of \(holding.unit.name)")]
        }
    }
}
