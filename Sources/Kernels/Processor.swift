internal import COpenBLAS
internal import CLinux

/// What the processor can do, what this program was compiled for, and which of its kernels OpenBLAS chose.
public struct Processor: Equatable, Sendable {
    /// Instruction sets by their names in /proc/cpuinfo.
    public var instructionSets: Set<String>
    /// As /proc/cpuinfo has it.
    public var modelName: String

    public init(instructionSets: Set<String>, modelName: String) {
        self.instructionSets = instructionSets
        self.modelName = modelName
    }

    /// From the text of /proc/cpuinfo.
    public init(cpuinfo: String) {
        func value(_ key: String) -> Substring {
            let line = cpuinfo.split(separator: "\n").first { $0.hasPrefix(key) } ?? ""
            return line.split(separator: ":", maxSplits: 1).dropFirst().first ?? ""
        }
        instructionSets = Set(value("flags").split(separator: " ").map(String.init))
        modelName = value("model name").drop { $0 == " " }.description
    }

    /// Instruction sets that the kernels use and the processor lacks: running them would end in SIGILL.
    public var missing: [String] {
        String(cString: clinux_compiled_instruction_sets()).split(separator: " ").map(String.init).filter { !instructionSets.contains($0) }
    }

    /// The OpenBLAS kernels to ask for by OPENBLAS_CORETYPE when the ones chosen are worse than the processor allows; nil if they are not.
    ///
    /// OpenBLAS falls back to Prescott's, a tenth as fast, on processors younger than itself.
    public func betterCore(than chosen: String) -> String? {
        let wide = ["SkylakeX", "Cooperlake", "SapphireRapids"]
        let middle = ["Haswell", "Zen", "Excavator"]
        if ["avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512cd"].allSatisfy(instructionSets.contains) {
            return wide.contains(chosen) ? nil : "SkylakeX"
        }
        if ["avx2", "fma"].allSatisfy(instructionSets.contains) { return (wide + middle).contains(chosen) ? nil : "Haswell" }
        return nil
    }
}
