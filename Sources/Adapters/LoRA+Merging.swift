public import Formats
import Models
public import Support
public import Tensors

/// The values of the base model that an adapter is added to.
public enum MergeBase: String, CaseIterable, Sendable {
    /// Those of the model's files.
    case original
    /// Those that the files' values stand for in NF4: what QLoRA trained the adapter on.
    case nf4
}

/// A base model's parameters with an adapter in them, made one by one as a writer asks for them.
///
///     W'[n, k] = W[n, k] + scale * sum over r of B[n, r] * A[r, k]
///
/// Hu et al. 2021, arXiv:2106.09685, section 4.1. Sums run in float32, and each element is rounded once, to the type it is written in. No more than one
/// piece of a tensor is in memory, or, with `MergeBase.nf4`, one tensor, whose constants are quantised as a whole.
public struct MergedParameters {
    private let stored: [StoredParameter]
    private let lora: LoRA
    private let linears: Set<ObjectIdentifier>
    private let onto: MergeBase
    private let device: any Device

    /// - Parameter base: Opened with its adapter, whose parameters are allocated and read here.
    /// - Throws: `format` and `shape` for files that don't hold the model or the adapter; `memory`.
    public init(_ base: AdaptedModel, onto: MergeBase, on device: any Device) throws(TrainerError) {
        guard let lora = base.lora, let adapter = base.adapter else { preconditionFailure("MergedParameters.init: there is no adapter") }
        let loader = WeightLoader(base.files)
        try loader.prepare(base.model, .float32, quantisesLinears: onto == .nf4)
        try base.model.allocateTrained(on: device)
        try lora.read(adapter)
        stored = try loader.stored(base.model)
        linears = Set(base.model.linears.flatMap { $0.parts.map { ObjectIdentifier($0.parameter) } })
        self.lora = lora
        self.onto = onto
        self.device = device
    }

    /// The tensors of the merged model in Hugging Face's names and shapes.
    ///
    /// - Parameter type: float32, bfloat16 or float16.
    public func tensors(as type: ElementType) -> [TensorToWrite] {
        stored.map { tensor in
            TensorToWrite(tensor.parameter.name, type, tensor.parameter.shape) { (sink) throws(TrainerError) in
                try write(tensor, as: type, to: sink)
            }
        }
    }

    private func write(_ tensor: StoredParameter, as type: ElementType, to sink: TensorToWrite.Sink) throws(TrainerError) {
        let parameter = tensor.parameter
        let isSaved = parameter.isTrainable
        let isQuantised = onto == .nf4 && !isSaved && linears.contains(ObjectIdentifier(parameter))
        let quantised = isQuantised ? try tensor.loaded(as: .nf4, on: device) : nil
        let module = lora.modules.first { "\($0.path).weight" == parameter.name }
        for rows in tensor.pieces {
            let values: Tensor
            if isSaved {
                values = parameter.weight.values.rows(rows)
            } else if let quantised {
                values = try device.tensor(rows.count, parameter.columns, .float32, .scratch)
                device.decode(values, quantised.weight, rows: rows)
            } else {
                values = try tensor.values(rows, on: device)
            }
            if let module {
                device.product(
                    values, module.b.weight.values.rows(rows), module.a.weight.values, transposesLeft: false, transposesRight: false,
                    alpha: Float(lora.options.scale), adds: true)
            }
            try hand(values, as: type, to: sink)
        }
        tensor.forget()
    }

    private func hand(_ values: Tensor, as type: ElementType, to sink: TensorToWrite.Sink) throws(TrainerError) {
        let encoded = try device.tensor(values.rows, values.columns, type, .scratch)
        device.encode(encoded, values)
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: encoded.byteCount, alignment: 64)
        defer { bytes.deallocate() }
        device.download(encoded, to: bytes)
        try sink(UnsafeRawBufferPointer(bytes))
    }
}
