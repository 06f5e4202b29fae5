import Foundation
import Support
import Synchronization
import Tensors

/// A rank's file of a checkpoint, copied into memory and on its way to the disk, by a thread of its own that gives way to those that compute.
///
/// It belongs to the thread that trains; the other one sees the copy's bytes and the folder, nothing else.
final class BackgroundWrite {
    /// What the two threads share. The copy outlives the thread's use of it: it is let go only when `wait` has returned.
    private final class Work: @unchecked Sendable {
        let pending: PendingCheckpoint
        let name: String
        let bytes: UnsafeRawBufferPointer
        let result = Mutex<Result<[CheckpointManifest.Entry], TrainerError>?>(nil)
        let duration = Mutex(Duration.zero)
        let done = DispatchSemaphore(value: 0)

        init(_ pending: PendingCheckpoint, _ name: String, _ bytes: UnsafeRawBufferPointer) {
            self.pending = pending
            self.name = name
            self.bytes = bytes
        }

        func run() {
            ProcessorCores.giveWay()
            let file = CheckpointFile(name: name, byteCount: bytes.count) { (file: inout CheckpointFileWriter) throws(TrainerError) in
                try file.write(self.bytes)
            }
            let start = ContinuousClock.now
            let written = Result { () throws(TrainerError) in try pending.write([file]) }
            duration.withLock { $0 = ContinuousClock.now - start }
            result.withLock { $0 = written }
            done.signal()
        }
    }

    private let copy: Tensor
    private let work: Work

    /// Copies a file's bytes and begins to write them.
    ///
    /// - Throws: `memory` for the copy, and what the file's own reading throws.
    init(_ file: CheckpointFile, _ pending: PendingCheckpoint, on device: any Device) throws(TrainerError) {
        copy = try Self.room(for: file, on: device)
        let bytes = try copy.withBytes { (bytes) throws(TrainerError) in bytes }
        var filled = 0
        try CheckpointFileWriter.stream(file, path: pending.folder) { (piece) throws(TrainerError) in
            UnsafeMutableRawBufferPointer(rebasing: bytes[filled..<filled + piece.count]).copyMemory(from: piece)
            filled += piece.count
        }
        let work = Work(pending, file.name, UnsafeRawBufferPointer(bytes))
        self.work = work
        Thread { work.run() }.start()
    }

    deinit { _ = wait() }

    /// The memory that the copy of a file takes.
    static func room(for file: CheckpointFile, on device: any Device) throws(TrainerError) -> Tensor {
        try device.tensor(1, file.byteCount, .uint8, .checkpoint)
    }

    /// How long the writing took; zero before it is done.
    var duration: Duration { work.duration.withLock { $0 } }

    var isDone: Bool { work.result.withLock { $0 != nil } }

    /// Returns when the file is on the disk or could not be written.
    func wait() -> Result<[CheckpointManifest.Entry], TrainerError> {
        work.done.wait()
        work.done.signal()
        return work.result.withLock { $0 } ?? .success([])
    }
}
