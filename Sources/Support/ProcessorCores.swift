internal import CLinux
import Glibc

/// The cores that processes may run on.
public struct ProcessorCores: Equatable, Sendable {
    /// Room for 8192 cores, the kernel's largest build.
    private static let maskBytes = 1024

    /// Core numbers, ascending.
    public var cores: [Int]

    public init(cores: [Int]) { self.cores = cores }

    /// The cores a process may use; nil if the system doesn't say. Process 0 is the caller.
    public static func allowed(process: Int32 = 0) -> ProcessorCores? {
        var mask = [UInt8](repeating: 0, count: maskBytes)
        let written = clinux_get_affinity(process, UInt(mask.count), &mask)
        guard written > 0 else { return nil }
        return ProcessorCores(cores: (0..<written * 8).filter { mask[$0 / 8] >> ($0 % 8) & 1 == 1 })
    }

    /// The share of one of `count` processes: neighbouring cores, every core given once; all cores if there are fewer cores than processes.
    public func share(_ index: Int, of count: Int) -> ProcessorCores {
        guard count <= cores.count else { return self }
        return ProcessorCores(cores: Array(cores[cores.count * index / count..<cores.count * (index + 1) / count]))
    }

    /// Has the calling thread run only where no other thread wants the core, for work that nobody waits for. Who comes to wait for it must sleep.
    public static func giveWay() { _ = clinux_give_way() }

    /// Binds the calling thread, and those it starts afterwards, to these cores.
    public func bind() {
        var mask = [UInt8](repeating: 0, count: Self.maskBytes)
        for core in cores where core < mask.count * 8 { mask[core / 8] |= 1 << (core % 8) }
        _ = clinux_set_affinity(0, UInt(mask.count), mask)
    }
}
