internal import CMPI
public import Support

extension Communicator {
    /// Sends a message from one rank to another and back, `count` times after one that does not count; all ranks may call it.
    ///
    /// - Returns: The time of one way, on the two ranks; nil on the others, and where the two are one.
    public func pingPong(between first: Int, and second: Int, byteCount: Int, count: Int) throws(TrainerError) -> Duration? {
        guard first != second, [first, second].contains(rank), count > 0 else { return nil }
        var bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: rank), count: byteCount)
        let peer = rank == first ? second : first
        var start = ContinuousClock.now
        for round in 0...count {
            if round == 1 { start = ContinuousClock.now }
            for sends in rank == first ? [true, false] : [false, true] { try move(&bytes, peer, sends: sends) }
        }
        return (ContinuousClock.now - start) / (2 * count)
    }

    private func move(_ bytes: inout [UInt8], _ peer: Int, sends: Bool) throws(TrainerError) {
        let (count, tag) = (Int32(clamping: bytes.count), Int32(7))
        let status = bytes.withUnsafeMutableBytes { bytes in
            sends
                ? MPI_Send(bytes.baseAddress, count, cmpi_byte(), Int32(peer), tag, handle)
                : MPI_Recv(bytes.baseAddress, count, cmpi_byte(), Int32(peer), tag, handle, cmpi_status_ignore())
        }
        try check(status, sends ? "MPI_Send" : "MPI_Recv")
    }
}
