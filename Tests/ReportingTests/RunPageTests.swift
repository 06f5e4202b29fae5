import Foundation
import Support
import TestSupport
import Testing

@testable import Reporting

@Suite struct RunPageTests {
    private func text(_ news: RunNews?) -> String { String(decoding: RunPage.html(news), as: UTF8.self) }

    @Test("pain 40: the page asks no other machine for anything, and its policy would not let it")
    func staysHere() throws {
        let page = text(nil)
        // The names of SVG's elements, which are addresses that nobody opens.
        let addresses = page.replacing("http://www.w3.org/2000/svg", with: "")
        #expect(!addresses.contains("http:") && !addresses.contains("https:") && !addresses.contains("//cdn"))
        #expect(page.contains("default-src 'none'") && page.contains("connect-src 'self'"))
        #expect(!page.contains("innerHTML") && !page.contains("eval(") && !page.contains("{{"))
    }

    @Test("texts of the data and the model stay texts: none of them ends the element it lies in")
    func hostileTexts() throws {
        try withTemporaryFolder { folder in
            let run = RunFolder(path: folder)
            try run.write(description())
            let hostile = "</script><script>alert(1)</script><!-- {{script}} \u{2028} \\ \" ]]>"
            let log = try MetricsLog.open(path: run.metricsPath, keepingSteps: 0)
            try log.append(
                EvaluationRecord(
                    step: 0, loss: 1, trainedTokens: 1, seconds: 1, samples: [.init(prompt: hostile, wanted: hostile, generated: hostile)]))
            try Data([0xFF, 0x3C, 0x00, 0x0A]).write(to: URL(fileURLWithPath: run.resolvedPath))
            let news = try RunNews.read(run)
            let page = text(news)
            #expect(page.components(separatedBy: "</script").count == text(nil).components(separatedBy: "</script").count)
            #expect(page.components(separatedBy: "<!--").count == 1)
            let start = try #require(page.range(of: "<script type=\"application/json\" id=\"news\">"))
            let end = try #require(page.range(of: "</script>", range: start.upperBound..<page.endIndex))
            let read = try JSONDecoder().decode(RunNews.self, from: Data(page[start.upperBound..<end.lowerBound].utf8))
            #expect(read.metrics == news.metrics && read.files == news.files)
            let line = try #require(read.metrics.text.split(separator: "\n").first)
            #expect(try JSONDecoder().decode(EvaluationRecord.self, from: Data(line.utf8)).samples[0].prompt == hostile)
        }
    }

    @Test("report.html: the page with all that the folder holds, of a run that ended in any way")
    func report() throws {
        try withTemporaryFolder { folder in
            let run = RunFolder(path: folder)
            try run.write(description())
            try MetricsLog.open(path: run.metricsPath, keepingSteps: 0).append(record(1))
            try run.write(RunEnding(.interrupted, time: 3))
            try run.writeReport()
            let page = try String(contentsOfFile: run.reportPath, encoding: .utf8)
            #expect(page.contains("gradient_norm") && page.contains("interrupted"))
        }
    }
}
