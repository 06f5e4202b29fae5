import Testing

@testable import Templates

@Suite struct TemplateTimeTests {
    @Test(
        "weeks and years meet as ISO 8601 has it",
        arguments: [
            ((2021, 1, 3), "2020-53 7 003 01 00"), ((2024, 12, 30), "2025-01 1 365 52 53"), ((2026, 1, 1), "2026-01 4 001 00 00"),
            ((2000, 2, 29), "2000-09 2 060 09 09"),
            ((2023, 1, 1), "2022-52 7 001 01 00"),
        ])
    func weeks(_ date: (Int, Int, Int), _ text: String) {
        #expect(TemplateTime(year: date.0, month: date.1, day: date.2).formatted("%G-%V %u %j %U %W") == text)
    }

    @Test("hours, flags and unknown codes")
    func clock() {
        let time = TemplateTime(year: 2026, month: 3, day: 7, hour: 0, minute: 5, second: 9)
        #expect(time.formatted("%I:%M:%S %p|%-I:%-M|%-d.%-m.|%e|%H%%|%Q|%") == "12:05:09 AM|12:5|7.3.| 7|00%|%Q|%")
        #expect(TemplateTime(year: 2026, month: 3, day: 7, hour: 13).formatted("%I %P %l %k") == "01 pm  1 13")
    }
}
