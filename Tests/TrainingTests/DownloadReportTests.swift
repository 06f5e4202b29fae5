import Hub
import Support
import Testing
import Training

@Suite struct DownloadReportTests {
    private final class Screen {
        var text = ""
        var time = ContinuousClock.now
    }

    private func show(width: Int?, _ events: [(seconds: Double, event: HubEvent)]) -> String {
        let screen = Screen()
        let start = screen.time
        let report = DownloadReport(width: { width }, now: { screen.time }) { screen.text += $0 }
        for (seconds, event) in events {
            screen.time = start + .seconds(seconds)
            report.show(event)
        }
        return screen.text
    }

    private func progress(_ bytes: Int) -> HubEvent { .progress(file: "a.gguf", bytes: bytes, of: 400_000_000, total: bytes, ofTotal: 400_000_000) }

    @Test("without a terminal a line every ten seconds tells bytes, rate and what is left")
    func plain() {
        let text = show(
            width: nil,
            [
                (0, .begins(files: 1, bytes: 400_000_000)), (0, progress(0)), (5, progress(50_000_000)), (10, progress(100_000_000)),
                (12, .retries(reason: "the hub answers 503", after: .seconds(2))), (20, progress(200_000_000)), (40, .ends(bytes: 400_000_000)),
            ])
        #expect(
            text == """
                fetching 1 file, 400 MB
                a.gguf  100 MB of 400 MB  10.0 MB/s  0:30 left
                the hub answers 503; trying again in 2.0 s
                a.gguf  200 MB of 400 MB  10.0 MB/s  0:20 left
                fetched 400 MB in 40 s

                """)
    }

    @Test("on a terminal one line is written again and again, and never wider than it; what an earlier attempt left does not raise the rate")
    func terminal() {
        let text = show(
            width: 30, [(0, .begins(files: 1, bytes: 400_000_000)), (0, progress(300_000_000)), (10, progress(310_000_000)), (11, .ends(bytes: 1))])
        let lines = text.split(separator: "\r\u{1B}[K", omittingEmptySubsequences: false)
        #expect(lines.count == 3 && lines[1] == "a.gguf  310 MB of 400 MB  1.0", "\(lines)")
        let wide = show(width: 80, [(0, progress(300_000_000)), (10, progress(310_000_000))])
        #expect(wide.hasSuffix("1.00 MB/s  1:30 left"))
    }
}
