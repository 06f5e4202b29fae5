public import Support
public import Tensors

/// The keys and values of the tokens so far, for every layer that a rank has and every sequence of a generation.
///
/// Each sequence has `capacity` rows in every layer's tensor, `[S * capacity, 2 * K * D]`: keys, then values.
public final class KeyValueCache {
    public let capacity: Int
    private let layers: [Int: Tensor]
    private let width: Int
    /// Tokens each of the sequences has in the cache.
    public private(set) var lengths: [Int]
    /// The sequences that the next pass continues, by their place here.
    public var active: [Int]

    /// - Parameters:
    ///   - keyWidth: K * D of a layer.
    ///   - layers: The layers' numbers.
    public init(keyWidth: Int, layers numbers: [Int], sequenceCount: Int, capacity: Int, on device: any Device) throws(TrainerError) {
        self.capacity = capacity
        width = keyWidth
        var layers: [Int: Tensor] = [:]
        for number in numbers { layers[number] = try device.tensor(sequenceCount * capacity, 2 * width) }
        self.layers = layers
        lengths = [Int](repeating: 0, count: sequenceCount)
        active = Array(0..<sequenceCount)
    }

    /// Where the new tokens of each active sequence stand in it.
    func positions(_ ranges: [Range<Int>]) -> [Int32] {
        zip(active, ranges).flatMap { sequence, range in (0..<range.count).map { Int32(lengths[sequence] + $0) } }
    }

    func spans(_ ranges: [Range<Int>]) -> [AttentionSpan] {
        precondition(ranges.count == active.count, "KeyValueCache: \(ranges.count) sequences for \(active.count) active ones")
        return zip(active, ranges).map { sequence, range in
            let first = sequence * capacity
            precondition(lengths[sequence] + range.count <= capacity, "KeyValueCache: sequence \(sequence) grows beyond \(capacity) tokens")
            return AttentionSpan(queries: range, keys: first..<first + lengths[sequence] + range.count)
        }
    }

    /// Stores the new tokens' keys and values of a layer; returns all keys and all values.
    func append(_ keyValues: Tensor, layer: Int, ranges: [AttentionSpan]) throws(TrainerError) -> (keys: Tensor, values: Tensor) {
        guard let layer = layers[layer] else { preconditionFailure("KeyValueCache.append: the cache has no layer \(layer)") }
        let device = keyValues.device
        let rows = ranges.flatMap { span in (span.keys.upperBound - span.queries.count..<span.keys.upperBound).map(Int32.init) }
        let contiguous = try device.tensor(keyValues.rows, keyValues.columns)
        device.copy(contiguous, keyValues)
        device.scatterRows(layer, contiguous, indices: try device.tensor(rows))
        return (layer.columns(0..<width), layer.columns(width..<2 * width))
    }

    /// Counts the tokens of a finished pass.
    public func advance(_ counts: [Int]) {
        for (sequence, count) in zip(active, counts) { lengths[sequence] += count }
    }
}
