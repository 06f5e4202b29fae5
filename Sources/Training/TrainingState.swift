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
    let optimizer: AdamW

    /// One file a kind, so that ranks can share the writing.
    var files: [(name: String, tensors: [(name: String, tensor: Tensor, shape: [Int])])] {
        var values: [(name: String, tensor: Tensor, shape: [Int])] = []
        var first = values
        var second = values
        for (unit, moments) in zip(trained.model.units.filter { $0.trainableCount > 0 }, optimizer.moments) {
            var start = 0
            for parameter in unit.trainable {
                let range = start..<start + parameter.count
                values.append((parameter.name, parameter.weight.values, parameter.shape))
                first.append((parameter.name, moments.first.columns(range), parameter.shape))
                second.append((parameter.name, moments.second.columns(range), parameter.shape))
                start = range.upperBound
            }
        }
        return [("trained.safetensors", values), ("exp_avg.safetensors", first), ("exp_avg_sq.safetensors", second)]
    }

    /// The checkpoint's files, in an order that every rank shares.
    func checkpointFiles() throws(TrainerError) -> [CheckpointFile] {
        var list: [CheckpointFile] = []
        for (name, tensors) in files {
            let writer = try SafeTensorsWriter(tensors.map { TensorToWrite($0.name, $0.tensor, shape: $0.shape) })
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
    /// - Throws: `format` or `shape` if the checkpoint holds other tensors than the run trains.
    func restore(from checkpoint: VerifiedCheckpoint) throws(TrainerError) {
        for (name, tensors) in files {
            let file = try SafeTensorsFile(path: checkpoint.path(of: name))
            guard file.names.count == tensors.count else {
                throw TrainerError(
                    .shape, file.path, "holds \(file.names.count) tensors, but this run trains \(tensors.count)",
                    remedy: "Resume with the configuration the checkpoint was made with")
            }
            for (name, tensor, shape) in tensors {
                let entry = try file.entry(name)
                guard entry.shape == shape, entry.elementType == .float32 else {
                    throw TrainerError(.shape, "\(file.path): \(name)", "has the shape \(entry.shape), but the run's is \(shape)")
                }
                tensor.device.upload(entry.bytes, to: tensor)
                file.forget(entry)
            }
        }
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
