import Formats
public import Models
public import Support
public import Tensors

/// Whether a base model is the one an adapter was trained on.
public enum BaseIdentity {
    /// The fingerprint of each tensor of a base model's files, in the model's order; the ranks of the group share the reading.
    ///
    /// A head untied from the embedding, which has no tensor of its own, is left out.
    ///
    /// - Returns: The same on every rank.
    /// - Throws: `format` and `shape` for files that don't hold the model.
    public static func fingerprints(
        _ stored: [StoredParameter], on device: any Device, group: any ProcessGroup = SoloGroup()
    ) throws(TrainerError) -> [UInt64] {
        try shared(stored.count, group) { (index) throws(TrainerError) in try stored[index].fingerprint(on: device) }
    }

    /// Numbers that the ranks of a group compute by turns; returns all of them on every rank.
    public static func shared(
        _ count: Int, _ group: any ProcessGroup, _ body: (Int) throws(TrainerError) -> UInt64
    ) throws(TrainerError) -> [UInt64] {
        var own: [UInt64] = []
        for index in stride(from: group.index, to: count, by: group.size) { own.append(try body(index)) }
        let lists = try group.gatherValues(own, name: "fingerprints of the base model")
        return (0..<count).map { lists[$0 % group.size][$0 / group.size] }
    }

    /// The parameters that have a tensor of their own in the files.
    public static func tensors(_ stored: [StoredParameter]) -> [StoredParameter] {
        var names: Set<String> = []
        return stored.filter { names.insert($0.fileName).inserted }
    }

    /// Compares a base model with what a record says of the one that was trained on.
    ///
    /// - Throws: `configuration` that names the first tensor that differs.
    static func check(
        _ record: Provenance, adapter: String, _ stored: [StoredParameter], base: String, on device: any Device, group: any ProcessGroup
    ) throws(TrainerError) {
        let own = tensors(stored)
        let wanted = Dictionary(record.base.tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        if let missing = own.first(where: { wanted[$0.parameter.name] == nil }) {
            throw refusal(adapter, record, "\(missing.parameter.name) of \(base) was not in the model it was trained on")
        }
        let found = try fingerprints(own, on: device, group: group)
        for (tensor, fingerprint) in zip(own, found) where wanted[tensor.parameter.name]?.fingerprint != hexadecimal(fingerprint) {
            throw refusal(adapter, record, "\(tensor.parameter.name) of \(base) has other values than the one it was trained on")
        }
    }

    private static func refusal(_ adapter: String, _ record: Provenance, _ problem: String) -> TrainerError {
        TrainerError(
            .configuration, adapter, problem, remedy: "Use the base it was trained on, \(record.base.path), or force it with --any-base")
    }
}

/// Sixteen hexadecimal digits.
public func hexadecimal(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}
