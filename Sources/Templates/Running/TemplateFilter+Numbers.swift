import Foundation
import Support

extension TemplateInterpreter {
    // MARK: - Numbers

    func number(_ filter: TemplateFilter, _ value: TemplateValue, _ arguments: TemplateArguments) throws(TrainerError) -> TemplateValue {
        if filter == .sum { return try sum(value, arguments) }
        try checkDefined(value)
        switch filter {
        case .abs:
            _ = try bind([], arguments, of: "abs")
            if let integer = value.index { return integer < 0 ? try signed(.integer(integer), isNegative: true) : .integer(integer) }
            guard case .double(let double) = value else { throw error("the filter abs takes a number, not a \(value.typeName)") }
            return .double(Swift.abs(double))
        case .float:
            let missing = try bind(["default"], arguments, of: "float")[0] ?? .double(0)
            if let number = value.number { return .double(number) }
            guard case .string(let text) = value, let number = text.pythonDouble else { return missing }
            return .double(number)
        case .int: return try integer(value, arguments)
        default: return try round(value, arguments)
        }
    }

    private func integer(_ value: TemplateValue, _ arguments: TemplateArguments) throws(TrainerError) -> TemplateValue {
        let values = try bind(["default", "base"], arguments, of: "int")
        let base = try values[1].map { (value) throws(TrainerError) in try integer(value, "base") } ?? 10
        if let integer = value.index { return .integer(integer) }
        var number: Double?
        if case .string(let text) = value {
            if let integer = text.pythonInteger(base: base) { return .integer(integer) }
            number = text.pythonDouble
            let digits = text.text.drop { $0 == "+" || $0 == "-" }
            if digits.utf8.count > 18, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
                throw error("the integer \(text.text) exceeds 64 bits")
            }
            if number?.isFinite == false { number = nil }
        } else if case .double(let double) = value {
            guard !double.isInfinite else { throw error("an infinite number has no integer") }
            number = double
        }
        guard let number, !number.isNaN else { return values[0] ?? .integer(0) }
        guard let integer = Int(exactly: number.rounded(.towardZero)) else { throw error("the integer of \(number) exceeds 64 bits") }
        return .integer(integer)
    }

    private func round(_ value: TemplateValue, _ arguments: TemplateArguments) throws(TrainerError) -> TemplateValue {
        let values = try bind(["precision", "method"], arguments, of: "round")
        let precision = try values[0].map { (value) throws(TrainerError) in try integer(value, "precision") } ?? 0
        let method = try values[1].map { (value) throws(TrainerError) in try text(of: value).text } ?? "common"
        guard ["common", "ceil", "floor"].contains(method) else { throw error("the filter round has no method \(method)") }
        guard let number = value.number else { throw error("the filter round takes a number, not a \(value.typeName)") }
        if method == "common" {
            if let integer = value.index { return try round(integer, precision) }
            return .double(number.rounded(places: precision))
        }
        let scale = Foundation.pow(10, Double(precision))
        guard scale.isFinite, scale != 0 else { throw error("the filter round can't keep \(precision) places") }
        let scaled = number * scale
        guard scaled.isFinite else { throw error("the filter round can't keep \(precision) places") }
        return .double(scaled.rounded(method == "ceil" ? .up : .down) / scale)
    }

    /// Rounds to tens, hundreds and so on where the precision is negative, halves to even.
    private func round(_ integer: Int, _ precision: Int) throws(TrainerError) -> TemplateValue {
        guard precision < 0 else { return .integer(integer) }
        guard precision > -19, let unit = Int("1" + String(repeating: "0", count: -precision)) else { return .integer(0) }
        let (quotient, remainder) = integer.quotientAndRemainder(dividingBy: unit)
        let half = remainder.magnitude * 2
        let isUp = half > unit.magnitude || half == unit.magnitude && quotient % 2 != 0
        let (result, overflow) = (quotient + (isUp ? integer.signum() : 0)).multipliedReportingOverflow(by: unit)
        guard !overflow else { throw error("a rounded integer exceeds 64 bits") }
        return .integer(result)
    }

    private func sum(_ value: TemplateValue, _ arguments: TemplateArguments) throws(TrainerError) -> TemplateValue {
        let values = try bind(["attribute", "start"], arguments, of: "sum")
        let path = try attributePath(values[0])
        var total = values[1] ?? .integer(0)
        if case .string = total { throw error("the filter sum can't add strings") }
        for item in try items(of: value) { total = try calculate(.add, total, try follow(path, from: item)) }
        return total
    }
}

extension TracedString {
    /// The text without white space at its ends and without underscores between digits; nil if they stand elsewhere.
    private var numeral: String? {
        let characters = Array(self[trimming(where: \.isPythonSpace)].bytes)
        for (place, byte) in characters.enumerated() where byte == UInt8(ascii: "_") {
            func isDigit(_ place: Int) -> Bool {
                characters.indices.contains(place) && Character(Unicode.Scalar(characters[place])).isHexDigit
            }
            guard isDigit(place - 1), isDigit(place + 1) else { return nil }
        }
        return String(decoding: characters.filter { $0 != UInt8(ascii: "_") }, as: UTF8.self)
    }

    /// What Python's `float` reads.
    fileprivate var pythonDouble: Double? {
        guard let text = numeral?.lowercased(), !text.isEmpty, !text.contains("x"), !text.contains("p"), !text.contains("(") else { return nil }
        return Double(text)
    }

    /// What Python's `int` reads in a base, 0 standing for the base that the prefix names.
    fileprivate func pythonInteger(base: Int) -> Int? {
        guard var text = numeral?.lowercased(), base == 0 || (2...36).contains(base) else { return nil }
        let isNegative = text.hasPrefix("-")
        if isNegative || text.hasPrefix("+") { text.removeFirst() }
        let prefixes = ["0b": 2, "0o": 8, "0x": 16]
        var radix = base
        if let named = prefixes[String(text.prefix(2))], base == 0 || base == named {
            text.removeFirst(2)
            radix = named
        } else if base == 0 {
            guard !text.hasPrefix("0") || text.allSatisfy({ $0 == "0" }) else { return nil }
            radix = 10
        }
        guard let first = text.first, first != "-", first != "+" else { return nil }
        return Int((isNegative ? "-" : "") + text, radix: radix)
    }
}

extension Double {
    /// Rounded to decimal places as Python's `round`: by the number's exact value, halves to even.
    func rounded(places: Int) -> Double {
        guard isFinite, places <= 320 else { return self }
        guard places < 0 else { return Double(String(format: "%.\(places)f", self)) ?? self }
        guard places >= -308 else { return 0 * self }
        let unit = Foundation.pow(10, Double(-places))
        return (self / unit).rounded(.toNearestOrEven) * unit
    }
}
