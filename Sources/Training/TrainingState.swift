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
    /// Which updates were left out; nil for none, and in checkpoints of earlier versions.
    var updates: UpdateGuard?

    /// As text for a checkpoint's manifest.
    var metadata: [String: String] {
        let text = (try? JSONEncoder().encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return ["position": text]
    }

    init(step: Int, cursor: Int, stream: UInt64, method: String, before: Measurement?, updates: UpdateGuard? = nil) {
        self.step = step
        self.cursor = cursor
        self.stream = stream
        self.method = method
        self.before = before
        self.updates = updates
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
    let optimizer: Optimizer?

    /// Some entries of what goes with a shard, trained values or a state of the optimizer's, and whose they are: of a parameter, or, where an
    /// entry may reach over the border of two, of a unit.
    private struct Part {
        let kind: String
        let owner: String
        /// The place among the owner's of the first.
        let first: Int
        let count: Int
        let elementType: ElementType
        /// Copies entries, counted from the first, into bytes, or sets them.
        let read: (Range<Int>, UnsafeMutableRawBufferPointer) throws(TrainerError) -> Void
        let write: (Range<Int>, UnsafeRawBufferPointer) throws(TrainerError) -> Void

        var toWrite: TensorToWrite {
            let size = elementType.byteCount(1)
            return TensorToWrite(StatePiece.name(kind: kind, owner: owner, first: first), elementType, [count]) {
                (offset, bytes) throws(TrainerError) in try read(offset / size..<(offset + bytes.count) / size, bytes)
            }
        }
    }

    /// - Parameter index: Of so many ranks that keep the same: the share of it that this rank saves; nil for all that the rank keeps.
    private func parts(share index: Int? = nil, of size: Int = 1) -> [Part] {
        var parts: [Part] = []
        for (number, (shard, (unit, kept))) in zip(trained.shards, trained.units.shardRanges).enumerated() {
            let wanted = index.map { blocks(kept, $0, of: size) } ?? kept
            guard !wanted.isEmpty else { continue }
            let values = shard.values
            parts += byParameter(unit, kept, wanted, "value", .float32) { (range, bytes) in
                values.device.download(values.columns(range), to: bytes)
            } write: { (range, bytes) in
                values.device.upload(bytes, to: values.columns(range))
            }
            for state in optimizer?.states[number] ?? [] {
                let (each, kind) = (state.kind.elementsPerEntry, state.kind)
                guard each > 1 else {
                    parts += byParameter(unit, kept, wanted, kind.name, kind.elementType, read: state.read(_:into:), write: state.write(_:from:))
                    continue
                }
                let (first, own) = (wanted.lowerBound / each, (wanted.lowerBound - kept.lowerBound) / each)
                parts.append(
                    Part(
                        kind: kind.name, owner: unit.name, first: first, count: (wanted.upperBound + each - 1) / each - first,
                        elementType: kind.elementType,
                        read: { (range, bytes) throws(TrainerError) in try state.read(range.lowerBound + own..<range.upperBound + own, into: bytes) },
                        write: { (range, bytes) throws(TrainerError) in try state.write(range.lowerBound + own..<range.upperBound + own, from: bytes)
                        }))
            }
        }
        return parts
    }

    /// The parameters of the wanted elements; `read` and `write` count from the first element that is kept.
    private func byParameter(
        _ unit: ParameterUnit, _ kept: Range<Int>, _ wanted: Range<Int>, _ kind: String, _ type: ElementType,
        read: @escaping (Range<Int>, UnsafeMutableRawBufferPointer) throws(TrainerError) -> Void,
        write: @escaping (Range<Int>, UnsafeRawBufferPointer) throws(TrainerError) -> Void
    ) -> [Part] {
        unit.places.compactMap { parameter, start in
            let shared = (start..<start + parameter.count).clamped(to: wanted)
            guard !shared.isEmpty else { return nil }
            let own = shared.lowerBound - kept.lowerBound
            return Part(
                kind: kind, owner: parameter.name, first: shared.lowerBound - start, count: shared.count, elementType: type,
                read: { (range, bytes) throws(TrainerError) in try read(range.lowerBound + own..<range.upperBound + own, bytes) },
                write: { (range, bytes) throws(TrainerError) in try write(range.lowerBound + own..<range.upperBound + own, bytes) })
        }
    }

    /// An even share of elements, cut where blocks of 256 begin.
    private func blocks(_ elements: Range<Int>, _ index: Int, of size: Int) -> Range<Int> {
        let part = evenPart(index, of: size, count: (elements.count + 255) / 256)
        return (elements.lowerBound + part.lowerBound * 256..<elements.lowerBound + part.upperBound * 256).clamped(to: elements)
    }

    /// This rank's file of a checkpoint. Where ranks keep the same, they share the writing.
    func file(rank: Int, of size: Int) throws(TrainerError) -> CheckpointFile {
        let parts = parts(share: trained.units.stage == .nothing ? rank : nil, of: size)
        let writer = try SafeTensorsWriter(parts.map(\.toWrite))
        return CheckpointFile(name: StatePiece.fileName(rank: rank, of: size), byteCount: writer.byteCount) {
            (file: inout CheckpointFileWriter) throws(TrainerError) in
            var target = file
            try writer.write(to: { (bytes) throws(TrainerError) in try target.write(bytes) })
            file = target
        }
    }

    /// Reads what this rank keeps back, whatever ranks have saved it; `ShardedUnits.publish` then hands it on.
    ///
    /// - Throws: `format` or `shape` if the checkpoint holds other tensors than the run trains, or another optimizer's states.
    func restore(from stored: StoredState) throws(TrainerError) {
        let trainable = trained.model.parameters.filter(\.isTrainable)
        try stored.check(holdsValuesOf: Dictionary(trainable.map { ($0.name, $0.count) }, uniquingKeysWith: { first, _ in first }))
        for part in parts() {
            let size = part.elementType.byteCount(1)
            let range = part.first..<part.first + part.count
            try stored.read(part.kind, part.owner, range, as: part.elementType) { (bytes, place) throws(TrainerError) in
                let first = place - part.first
                try part.write(first..<first + bytes.count / size, bytes)
            }
        }
    }
}
