/// What tensors are sent for, as their transfers' names begin.
public enum TransferPurpose: String, CaseIterable, Sendable {
    /// Of parameters, summed over ranks that hold the same.
    case gradients
    /// The same, within a tensor group, of what all its ranks hold.
    case copies = "copied gradients"
    /// Of parameters that ranks share out.
    case values
    /// Of activations, between the layers of a tensor group.
    case rows
    /// Hidden states and their gradients, between the stages of a pipeline.
    case hidden
    /// And their gradients, round the ranks of a context group.
    case keysAndValues = "key"
    case other = ""

    init(name: String) { self = Self.allCases.first { name.hasPrefix($0.rawValue) } ?? .other }

    /// As people read it.
    public var title: String {
        switch self {
        case .gradients: "gradients"
        case .copies: "gradients of copies"
        case .values: "parameters"
        case .rows: "activations in tensor groups"
        case .hidden: "activations between stages"
        case .keysAndValues: "keys and values"
        case .other: "other"
        }
    }
}
