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
    /// What losses are multiplied by; nil for 1, and in checkpoints of earlier versions.
    var lossScale: LossScale?

    /// The checkpoint that the run was last taken back to by name; nil if it never was.
    var origin: Origin?

    /// A checkpoint as it was given: where it lay, and the hash of its manifest.
    struct Origin: Codable, Equatable {
        var path: String
        var sha256: String
    }

    /// As text for a checkpoint's manifest; losses in it may be no number.
    var metadata: [String: String] {
        get throws(TrainerError) {
            do { return ["position": String(decoding: try JSONEncoder.anyNumber.encode(self), as: UTF8.self)] } catch {
                throw TrainerError(.format, "the checkpoint's metadata", "where the run stands can't be written (\(error))")
            }
        }
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
        guard let text = metadata["position"], let value = try? JSONDecoder.anyNumber.decode(RunPosition.self, from: Foundation.Data(text.utf8))
        else {
            throw TrainerError(.format, subject, "does not say where the run stood", remedy: "Resume from another checkpoint")
        }
        self = value
    }
}

/// What a checkpoint holds: trained parameters and the optimizer's states, each rank its part, whatever the layout.
struct TrainingState {
    let trained: TrainedModel
    let optimizer: Optimizer
    /// Whether values alone are saved.
    var valuesOnly = false

    /// Some entries of what goes with a shard, trained values or a state of the optimizer's, and whose they are: of a parameter, or, where an
    /// entry may reach over the border of two, of a unit.
    private struct Part {
        let kind: String
        let owner: String
        /// Where the entries lie among the owner's.
        let places: StatePlaces
        let elementType: ElementType
        /// Copies entries, counted from the first, into bytes, or sets them.
        let read: (Range<Int>, UnsafeMutableRawBufferPointer) throws(TrainerError) -> Void
        let write: (Range<Int>, UnsafeRawBufferPointer) throws(TrainerError) -> Void

        var toWrite: TensorToWrite {
            let size = elementType.byteCount(1)
            return TensorToWrite(StatePiece.name(kind: kind, owner: owner, places), elementType, places.shape) {
                (offset, bytes) throws(TrainerError) in try read(offset / size..<(offset + bytes.count) / size, bytes)
            }
        }
    }

    /// - Parameter saves: Whether only what this rank is to save is wanted: where ranks keep the same, each has a share of it, or one has all.
    private func parts(saves: Bool) -> [Part] {
        var parts: [Part] = []
        for (number, (shard, (unit, kept))) in zip(trained.shards, trained.units.shardRanges).enumerated() {
            let replicas = trained.grid.replicas
            let wanted = saves && trained.units.stage == .nothing ? blocks(kept, replicas.index, of: replicas.size) : kept
            guard !wanted.isEmpty, !saves || trained.units.answers(for: unit) && trained.units.answersForShard else { continue }
            let (values, kind) = (shard.values, StateKind.masters)
            if shard.masters == nil {
                parts += byParameter(unit, kept, wanted, kind.name, kind.elementType, saves: saves) { (range, bytes) in
                    values.device.download(values.columns(range), to: bytes)
                } write: { (range, bytes) in
                    values.device.upload(bytes, to: values.columns(range))
                }
            }
            for state in optimizer.states[number] where !valuesOnly || state.kind == kind {
                if state.kind.elementsPerEntry == 1 {
                    parts += byParameter(
                        unit, kept, wanted, state.kind.name, state.kind.elementType, saves: saves, read: state.read(_:into:),
                        write: state.write(_:from:))
                } else {
                    parts.append(byUnit(unit, kept, wanted, state))
                }
            }
        }
        return parts
    }

    /// Entries that several elements share, whosever they are. They are counted through the unit, as a rank of the tensor group has it.
    private func byUnit(_ unit: ParameterUnit, _ kept: Range<Int>, _ wanted: Range<Int>, _ state: OptimizerState) -> Part {
        let each = state.kind.elementsPerEntry
        let (first, own) = (wanted.lowerBound / each, (wanted.lowerBound - kept.lowerBound) / each)
        let (place, size) = (trained.grid.place.tensor, trained.grid.shape.tensor)
        return Part(
            kind: state.kind.name, owner: StatePiece.owner(unit: unit.name, tensorIndex: place, of: size),
            places: StatePlaces(first..<(wanted.upperBound + each - 1) / each), elementType: state.kind.elementType,
            read: { (range, bytes) throws(TrainerError) in try state.read(range.lowerBound + own..<range.upperBound + own, into: bytes) },
            write: { (range, bytes) throws(TrainerError) in try state.write(range.lowerBound + own..<range.upperBound + own, from: bytes) })
    }

    /// The parameters of the wanted elements; `read` and `write` count from the first element that is kept.
    private func byParameter(
        _ unit: ParameterUnit, _ kept: Range<Int>, _ wanted: Range<Int>, _ kind: String, _ type: ElementType, saves: Bool,
        read: @escaping (Range<Int>, UnsafeMutableRawBufferPointer) throws(TrainerError) -> Void,
        write: @escaping (Range<Int>, UnsafeRawBufferPointer) throws(TrainerError) -> Void
    ) -> [Part] {
        var parts: [Part] = []
        for (parameter, start) in unit.places where !saves || trained.units.answers(for: parameter, of: unit) {
            let shared = (start..<start + parameter.count).clamped(to: wanted)
            guard !shared.isEmpty else { continue }
            var own = shared.lowerBound - kept.lowerBound
            for places in StatePlaces.of(parameter.slice, shared.lowerBound - start..<shared.upperBound - start) {
                let first = own
                own += places.count
                parts.append(
                    Part(
                        kind: kind, owner: parameter.name, places: places, elementType: type,
                        read: { (range, bytes) throws(TrainerError) in try read(range.lowerBound + first..<range.upperBound + first, bytes) },
                        write: { (range, bytes) throws(TrainerError) in try write(range.lowerBound + first..<range.upperBound + first, bytes) }))
            }
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
        let writer = try SafeTensorsWriter(parts(saves: true).map(\.toWrite))
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
        try stored.check(holdsValuesOf: Dictionary(trainable.map { ($0.name, $0.wholeCount) }, uniquingKeysWith: { first, _ in first }))
        for part in parts(saves: false) {
            let size = part.elementType.byteCount(1)
            for (places, own) in part.places.runs {
                try stored.read(part.kind, part.owner, places, as: part.elementType) { (bytes, place) throws(TrainerError) in
                    let first = own + place - places.lowerBound
                    try part.write(first..<first + bytes.count / size, bytes)
                }
            }
        }
        try optimizer.refreshValues()
    }
}
