import Support

extension Duration {
    public var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }

    /// As a clock has it: `0:42`, `12:05`, `2:07:10`, `1 d 03:04`.
    public var clock: String {
        let total = Int(max(0, seconds).rounded())
        let (days, hours, minutes) = (total / 86400, total / 3600 % 24, total / 60 % 60)
        if days > 0 { return "\(days) d \(padded(hours)):\(padded(minutes))" }
        return total >= 3600 ? "\(hours):\(padded(minutes)):\(padded(total % 60))" : "\(minutes):\(padded(total % 60))"
    }

    /// In words for summaries: `0.35 s`, `4.2 s`, `41 s`, `3 min 05 s`, `2 h 07 min`, `1 d 03 h`.
    public var words: String {
        let total = Int(max(0, seconds).rounded())
        switch seconds {
        case ..<0.995: return "\(fixed(max(0, seconds), 2)) s"
        case ..<9.95: return "\(fixed(seconds, 1)) s"
        case ..<59.5: return "\(total) s"
        case ..<3599.5: return "\(total / 60) min \(padded(total % 60)) s"
        case ..<86400: return "\(total / 3600) h \(padded(total / 60 % 60)) min"
        default: return "\(total / 86400) d \(padded(total / 3600 % 24)) h"
        }
    }
}

private func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
