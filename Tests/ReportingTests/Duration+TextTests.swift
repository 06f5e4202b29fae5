import Testing

@testable import Reporting

@Suite struct DurationTextTests {
    @Test("durations: as a clock and in words, right at each change of unit")
    func durations() {
        let cases: [(Double, String, String)] = [
            (-1, "0:00", "0.00 s"), (0.35, "0:00", "0.35 s"), (4.21, "0:04", "4.2 s"), (41.4, "0:41", "41 s"), (59.6, "1:00", "1 min 00 s"),
            (185, "3:05", "3 min 05 s"), (3599.6, "1:00:00", "1 h 00 min"), (7630, "2:07:10", "2 h 07 min"), (97440, "1 d 03:04", "1 d 03 h"),
        ]
        for (seconds, clock, words) in cases {
            #expect(Duration.seconds(seconds).clock == clock)
            #expect(Duration.seconds(seconds).words == words)
        }
    }
}
