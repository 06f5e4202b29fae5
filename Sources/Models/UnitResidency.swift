public import Support

/// Who has the values of units at hand while a model computes, and where their gradients go.
///
/// A model asks for each unit before it reads its parameters and says when it has done with them; the calls come in the same order on every
/// rank that runs as many passes, so a residency may communicate in them.
public protocol UnitResidency: AnyObject {
    /// Where a pass of one rank waits for passes of the others: says whether this rank has a pass to run, and learns whether any has.
    ///
    /// - Returns: Whether a pass must be run by all; false at once where none waits for another.
    @discardableResult
    func keepCompany(_ runs: Bool) throws(TrainerError) -> Bool
    /// Makes the unit's values whole; what it takes for `next`, which will be asked for after it, may set out.
    func acquire(_ unit: ParameterUnit, next: ParameterUnit?) throws(TrainerError)
    /// The values are not read until the unit is asked for again. Calls pair with those of `acquire`.
    func release(_ unit: ParameterUnit)
    /// Makes room for the unit's gradients of a pass, before the first is added.
    func beginGradients(_ unit: ParameterUnit) throws(TrainerError)
}

/// Values and gradients that are allocated once and stay.
public final class StayingUnits: UnitResidency {
    public init() {}

    public func keepCompany(_ runs: Bool) -> Bool { false }
    public func acquire(_ unit: ParameterUnit, next: ParameterUnit?) {}
    public func release(_ unit: ParameterUnit) {}
    public func beginGradients(_ unit: ParameterUnit) {}
}
