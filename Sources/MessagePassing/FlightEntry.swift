import Foundation
import Support

/// What a rank has written of itself, as other ranks read it.
struct FlightEntry: Codable, Equatable {
    /// The same on all ranks of a job, and no other job's: what an earlier one has left is none of theirs.
    var job: String
    var rank: Int
    /// When it was written, in seconds since 1970.
    var time: Double
    var place: FlightRecord.Place

    /// Puts it in place of what was there. A reader sees the one or the other, whole.
    func write(to path: String) throws { try JSONEncoder().encode(self).write(to: URL(fileURLWithPath: path), options: .atomic) }

    /// - Returns: nil where there is none of the job's, or none that can be read.
    static func read(_ path: String, job: String) -> FlightEntry? {
        guard let size = FileSystem().size(of: path), size < 1 << 20, let data = FileManager.default.contents(atPath: path) else { return nil }
        return (try? JSONDecoder().decode(FlightEntry.self, from: data)).flatMap { $0.job == job ? $0 : nil }
    }

    /// Where the rank was: `in step 7, forward since 12 s (host node3, written 4 s ago)`.
    func words(now: Double) -> String {
        func since(_ start: Double) -> String { "since \(seconds(time - start))" }
        var words = "in step \(place.step + 1), \(place.phase) \(since(place.phaseSince))"
        if let work = place.work { words += ", at work on \(work)" }
        if let wait = place.wait { words += ", itself waiting in \(wait.words) \(since(wait.since))" }
        return words + " (host \(place.host), written \(seconds(now - time)) ago)"
    }
}

extension FlightRecord.Wait {
    /// `sum (gradients of model.layers.3)`.
    var words: String { name.isEmpty ? call : "\(call) (\(name))" }
}

/// Whole seconds; clocks of different nodes may differ, but nothing lies in the future.
func seconds(_ value: Double) -> String { "\(Int(max(0, min(value, 1e9)).rounded())) s" }
