import Glibc

/// A moment as a calendar and a clock on the wall show it, for `strftime_now`.
public struct TemplateTime: Equatable, Sendable {
    public var year: Int
    /// From 1 on, as the day.
    public var month: Int
    public var day: Int
    public var hour: Int
    public var minute: Int
    public var second: Int

    public init(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0) {
        self.year = year
        self.month = month
        self.day = day
        self.hour = hour
        self.minute = minute
        self.second = second
    }

    /// Now, where this machine is.
    public static var now: TemplateTime {
        var seconds = time(nil)
        var local = tm()
        localtime_r(&seconds, &local)
        return TemplateTime(
            year: Int(local.tm_year) + 1900, month: Int(local.tm_mon) + 1, day: Int(local.tm_mday), hour: Int(local.tm_hour),
            minute: Int(local.tm_min), second: Int(local.tm_sec))
    }

    private static let weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
    ]

    /// Days since 1 January 1970 in the Gregorian calendar, counted from 1 March of year 0 on, so that leap days end years.
    private var dayNumber: Int {
        let marchYear = month > 2 ? year : year - 1
        let fromMarch = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return 365 * marchYear + marchYear / 4 - marchYear / 100 + marchYear / 400 + fromMarch - 719_468
    }

    /// 0 is Sunday; 1 January 1970 was a Thursday.
    private var weekday: Int { ((dayNumber + 4) % 7 + 7) % 7 }

    /// From 1 on.
    private var dayOfYear: Int { dayNumber - TemplateTime(year: year, month: 1, day: 1).dayNumber + 1 }

    /// The year and week of ISO 8601: a week belongs to the year of its Thursday.
    private var isoWeek: (year: Int, week: Int) {
        let thursday = dayOfYear - (weekday + 6) % 7 + 3
        let length = TemplateTime(year: year, month: 12, day: 31).dayOfYear
        if thursday < 1 { return (year - 1, (thursday + TemplateTime(year: year - 1, month: 12, day: 31).dayOfYear - 1) / 7 + 1) }
        return thursday > length ? (year + 1, 1) : (year, (thursday - 1) / 7 + 1)
    }

    /// The text of a format of C's `strftime` in the C locale; the time zone is unknown and empty, as Python's clock without a zone has it.
    func formatted(_ format: String) -> String {
        var result = ""
        var isCode = false
        var hasFlag = false
        for character in format.unicodeScalars {
            if !isCode {
                if character == "%" { isCode = true } else { result.unicodeScalars.append(character) }
            } else if character == "-", !hasFlag {
                hasFlag = true
            } else {
                let text = field(character) ?? "%\(hasFlag ? "-" : "")\(character)"
                result += hasFlag ? Self.unpadded(text) : text
                (isCode, hasFlag) = (false, false)
            }
        }
        return isCode ? result + (hasFlag ? "%-" : "%") : result
    }

    /// What `%-d` and its like print: without leading zeros or spaces.
    private static func unpadded(_ text: String) -> String {
        let trimmed = text.drop { $0 == "0" || $0 == " " }
        return trimmed.isEmpty && !text.isEmpty ? "0" : String(trimmed)
    }

    private func field(_ code: Unicode.Scalar) -> String? {
        func padded(_ value: Int, _ count: Int = 2, _ fill: String = "0") -> String {
            String(repeating: fill, count: max(0, count - String(value).utf8.count)) + String(value)
        }
        let hour12 = (hour + 11) % 12 + 1
        switch code {
        case "a": return String(Self.weekdays[weekday].prefix(3))
        case "A": return Self.weekdays[weekday]
        case "b", "h": return String(Self.months[(month + 11) % 12].prefix(3))
        case "B": return Self.months[(month + 11) % 12]
        case "c": return formatted("%a %b %e %H:%M:%S %Y")
        case "C": return padded(year / 100)
        case "d": return padded(day)
        case "D", "x": return formatted("%m/%d/%y")
        case "e": return padded(day, 2, " ")
        case "f": return "000000"
        case "F": return formatted("%Y-%m-%d")
        case "g": return padded(isoWeek.year % 100)
        case "G": return String(isoWeek.year)
        case "H": return padded(hour)
        case "I": return padded(hour12)
        case "j": return padded(dayOfYear, 3)
        case "k": return padded(hour, 2, " ")
        case "l": return padded(hour12, 2, " ")
        case "m": return padded(month)
        case "M": return padded(minute)
        case "n": return "\n"
        case "p": return hour < 12 ? "AM" : "PM"
        case "P": return hour < 12 ? "am" : "pm"
        case "r": return formatted("%I:%M:%S %p")
        case "R": return formatted("%H:%M")
        case "S": return padded(second)
        case "t": return "\t"
        case "T", "X": return formatted("%H:%M:%S")
        case "u": return String((weekday + 6) % 7 + 1)
        case "U": return padded((dayOfYear + 6 - weekday) / 7)
        case "V": return padded(isoWeek.week)
        case "w": return String(weekday)
        case "W": return padded((dayOfYear + 6 - (weekday + 6) % 7) / 7)
        case "y": return padded(year % 100)
        case "Y": return String(year)
        case "z", "Z": return ""
        case "%": return "%"
        default: return nil
        }
    }
}
