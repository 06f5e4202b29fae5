public import Support

/// A process group whose calls are recorded in a trace.
public final class TracedGroup: ProcessGroup {
    private let group: any ProcessGroup
    private let trace: Trace

    public init(_ group: any ProcessGroup, _ trace: Trace) {
        self.group = group
        self.trace = trace
    }

    public var index: Int { group.index }
    public var size: Int { group.size }

    public func startSum(_ tensor: Tensor, as type: ElementType, name: String) throws(TrainerError) -> any Transfer {
        try record("start sum", name, bytes: type.byteCount(tensor.count)) { () throws(TrainerError) in
            try group.startSum(tensor, as: type, name: name)
        }
    }

    public func startScatteredSum(_ tensor: Tensor, as type: ElementType, grain: Int, name: String) throws(TrainerError) -> any Transfer {
        try record("start scattered sum", name, bytes: type.byteCount(tensor.count)) { () throws(TrainerError) in
            try group.startScatteredSum(tensor, as: type, grain: grain, name: name)
        }
    }

    public func startGather(_ tensor: Tensor, as type: ElementType, grain: Int, name: String) throws(TrainerError) -> any Transfer {
        try record("start gather", name, bytes: type.byteCount(tensor.count)) { () throws(TrainerError) in
            try group.startGather(tensor, as: type, grain: grain, name: name)
        }
    }

    public func startSend(
        _ tensor: Tensor, as type: ElementType, to index: Int, channel: MessageChannel, name: String
    ) throws(TrainerError) -> any Transfer {
        try record("start send", name, bytes: type.byteCount(tensor.count)) { () throws(TrainerError) in
            try group.startSend(tensor, as: type, to: index, channel: channel, name: name)
        }
    }

    public func startReceive(
        _ tensor: Tensor, as type: ElementType, from index: Int, channel: MessageChannel, name: String
    ) throws(TrainerError) -> any Transfer {
        try record("start receive", name, bytes: type.byteCount(tensor.count)) { () throws(TrainerError) in
            try group.startReceive(tensor, as: type, from: index, channel: channel, name: name)
        }
    }

    public func progress() { group.progress() }

    public func finish() throws(TrainerError) {
        try record("wait for transfers", "", bytes: nil) { () throws(TrainerError) in try group.finish() }
    }

    public func sum(_ values: [Double], name: String) throws(TrainerError) -> [Double] {
        try record("sum", name, bytes: 8 * values.count) { () throws(TrainerError) in try group.sum(values, name: name) }
    }

    public func max(_ values: [Double], name: String) throws(TrainerError) -> [Double] {
        try record("maximum", name, bytes: 8 * values.count) { () throws(TrainerError) in try group.max(values, name: name) }
    }

    public func broadcast(_ bytes: [UInt8], name: String) throws(TrainerError) -> [UInt8] {
        try record("broadcast", name, bytes: bytes.count) { () throws(TrainerError) in try group.broadcast(bytes, name: name) }
    }

    public func gather(_ bytes: [UInt8], name: String) throws(TrainerError) -> [[UInt8]] {
        try record("gather", name, bytes: bytes.count) { () throws(TrainerError) in try group.gather(bytes, name: name) }
    }

    public func barrier(name: String) throws(TrainerError) {
        try record("barrier", name, bytes: nil) { () throws(TrainerError) in try group.barrier(name: name) }
    }

    private func record<Value>(
        _ call: String, _ name: String, bytes: Int?, _ body: () throws(TrainerError) -> Value
    ) throws(TrainerError) -> Value {
        try trace.record(.collective, call, name + (bytes.map { "\(name.isEmpty ? "" : ", ")\(ByteCount($0))" } ?? ""), body)
    }
}
