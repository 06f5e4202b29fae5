import Foundation
import Reporting
import TestSupport
import Testing

@testable import Watching

private let token = "0123456789abcdef0123456789abcdef"

private func answer(_ target: String, method: String = "GET", host: String? = "127.0.0.1:8080", folder: String = "/nowhere") -> WatchAnswers.Answer {
    WatchAnswers(folder: RunFolder(path: folder), token: token).answer(method: method, target: target, host: host)
}

@Suite struct WatchAnswersTests {
    @Test("the page and its news are given to those who know the token")
    func known() {
        let page = answer("/\(token)/")
        #expect(page.status == 200 && page.type.hasPrefix("text/html") && page.body.count > 20_000)
        let news = answer("/\(token)/news?end=0&tag=0&files=0", host: "localhost:8080")
        #expect(news.status == 200 && news.type == "application/json")
        #expect(String(decoding: news.body, as: UTF8.self).contains("\"waiting\""))
    }

    @Test(
        "pain 40: all else is refused: no token, a wrong one, a part of it, its start",
        arguments: ["/", "/news", "/favicon.ico", "/\(token.dropLast())/", "/\(token)0/", "/\(token.dropLast())0/news", "//\(token)/", token, ""])
    func refused(target: String) { #expect(answer(target).status == 403) }

    @Test(
        "behind the token there is nothing but the two, whatever the path", arguments: ["x", "news/", "../metrics.jsonl", "/etc/passwd", "%2e%2e/"])
    func nothingElse(path: String) { #expect(answer("/\(token)/\(path)").status == 404) }

    @Test("the address without its last stroke is no page, since what the page asks for would lie elsewhere")
    func withoutStroke() { #expect(answer("/\(token)").status == 404) }

    @Test("a page of another site whose name leads here, and other methods, are refused")
    func hostsAndMethods() {
        for host in ["example.com", "127.0.0.1.example.com", "localhost.example.com:80", nil] {
            #expect(answer("/\(token)/", host: host).status == 403)
        }
        for method in ["POST", "PUT", "DELETE", "HEAD", "OPTIONS"] { #expect(answer("/\(token)/", method: method).status == 405) }
    }

    @Test("a query that is none is a page that has nothing")
    func oddQueries() {
        for query in ["?", "?end=-5&tag=x", "?end=9999999999999999999&tag=4294967296", "?end=5", "?=&&=="] {
            let news = answer("/\(token)/news\(query)")
            #expect(news.status == 200 && String(decoding: news.body, as: UTF8.self).contains("\"end\":0"))
        }
    }
}
