import Foundation
import Reporting
import Support

/// What the watcher answers: the page of a run and its news to those who know the token, nothing to all others.
struct WatchAnswers: Sendable {
    let folder: RunFolder
    /// The first part of every path that is answered.
    let token: String

    struct Answer: Equatable, Sendable {
        var status: Int
        var type = "text/plain; charset=utf-8"
        var body: [UInt8]
    }

    /// - Parameters:
    ///   - target: Path and query as the request has them.
    ///   - host: The host that the request believes it speaks to. A page of another site that had its name lead here would give that one.
    func answer(method: String, target: String, host: String?) -> Answer {
        guard let host, ["127.0.0.1", "localhost"].contains(host.prefix { $0 != ":" }) else { return refusal(403, "Ask for 127.0.0.1.") }
        guard method == "GET" else { return refusal(405, "Only GET is answered.") }
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = parts[0].split(separator: "/", omittingEmptySubsequences: false)
        guard path.count >= 2, path[0].isEmpty, isToken(path[1]) else { return refusal(403, "Open the address that trainer watch printed.") }
        switch path.dropFirst(2).joined(separator: "/") {
        case "" where path.count == 3: return Answer(status: 200, type: "text/html; charset=utf-8", body: RunPage.html(nil))
        case "news": return news(known(parts.count > 1 ? parts[1] : ""))
        default: return refusal(404, "There is nothing here.")
        }
    }

    private func refusal(_ status: Int, _ words: String) -> Answer { Answer(status: status, body: Array("\(words)\n".utf8)) }

    private func news(_ known: RunNews.Known) -> Answer {
        do throws(TrainerError) {
            return Answer(status: 200, type: "application/json", body: try RunNews.read(folder, known: known).json)
        } catch {
            return refusal(500, "\(error)")
        }
    }

    /// What the query says the page has; nothing where it says something else.
    private func known(_ query: Substring) -> RunNews.Known {
        var known = RunNews.Known()
        for pair in query.split(separator: "&").map({ $0.split(separator: "=", maxSplits: 1) }) where pair.count == 2 {
            switch pair[0] {
            case "end": known.metrics.end = Int(pair[1]) ?? 0
            case "tag": known.metrics.tag = UInt32(pair[1]) ?? 0
            case "files": known.filesTag = UInt32(pair[1]) ?? 0
            default: break
            }
        }
        return known
    }

    /// Compares all bytes whatever the first ones are, so that the time tells nothing.
    private func isToken(_ text: Substring) -> Bool {
        let (own, given) = (Array(token.utf8), Array(text.utf8))
        guard own.count == given.count else { return false }
        return zip(own, given).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
