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
        let changed = isLoaded ? stored.filter { isChanged($0) }.map(\.parameter) : []
        let seen = try BaseIdentity.shared(changed.count, group) { (index) throws(TrainerError) in try changed[index].fingerprint(on: device) }
        let seenByName = Dictionary(zip(changed.map(\.name), seen), uniquingKeysWith: { first, _ in first })
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

    /// Whether a frozen tensor is stored in memory in a type that may round the file's values.
    private func isChanged(_ tensor: StoredParameter) -> Bool {
        let parameter = tensor.parameter
        return !parameter.isTrainable && parameter.elementType != tensor.elementType && parameter.elementType != .float32
    }
}
