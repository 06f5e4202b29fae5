public import Support
public import Tensors

/// What ranks that compute one microbatch together hand each other.
extension Pass {
    /// The tokens whose rows this rank of the tensor group has between layers (sequence parallelism, Korthikanti et al. 2022, arXiv:2205.05198,
    /// section 4.2.2): an even part of all.
    public var ownRows: Range<Int> { evenPart(groups.tensor.index, of: groups.tensor.size, count: batch.tokenCount) }

    /// All rows, `[T, N]`, from each rank's own.
    public func gatherRows(_ own: Tensor) throws(TrainerError) -> Tensor {
        guard groups.tensor.size > 1 else { return own }
        let all = try device.tensor(batch.tokenCount, own.columns)
        device.copy(all.rows(ownRows), own)
        try groups.tensor.startGather(all, grain: own.columns, name: "rows of activations").wait()
        return all
    }

    /// All rows of a gradient as a later product may read them: a copy where this rank's own, which will be changed before, are all.
    func keptRows(_ own: Tensor) throws(TrainerError) -> Tensor {
        let all = try gatherRows(own)
        guard defersWeightGradients, groups.tensor.size == 1 else { return all }
        let copy = try device.tensor(own.rows, own.columns)
        device.copy(copy, own)
        return copy
    }

    /// This rank's own rows of the sum over the tensor group, from what each rank has of all rows, `[T, N]`, which is overwritten.
    public func sumRows(_ all: Tensor) throws(TrainerError) -> Tensor {
        guard groups.tensor.size > 1 else { return all }
        try groups.tensor.startScatteredSum(all, grain: all.columns, name: "rows of activations").wait()
        let own = try device.tensor(ownRows.count, all.columns)
        device.copy(own, all.rows(ownRows))
        return own
    }

    /// Sends this rank's rows to the stage that has a part of the model.
    public func send(_ rows: Tensor, to part: ModelPart, _ channel: MessageChannel = .forward) throws(TrainerError) {
        let name = channel == .forward ? "hidden states for part \(part.index + 1)" : "hidden gradients for part \(part.index + 1)"
        try groups.pipeline.startSend(rows, to: part.stage, channel: channel, name: name)
    }

    /// This rank's rows, from the stage that has a part of the model.
    public func receive(from part: ModelPart, channels: Int, _ channel: MessageChannel = .forward) throws(TrainerError) -> Tensor {
        let name = channel == .forward ? "hidden states of part \(part.index + 1)" : "hidden gradients of part \(part.index + 1)"
        let rows = try device.tensor(ownRows.count, channels)
        try groups.pipeline.startReceive(rows, from: part.stage, channel: channel, name: name).wait()
        return rows
    }
}
