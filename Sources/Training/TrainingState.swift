import Foundation
import Formats
import Models
import Optimizers
import Support
import Tensors

/// Where a run stands, beside its tensors: the metadata of a checkpoint.
struct RunPosition: Codable, Equatable {
    /// Steps done.
    var step: Int
    /// The place in the stream of rows where the next step starts.
    var cursor: Int
    /// The checksum of that stream.
    var stream: UInt64
    /// What is trained and how: a checkpoint of another method or another model can't be resumed.
    var method: String
    /// The measurement before the first step.
    var before: Measurement?

    /// As text for a checkpoint's manifest.
    var metadata: [String: String] {
        let text = (try? JSONEncoder().encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return ["position": text]
    }

    init(step: Int, cursor: Int, stream: UInt64, method: String, before: Measurement?) {
        self.step = step
        self.cursor = cursor
        self.stream = stream
        self.method = method
        self.before = before
    }

    init(metadata: [String: String], subject: String) throws(TrainerError) {
        guard let text = metadata["position"], let value = try? JSONDecoder().decode(RunPosition.self, from: Foundation.Data(text.utf8)) else {
            throw TrainerError(.format, subject, "does not say where the run stood", remedy: "Resume from another checkpoint")
        }
        self = value
    }
}

/// The tensors that a checkpoint holds: trained parameters and the optimizer's states, by parameter, whatever the layout.
struct TrainingState {
    let trained: TrainedModel
    let optimizer: Optimizer

    /// A tensor of a checkpoint: where its bytes come from and go back to.
    struct Saved {
        let name: String
        let elementType: ElementType
        let shape: [Int]
        /// Copies the bytes that begin at an offset, or sets them.
        let read: (_ offset: Int, _ bytes: UnsafeMutableRawBufferPointer) throws(TrainerError) -> Void
        let write: (_ offset: Int, _ bytes: UnsafeRawBufferPointer) throws(TrainerError) -> Void
    }

    /// One file a kind, so that ranks can share the writing.
    var files: [(name: String, tensors: [Saved])] {
        let units = trained.model.units.filter { $0.trainableCount > 0 }
        let values = units.flatMap { $0.trainable.map { Saved($0.name, $0.weight.values, shape: $0.shape) } }
        return [("trained.safetensors", values)]
            + (optimizer.states.first ?? []).indices.map { index in
                let kind = optimizer.states[0][index].kind
                return ("\(kind.name).safetensors", zip(units, optimizer.states).flatMap { Self.saved($0.1[index], of: $0.0) })
            }
    }

    /// A state with an entry for each element is saved by parameter; one with an entry for each block, which may reach over the border of two
    /// parameters, by unit.
    private static func saved(_ state: OptimizerState, of unit: ParameterUnit) -> [Saved] {
        guard state.kind.elementsPerEntry == 1 else { return [Saved(unit.name, state, from: 0, shape: [state.entryCount])] }
        var start = 0
        return unit.trainable.map { parameter in
            defer { start += parameter.count }
            return Saved(parameter.name, state, from: start, shape: parameter.shape)
        }
    }

    /// The checkpoint's files, in an order that every rank shares.
    func checkpointFiles() throws(TrainerError) -> [CheckpointFile] {
        var list: [CheckpointFile] = []
        for (name, tensors) in files {
            let writer = try SafeTensorsWriter(tensors.map { TensorToWrite($0.name, $0.elementType, $0.shape, fill: $0.read) })
            list.append(
                CheckpointFile(name: name, byteCount: writer.byteCount) { (file: inout CheckpointFileWriter) throws(TrainerError) in
                    var target = file
                    try writer.write(to: { (bytes) throws(TrainerError) in try target.write(bytes) })
                    file = target
                })
        }
        return list
    }

    /// Reads every tensor back.
    ///
    /// - Throws: `file`, `format` or `shape` if the checkpoint holds other tensors than the run trains, or another optimizer's states.
    func restore(from checkpoint: VerifiedCheckpoint) throws(TrainerError) {
        for (name, tensors) in files {
            let file = try SafeTensorsFile(path: checkpoint.path(of: name))
            guard file.names.count == tensors.count else {
                throw TrainerError(
                    .shape, file.path, "holds \(file.names.count) tensors, but this run trains \(tensors.count)",
                    remedy: "Resume with the configuration the checkpoint was made with")
            }
            for tensor in tensors {
                let entry = try file.entry(tensor.name)
                guard entry.shape == tensor.shape, entry.elementType == tensor.elementType else {
                    throw TrainerError(
                        .shape, "\(file.path): \(tensor.name)",
                        "is \(entry.elementType.rawValue) of the shape \(entry.shape), but the run's is \(tensor.elementType.rawValue) of \(tensor.shape)"
                    )
                }
                try tensor.write(0, entry.bytes)
                file.forget(entry)
            }
        }
    }
}

extension TrainingState.Saved {
    /// A tensor of a device that lies without gaps.
    init(_ name: String, _ tensor: Tensor, shape: [Int]) {
        let flat = tensor.reshaped(rows: 1, columns: tensor.count)
        let size = tensor.elementType.byteCount(1)
        self.init(
            name: name, elementType: tensor.elementType, shape: shape,
            read: { (offset, bytes) throws(TrainerError) in
                flat.device.download(flat.columns(offset / size..<(offset + bytes.count) / size), to: bytes)
            },
            write: { (offset, bytes) throws(TrainerError) in
                flat.device.upload(bytes, to: flat.columns(offset / size..<(offset + bytes.count) / size))
            })
    }

    /// Entries of an optimizer's state.
    init(_ name: String, _ state: OptimizerState, from start: Int, shape: [Int]) {
        let size = state.kind.elementType.byteCount(1)
        func entries(_ offset: Int, _ count: Int) -> Range<Int> { start + offset / size..<start + (offset + count) / size }
        self.init(
            name: name, elementType: state.kind.elementType, shape: shape,
            read: { (offset, bytes) throws(TrainerError) in try state.read(entries(offset, bytes.count), into: bytes) },
            write: { (offset, bytes) throws(TrainerError) in try state.write(entries(offset, bytes.count), from: bytes) })
    }
}

extension TensorToWrite {
    /// A float32 tensor of a device that lies without gaps.
    init(_ name: String, _ tensor: Tensor, shape: [Int]) {
        self.init(name, .float32, shape) { (sink) throws(TrainerError) in
            try tensor.withFloats { (floats) throws(TrainerError) in try sink(UnsafeRawBufferPointer(start: floats, count: tensor.count * 4)) }
        }
    }
}
