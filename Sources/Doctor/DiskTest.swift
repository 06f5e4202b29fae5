import Glibc
import Support

/// How fast files are written to the device and read back, in a run's folder.
enum DiskTest {
    /// Writes for at most about `duration`, then reads; the file is removed.
    static func run(folder: String, duration: Duration, largest: Int = 256 << 20) -> DiskFacts {
        var facts = DiskFacts(folder: folder)
        let path = "\(folder)/.trainer-doctor-\(getpid())"
        let files = FileSystem()
        defer { try? files.remove(path) }
        do throws(TrainerError) {
            facts.free = try files.freeSpace(at: folder).bytes
            facts.smallWriteSeconds = try smallWrite(path, files)
            let size = min(largest, facts.free / 4)
            guard size >= 1 << 20 else { return facts }
            (facts.write, facts.read) = try large(path, files, size: size, duration)
        } catch {
            facts.problem = "\(error.subject): \(error.problem)"
        }
        return facts
    }

    /// The median of a few, since a disk's other work comes between.
    private static func smallWrite(_ path: String, _ files: FileSystem) throws(TrainerError) -> Double {
        var seconds: [Double] = []
        for _ in 0..<5 {
            try files.remove(path)
            let file = try files.create(path)
            let start = ContinuousClock.now
            try file.write([UInt8](repeating: 1, count: 4096))
            try file.synchronize()
            seconds.append((ContinuousClock.now - start) / .seconds(1))
            try file.close()
        }
        try files.remove(path)
        return seconds.sorted()[seconds.count / 2]
    }

    private static func large(
        _ path: String, _ files: FileSystem, size: Int, _ duration: Duration
    ) throws(TrainerError) -> (write: Double, read: Double) {
        // Bytes that differ, for file systems that compress.
        let random = Philox(seed: 1, purpose: .sampling)
        let piece = (0..<(1 << 18)).flatMap { index in withUnsafeBytes(of: random.words(UInt64(index)).0) { Array($0) } }
        let file = try files.create(path, pastCache: true)
        let start = ContinuousClock.now
        var written = 0
        while written < size, ContinuousClock.now - start < duration {
            try file.write(piece)
            written += piece.count
        }
        try file.synchronize()
        let writeSeconds = (ContinuousClock.now - start) / .seconds(1)
        try file.close()
        let readStart = ContinuousClock.now
        let input = try ReadableFile(path: path, fromDevice: true)
        while try !input.next(1 << 20).isEmpty, ContinuousClock.now - readStart < duration {}
        let readSeconds = (ContinuousClock.now - readStart) / .seconds(1)
        return (Double(written) / max(writeSeconds, 1e-9), Double(input.position) / max(readSeconds, 1e-9))
    }
}
