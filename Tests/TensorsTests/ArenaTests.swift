import Support
import TestSupport
import Testing

@testable import Tensors

@Suite struct ArenaTests {
    @Test("allocate: pieces do not overlap, are aligned, and freed neighbours become one gap that is used again")
    func reuse() throws {
        let arena = try Arena()
        let sizes = [100, 64, 4096, 1, 1000]
        let pieces = try sizes.map { try arena.allocate($0) }
        for (index, piece) in pieces.enumerated() {
            #expect(Int(bitPattern: piece) % 64 == 0)
            piece.initializeMemory(as: UInt8.self, repeating: UInt8(index), count: sizes[index])
        }
        for (index, piece) in pieces.enumerated() {
            #expect((0..<sizes[index]).allSatisfy { piece.load(fromByteOffset: $0, as: UInt8.self) == UInt8(index) })
        }
        arena.release(pieces[1], sizes[1])
        arena.release(pieces[3], sizes[3])
        arena.release(pieces[2], sizes[2])
        // 64 + 4096 + 64 bytes in a row are free now, in front of the open end.
        #expect(try arena.allocate(64 + 4096 + 64) == pieces[1])
        #expect(try arena.allocate(64) == pieces[4] + 1024)
    }

    @Test("allocate: the smallest gap that fits is taken")
    func bestFit() throws {
        let arena = try Arena()
        let pieces = try [1024, 64, 256, 64, 512, 64].map { try arena.allocate($0) }
        for (index, size) in [(0, 1024), (2, 256), (4, 512)] { arena.release(pieces[index], size) }
        #expect(try arena.allocate(200) == pieces[2])
        #expect(try arena.allocate(300) == pieces[4])
        #expect(try arena.allocate(600) == pieces[0])
    }

    @Test("allocate: more than can ever fit is a memory error")
    func tooMuch() throws {
        let arena = try Arena()
        let error = #expect(throws: TrainerError.self) { try arena.allocate(1 << 60) }
        #expect(error?.code == .memory)
    }
}
