import Adapters
import Formats
import Models
import Support
import Tensors

/// Makes the part of a record that says which model was trained on.
struct BaseRecord {
    let files: ModelFiles
    let model: LanguageModel
    let path: String
    let stamps: FileStamps

    /// Fingerprints every tensor and hashes every file; the ranks of the group share the reading.
    ///
    /// - Parameter isLoaded: Whether the model's storage holds the values that were trained on, so that those that differ from the files' are
    ///   fingerprinted too.
    /// - Returns: The same on every rank.
    func make(isLoaded: Bool, on device: CPUDevice, group: any ProcessGroup) throws(TrainerError) -> Provenance.Base {
        let stored = BaseIdentity.tensors(try WeightLoader(files).stored(model))
        let fingerprints = try BaseIdentity.fingerprints(stored, on: device, group: group)
        let seenByName = isLoaded ? try seen(stored.filter { isChanged($0) }, on: device, group: group) : [:]
        let tensors = zip(stored, fingerprints).map { tensor, fingerprint in
            Provenance.Tensor(
                name: tensor.parameter.name, shape: tensor.parameter.shape, fileType: tensor.elementType.rawValue,
                trainedAs: tensor.parameter.elementType.rawValue, fingerprint: hexadecimal(fingerprint),
                trainedFingerprint: seenByName[tensor.parameter.name].map { hexadecimal($0) })
        }
        let quantization = model.linears.contains { $0.parts.contains { $0.parameter.elementType == .nf4 } } ? ElementType.nf4.rawValue : nil
        return Provenance.Base(
            path: publishedPath(path), modelType: files.configuration.modelType, quantization: quantization,
            files: try stamps.hashed(on: device.pool, group: group), tensors: tensors)
    }

    /// The fingerprints of parameters as they are stored in memory, each unit's values being at hand in turn. Of a model that is divided no rank
    /// has whole parameters: they are stored once more.
    private func seen(_ changed: [StoredParameter], on device: CPUDevice, group: any ProcessGroup) throws(TrainerError) -> [String: UInt64] {
        var found: [String: UInt64] = [:]
        guard model.share.isWhole else {
            let seen = try BaseIdentity.shared(changed.count, group) { (index) throws(TrainerError) in
                try changed[index].loaded(as: changed[index].parameter.elementType, on: device).fingerprint(on: device)
            }
            for (tensor, fingerprint) in zip(changed, seen) { found[tensor.parameter.name] = fingerprint }
            return found
        }
        let names = Set(changed.map(\.parameter.name))
        for unit in model.units {
            let parameters = unit.parameters.filter { names.contains($0.name) }
            guard !parameters.isEmpty else { continue }
            try model.residency.acquire(unit, next: nil)
            defer { model.residency.release(unit) }
            let seen = try BaseIdentity.shared(parameters.count, group) { (index) throws(TrainerError) in
                try parameters[index].fingerprint(on: device)
            }
            for (parameter, fingerprint) in zip(parameters, seen) { found[parameter.name] = fingerprint }
        }
        return found
    }

    /// Whether a frozen tensor is stored in memory in a type that may round the file's values.
    private func isChanged(_ tensor: StoredParameter) -> Bool {
        let parameter = tensor.parameter
        return !parameter.isTrainable && parameter.elementType != tensor.elementType && parameter.elementType != .float32
    }
}
