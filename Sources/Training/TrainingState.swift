import Foundation
import Formats
import Models
import Optimizers
import Parallelism
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

/// What a checkpoint holds: trained parameters and the optimizer's states, each rank its part, whatever the layout.
struct TrainingState {
    let trained: TrainedModel
    /// Nil where values alone are saved.
    let optimizer: AdamW?

    /// Numbers that go with each shard of the trained values: those themselves, or what the optimizer keeps for them.
    private struct Kind {
        let name: String
        /// By shard.
        let tensors: [Tensor]
        /// Trained elements that one of these numbers is for.
        let elementsPerEntry: Int
    }

    private var values: Kind { Kind(name: "value", tensors: trained.shards.map(\.values), elementsPerEntry: 1) }
    private var kinds: [Kind] {
        guard let optimizer else { return [values] }
        return [
            values, Kind(name: "exp_avg", tensors: optimizer.moments.map(\.first), elementsPerEntry: 1),
            Kind(name: "exp_avg_sq", tensors: optimizer.moments.map(\.second), elementsPerEntry: 1),
        ]
    }

    /// Some entries of a shard's tensor, and whose they are: of a parameter, or, where an entry may reach over the border of two, of a unit.
    private struct Part {
        let kind: String
        let owner: String
        /// The place among the owner's of the first.
        let first: Int
        let tensor: Tensor

        var name: String { StatePiece.name(kind: kind, owner: owner, first: first) }
    }

    /// - Parameter index: Of so many ranks that keep the same: the share of it that this rank saves; nil for all that the rank keeps.
    private func parts(_ kind: Kind, share index: Int? = nil, of size: Int = 1) -> [Part] {
        var parts: [Part] = []
        for (tensor, (unit, kept)) in zip(kind.tensors, trained.units.shardRanges) {
            let wanted = index.map { blocks(kept, $0, of: size) } ?? kept
            func entries(_ elements: Range<Int>, from start: Int) -> Range<Int> {
                let each = kind.elementsPerEntry
                return (elements.lowerBound - start) / each..<(elements.upperBound - start + each - 1) / each
            }
            func add(_ owner: String, _ elements: Range<Int>, ownerStart: Int) {
                guard !elements.isEmpty else { return }
                let own = entries(elements, from: kept.lowerBound)
                parts.append(
                    Part(kind: kind.name, owner: owner, first: entries(elements, from: ownerStart).lowerBound, tensor: tensor.columns(own)))
            }
            guard kind.elementsPerEntry == 1 else {
                add(unit.name, wanted, ownerStart: 0)
                continue
            }
            for (parameter, start) in unit.places { add(parameter.name, (start..<start + parameter.count).clamped(to: wanted), ownerStart: start) }
        }
        return parts
    }

    /// An even share of elements, cut where blocks of 256 begin.
    private func blocks(_ elements: Range<Int>, _ index: Int, of size: Int) -> Range<Int> {
        let part = evenPart(index, of: size, count: (elements.count + 255) / 256)
        return (elements.lowerBound + part.lowerBound * 256..<elements.lowerBound + part.upperBound * 256).clamped(to: elements)
    }

    /// This rank's file of a checkpoint. Where ranks keep the same, they share the writing.
    func file(rank: Int, of size: Int) throws(TrainerError) -> CheckpointFile {
        let all = trained.units.stage == .nothing ? rank : nil
        let parts = kinds.flatMap { self.parts($0, share: all, of: size) }
        let writer = try SafeTensorsWriter(parts.map { TensorToWrite($0.name, $0.tensor, shape: [$0.tensor.count]) })
        return CheckpointFile(name: StatePiece.fileName(rank: rank, of: size), byteCount: writer.byteCount) {
            (file: inout CheckpointFileWriter) throws(TrainerError) in
            var target = file
            try writer.write(to: { (bytes) throws(TrainerError) in try target.write(bytes) })
            file = target
        }
    }

    /// Reads what this rank keeps back, whatever ranks have saved it; `ShardedUnits.publish` then hands it on.
    ///
    /// - Throws: `format` or `shape` if the checkpoint holds other tensors than the run trains.
    func restore(from stored: StoredState) throws(TrainerError) {
        let trainable = trained.model.parameters.filter(\.isTrainable)
        try stored.check(holdsValuesOf: Dictionary(trainable.map { ($0.name, $0.count) }, uniquingKeysWith: { first, _ in first }))
        for part in kinds.flatMap({ parts($0) }) {
            let range = part.first..<part.first + part.tensor.count
            try stored.read(part.kind, part.owner, range, as: part.tensor.elementType) { bytes, place in
                let target = part.tensor.columns(place - range.lowerBound..<place - range.lowerBound + bytes.count / part.tensor.elementType.byteCount(1))
                target.device.upload(bytes, to: target)
            }
        }
    }
}

extension TensorToWrite {
    /// A tensor of a device that lies without gaps.
    init(_ name: String, _ tensor: Tensor, shape: [Int]) {
        self.init(name, tensor.elementType, shape) { (sink) throws(TrainerError) in
            try tensor.withBytes { (bytes) throws(TrainerError) in try sink(UnsafeRawBufferPointer(bytes)) }
        }
    }
}
