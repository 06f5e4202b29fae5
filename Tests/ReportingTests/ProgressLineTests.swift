import Support
import Testing

@testable import Reporting

@Suite struct ProgressLineTests {
    @Test("terminal: the line at 120, 80, 60, 40 and 20 columns")
    func terminal() {
        let left = Duration.seconds(725)
        let lines = [120, 80, 60, 40, 20].map { ProgressLine.terminalText(record(120), left: left, width: $0) }
        #expect(
            lines == [
                "[###...........................]  120/1000  loss 1.250  lr 2.0e-04  4,000 tok/s  12:05 left  1.34 GB",
                "[#........]  120/1000  loss 1.250  lr 2.0e-04  4,000 tok/s  12:05 left  1.34 GB",
                "120/1000  loss 1.250  lr 2.0e-04  4,000 tok/s  12:05 left",
                "120/1000  loss 1.250  12:05 left",
                "[.......]  120/1000",
            ])
        for (width, line) in zip([120, 80, 60, 40, 20], lines) { #expect(line.count < width) }
    }

    @Test("terminal: any width is kept, and nothing that is not a number is hidden")
    func anyWidth() {
        for width in 0...130 {
            let line = ProgressLine.terminalText(record(7, loss: .nan), left: nil, width: width)
            #expect(line.count <= max(0, width - 1))
            if width > 25 { #expect(line.contains("loss nan")) }
        }
    }

    @Test("terminal: one line is written over again, ended by what is said between and by the last step")
    func rewriting() {
        var out = ""
        let progress = ProgressLine(loggingSteps: 10, leastInterval: .zero, width: { 30 }, write: { out += $0 })
        progress.show(record(1, of: 3))
        progress.show(record(2, of: 3))
        progress.say("checkpoint at step 2")
        progress.show(record(3, of: 3))
        progress.finish()
        let start = "\r\u{1B}[K"
        #expect(
            out == "\(start)1/3  loss 1.250  4,000 tok/s" + "\(start)2/3  loss 1.250  0:02 left" + "\(start)checkpoint at step 2\n"
                + "\(start)3/3  loss 1.250  4,000 tok/s\n")
    }

    @Test("elsewhere: a plain line for the first step, every tenth and the last")
    func plain() {
        var lines: [String] = []
        let progress = ProgressLine(loggingSteps: 10, width: { nil }, write: { lines.append($0) })
        for step in 1...25 { progress.show(record(step, of: 25)) }
        #expect(lines.count == 4)
        #expect(lines[0] == "step 1/25  epoch 0.04  loss 1.2500  lr 2.0e-04  norm 0.500  4,000 tokens/s  peak 1.34 GB\n")
        #expect(lines[1] == "step 10/25  epoch 0.40  loss 1.2500  lr 2.0e-04  norm 0.500  4,000 tokens/s  0:30 left  peak 1.34 GB\n")
        #expect(lines[3].hasPrefix("step 25/25"))
    }

    @Test("elsewhere: a skipped update is said")
    func skipped() {
        var skipped = record(1, loss: .infinity)
        skipped.isSkipped = true
        #expect(
            ProgressLine.plainText(skipped, left: nil).contains("loss inf") && ProgressLine.plainText(skipped, left: nil).contains("UPDATE SKIPPED"))
    }
}
