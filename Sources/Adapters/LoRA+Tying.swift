public import Models

extension LoRAOptions {
    /// A base model's description as it is with this adapter: a head or an embedding that is trained whole is a matrix of its own, so the two are tied no
    /// longer, as PEFT has it.
    public func untying(_ options: DecoderOptions, _ architecture: any Architecture.Type) -> DecoderOptions {
        let shared = architecture.table.filter { $0.role == .embedding || $0.role == .head }.map(\.name)
        let isSaved = shared.contains { name in modulesToSave.contains { LoRA.matches(name, module: $0) } }
        var options = options
        if isSaved { options.isTied = false }
        return options
    }
}

extension LoRA {
    /// Whether a parameter belongs to a module that is named by its path or by the end of it.
    static func matches(_ parameter: String, module name: String) -> Bool {
        let path = parameter.hasSuffix(".weight") ? String(parameter.dropLast(".weight".count)) : parameter
        return path == name || path.hasSuffix(".\(name)")
    }
}
