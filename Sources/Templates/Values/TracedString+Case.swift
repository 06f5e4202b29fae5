/// Changes of case as Python's `str` makes them, run by run, so that origins stay.
extension TracedString {
    var uppercased: TracedString { mapScalars { $0.properties.uppercaseMapping } }

    /// A final sigma is written as one, as Python and Unicode's SpecialCasing do.
    var lowercased: TracedString {
        guard bytes.contains(where: { $0 >= 0x80 }) else { return mapScalars { $0.properties.lowercaseMapping } }
        let all = Array(scalars)
        var index = -1
        return mapScalars { scalar in
            index += 1
            return scalar == "\u{3A3}" ? Self.isFinalSigma(all, index) ? "\u{3C2}" : "\u{3C3}" : scalar.properties.lowercaseMapping
        }
    }

    /// The first character as a title has it, the others lower.
    var capitalized: TracedString {
        guard let first = scalars.first else { return self }
        let cut = String(first).utf8.count
        var result = self[0..<cut].mapScalars { $0.properties.titlecaseMapping }
        let rest = lowercased
        result.append(rest[min(first.properties.lowercaseMapping.utf8.count, rest.bytes.count)..<rest.bytes.count])
        return result
    }

    /// Each letter after one that has no case as a title has it, the others lower: `str.title`.
    var titled: TracedString {
        var isInside = false
        return mapScalars { scalar in
            defer { isInside = scalar.isCased }
            return isInside ? scalar.properties.lowercaseMapping : scalar.properties.titlecaseMapping
        }
    }

    /// Whether some character has a case and none has another than this one.
    func isAll(_ isWanted: (Unicode.Scalar) -> Bool) -> Bool {
        let cased = scalars.filter(\.isCased)
        return !cased.isEmpty && cased.allSatisfy(isWanted)
    }

    /// The text as HTML: the characters that mean something there are named, unless it is HTML already.
    var escapedForHTML: TracedString {
        guard !isMarkup else { return self }
        var result = mapScalars { scalar in
            switch scalar {
            case "&": "&amp;"
            case "<": "&lt;"
            case ">": "&gt;"
            case "'": "&#39;"
            case "\"": "&#34;"
            default: String(scalar)
            }
        }
        result.isMarkup = true
        return result
    }

    func mapScalars(_ change: (Unicode.Scalar) -> String) -> TracedString {
        mapRuns { run in
            var result: [UInt8] = []
            result.reserveCapacity(run.count)
            for scalar in String(decoding: run, as: UTF8.self).unicodeScalars { result.append(contentsOf: change(scalar).utf8) }
            return result
        }
    }

    /// Unicode's condition Final_Sigma (section 3.13, table 3-17): a cased letter before and none after, case-ignorable characters apart.
    private static func isFinalSigma(_ all: [Unicode.Scalar], _ index: Int) -> Bool {
        let before = all[..<index].last { !$0.properties.isCaseIgnorable }
        let after = all[(index + 1)...].first { !$0.properties.isCaseIgnorable }
        return before?.properties.isCased == true && after?.properties.isCased != true
    }
}

extension Unicode.Scalar {
    /// A letter with a case: lower, upper or title.
    fileprivate var isCased: Bool {
        properties.isLowercase || properties.isUppercase || properties.generalCategory == .titlecaseLetter
    }
}
