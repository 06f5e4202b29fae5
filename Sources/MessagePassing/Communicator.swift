internal import CMPI
import Glibc
public import Support

/// Some ranks of the job that talk to each other.
///
/// Not `Sendable`: a communicator belongs to the thread that made it, so two threads can't mix up the order of collectives. MPI's errors come
/// back as `communication`. Buffers are given by address because they are tensors; only Parallelism calls those functions.
public final class Communicator {
    let handle: MPI_Comm
    public let rank: Int
    public let size: Int
    /// The members as numbered in the whole job.
    public let ranksInJob: [Int]
    /// The same on every member, and no other communicator's.
    let identity: String
    private var partCount = 0
    /// Bytes that `startSend` has been given.
    public private(set) var sentBytes = 0
    /// MPI counts are 32 bits wide: longer messages go in pieces of this many bytes.
    private static let pieceCount = 1 << 28

    init(_ handle: MPI_Comm, identity: String) throws(TrainerError) {
        var (rank, size) = (Int32(0), Int32(0))
        try check(MPI_Comm_set_errhandler(handle, cmpi_errors_return()), "MPI_Comm_set_errhandler")
        try check(MPI_Comm_rank(handle, &rank), "MPI_Comm_rank")
        try check(MPI_Comm_size(handle, &size), "MPI_Comm_size")
        self.handle = handle
        self.rank = Int(rank)
        self.size = Int(size)
        self.identity = identity
        ranksInJob = try Self.ranksInJob(handle, count: Int(size))
    }

    private static func ranksInJob(_ handle: MPI_Comm, count: Int) throws(TrainerError) -> [Int] {
        guard let world = cmpi_comm_world() else { return [] }
        var (all, own) = (cmpi_group_null(), cmpi_group_null())
        try check(MPI_Comm_group(world, &all), "MPI_Comm_group")
        defer { MPI_Group_free(&all) }
        try check(MPI_Comm_group(handle, &own), "MPI_Comm_group")
        defer { MPI_Group_free(&own) }
        var ranks = [Int32](repeating: 0, count: count)
        try check(MPI_Group_translate_ranks(own, Int32(count), Array(0..<Int32(count)), all, &ranks), "MPI_Group_translate_ranks")
        return ranks.map { Int($0) }
    }

    /// The ranks that share this rank's node, in rank order.
    public func onThisNode() throws(TrainerError) -> Communicator {
        var node = cmpi_comm_null()
        try collective("split", "by node") { () throws(TrainerError) in
            let status = MPI_Comm_split_type(handle, Int32(MPI_COMM_TYPE_SHARED), Int32(rank), cmpi_info_null(), &node)
            try check(status, "MPI_Comm_split_type")
        }
        guard let node else { throw TrainerError(.communication, "rank \(rank)", "MPI gives no communicator for this node") }
        return try Communicator(node, identity: nextIdentity("node"))
    }

    /// Parts are made in the same order on all members.
    private func nextIdentity(_ part: String) -> String {
        partCount += 1
        return "\(identity).\(partCount)-\(part)"
    }

    // MARK: What the flight record knows

    /// Makes a call that every member makes, and lets the flight record know of it and of the wait for the others.
    private func collective<Value>(_ call: String, _ name: String, _ body: () throws(TrainerError) -> Value) throws(TrainerError) -> Value {
        wait(call, name, count: count())
        defer { endWait() }
        return try body()
    }

    /// This rank has come to a call that every member makes in the same order; its number.
    public func count() -> Int { FlightRecord.own.count(identity) }

    /// This rank begins to wait for others.
    ///
    /// - Parameter count: Which of the calls that all members make it is, as `count()` gave it; nil for messages between two ranks.
    public func wait(_ call: String, _ name: String, count: Int?) { FlightRecord.own.wait(call, name, identity, ranksInJob, count: count) }

    /// The wait that began last is over.
    public func endWait() { FlightRecord.own.endWait() }

    /// The members whose messages this rank still waits for.
    public func note(silent members: some Sequence<Int>) { FlightRecord.own.note(silent: members.map { ranksInJob[$0] }.sorted()) }

    // MARK: Collectives

    /// Waits until every rank has come here.
    public func barrier(name: String = "") throws(TrainerError) {
        try collective("barrier", name) { () throws(TrainerError) in try check(MPI_Barrier(handle), "MPI_Barrier") }
    }

    /// Waits as `barrier` does, but asleep: for work that takes other ranks long, whose cores a spinning wait would take.
    public func idleBarrier(name: String = "") throws(TrainerError) {
        try collective("barrier", name) { () throws(TrainerError) in
            var handle = cmpi_request_null()
            try check(MPI_Ibarrier(self.handle, &handle), "MPI_Ibarrier")
            guard let handle else { return }
            let request = Request(handle, peer: nil)
            var microseconds: UInt32 = 50
            while try !request.test() {
                usleep(microseconds)
                microseconds = min(2 * microseconds, 4000)
            }
        }
    }

    /// The ranks that give the same colour, in the order of their keys; nil for a rank that gives no colour. All ranks call it together.
    public func split(color: Int?, key: Int) throws(TrainerError) -> Communicator? {
        var part = cmpi_comm_null()
        try collective("split", "") { () throws(TrainerError) in
            try check(MPI_Comm_split(handle, color.map(Int32.init) ?? Int32(MPI_UNDEFINED), Int32(key), &part), "MPI_Comm_split")
        }
        let identity = nextIdentity("\(color ?? -1)")
        guard let part, part != cmpi_comm_null() else { return nil }
        return try Communicator(part, identity: identity)
    }

    // MARK: Between two ranks

    /// Begins to send bytes. The memory must stay as it is until the requests are done.
    ///
    /// Messages of one tag between two ranks arrive in the order in which they were sent.
    public func startSend(_ bytes: UnsafeRawBufferPointer, to rank: Int, tag: Int) throws(TrainerError) -> [Request] {
        sentBytes += bytes.count
        return try pieces(bytes.count, rank) { (start, length) throws(TrainerError) in
            var request = cmpi_request_null()
            let status = MPI_Isend(bytes.baseAddress.map { $0 + start }, length, cmpi_byte(), Int32(rank), Int32(tag), handle, &request)
            try check(status, "MPI_Isend")
            return request
        }
    }

    /// Begins to receive as many bytes as `startSend` was given there.
    public func startReceive(_ bytes: UnsafeMutableRawBufferPointer, from rank: Int, tag: Int) throws(TrainerError) -> [Request] {
        try pieces(bytes.count, rank) { (start, length) throws(TrainerError) in
            var request = cmpi_request_null()
            let status = MPI_Irecv(bytes.baseAddress.map { $0 + start }, length, cmpi_byte(), Int32(rank), Int32(tag), handle, &request)
            try check(status, "MPI_Irecv")
            return request
        }
    }

    private func pieces(
        _ count: Int, _ peer: Int, _ begin: (_ start: Int, _ length: Int32) throws(TrainerError) -> MPI_Request?
    ) throws(TrainerError) -> [Request] {
        var requests: [Request] = []
        for start in stride(from: 0, to: count, by: Self.pieceCount) {
            if let request = try begin(start, Int32(min(Self.pieceCount, count - start))) { requests.append(Request(request, peer: peer)) }
        }
        return requests
    }

    // MARK: Reductions

    public enum Reduction { case sum, max, min }

    /// The reduction of each value over the ranks, on every rank.
    public func reduce(_ values: [Double], _ reduction: Reduction, name: String = "") throws(TrainerError) -> [Double] {
        var values = values
        let (call, operation) =
            switch reduction {
            case .sum: ("sum", cmpi_sum())
            case .max: ("maximum", cmpi_max())
            case .min: ("minimum", cmpi_min())
            }
        return try collective(call, name) { () throws(TrainerError) in
            let status = values.withUnsafeMutableBufferPointer {
                MPI_Allreduce(cmpi_in_place(), $0.baseAddress, Int32($0.count), cmpi_double(), operation, handle)
            }
            try check(status, "MPI_Allreduce")
            return values
        }
    }

    /// The bytes of `root`, on every rank.
    public func broadcast(_ bytes: [UInt8], root: Int = 0, name: String = "") throws(TrainerError) -> [UInt8] {
        try collective("broadcast", name) { () throws(TrainerError) in try broadcastNow(bytes, root) }
    }

    private func broadcastNow(_ bytes: [UInt8], _ root: Int) throws(TrainerError) -> [UInt8] {
        var count = Int64(bytes.count)
        try check(MPI_Bcast(&count, 1, cmpi_int64(), Int32(root), handle), "MPI_Bcast")
        var bytes = rank == root ? bytes : [UInt8](repeating: 0, count: Int(count))
        for start in stride(from: 0, to: Int(count), by: Self.pieceCount) {
            let length = Int32(min(Self.pieceCount, Int(count) - start))
            let status = bytes.withUnsafeMutableBytes { MPI_Bcast($0.baseAddress.map { $0 + start }, length, cmpi_byte(), Int32(root), handle) }
            try check(status, "MPI_Bcast")
        }
        return bytes
    }

    /// Every rank's bytes, in rank order, on every rank; under 2 GB in all.
    public func gather(_ bytes: [UInt8], name: String = "") throws(TrainerError) -> [[UInt8]] {
        try collective("gather", name) { () throws(TrainerError) in try gatherNow(bytes) }
    }

    private func gatherNow(_ bytes: [UInt8]) throws(TrainerError) -> [[UInt8]] {
        var own = Int32(clamping: bytes.count)
        var counts = [Int32](repeating: 0, count: size)
        try check(MPI_Allgather(&own, 4, cmpi_byte(), &counts, 4, cmpi_byte(), handle), "MPI_Allgather")
        var starts = [0]
        for count in counts { starts.append(starts[starts.count - 1] + Int(count)) }
        guard starts[size] <= Int(Int32.max) else {
            throw TrainerError(.communication, "rank \(rank)", "\(ByteCount(starts[size])) are too many to gather at once")
        }
        var all = [UInt8](repeating: 0, count: starts[size])
        let displacements = starts.map(Int32.init)
        let status = bytes.withUnsafeBytes { mine in
            all.withUnsafeMutableBytes {
                MPI_Allgatherv(mine.baseAddress, own, cmpi_byte(), $0.baseAddress, counts, displacements, cmpi_byte(), handle)
            }
        }
        try check(status, "MPI_Allgatherv")
        return (0..<size).map { Array(all[starts[$0]..<starts[$0 + 1]]) }
    }
}

/// A message or a collective under way.
public final class Request {
    /// The rank that it goes to or comes from; nil for a collective.
    public let peer: Int?
    private var handle: MPI_Request?

    init(_ handle: MPI_Request, peer: Int?) {
        self.handle = handle
        self.peer = peer
    }

    /// Whether it is done; MPI moves it along when asked.
    public func test() throws(TrainerError) -> Bool {
        guard handle != nil else { return true }
        var flag = Int32(0)
        try check(MPI_Test(&handle, &flag, cmpi_status_ignore()), "MPI_Test")
        if flag != 0 { handle = nil }
        return flag != 0
    }
}

/// - Throws: `communication` with MPI's own words if the status is not success.
func check(_ status: Int32, _ call: String) throws(TrainerError) {
    guard status != MPI_SUCCESS else { return }
    var text = [CChar](repeating: 0, count: Int(MPI_MAX_ERROR_STRING))
    var length = Int32(0)
    MPI_Error_string(status, &text, &length)
    let words = String(decoding: text.prefix(Int(length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    throw TrainerError(.communication, call, words, remedy: "A peer may be gone; restart the job, it resumes from its last checkpoint")
}
