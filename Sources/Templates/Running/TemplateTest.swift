import Support

/// The tests that may follow `is`.
enum TemplateTest: String, CaseIterable {
    case odd, even, divisibleby, defined, undefined, filter, test, none, boolean, integer, float, lower, upper, string, mapping, number, sequence,
        iterable, callable, sameas, escaped
    case isTrue = "true"
    case isFalse = "false"
    case isIn = "in"
    case equal = "eq"
    case notEqual = "ne"
    case greater = "gt"
    case greaterOrEqual = "ge"
    case less = "lt"
    case lessOrEqual = "le"

    /// Second names of tests.
    private static let others: [String: TemplateTest] = [
        "==": .equal, "equalto": .equal, "!=": .notEqual, ">": .greater, "greaterthan": .greater, ">=": .greaterOrEqual, "<": .less,
        "lessthan": .less, "<=": .lessOrEqual,
    ]

    init?(spelling: String) {
        guard let test = Self(rawValue: spelling) ?? Self.others[spelling] else { return nil }
        self = test
    }

    /// The comparison that the test is another word for.
    fileprivate var comparison: TemplateSyntax.Comparison? {
        switch self {
        case .isIn: .isIn
        case .equal: .equal
        case .notEqual: .notEqual
        case .greater: .greater
        case .greaterOrEqual: .greaterOrEqual
        case .less: .less
        case .lessOrEqual: .lessOrEqual
        default: nil
        }
    }
}

extension TemplateInterpreter {
    func apply(test name: String, to value: TemplateValue, _ arguments: TemplateArguments) throws(TrainerError) -> Bool {
        guard let test = TemplateTest(spelling: name) else { throw error("the test \(name) is not supported") }
        let names = test == .divisibleby ? ["num"] : test == .sameas ? ["other"] : test.comparison != nil ? ["seq"] : []
        let operands = try bind(names, arguments, of: "the test \(name)")
        guard names.isEmpty || operands[0] != nil else { throw error("the test \(name) takes an argument") }
        if let comparison = test.comparison, let operand = operands[0] { return try holds(comparison, value, operand) }
        switch test {
        case .odd, .even, .divisibleby:
            let divisor = operands.first.flatMap { $0 } ?? .integer(2)
            return try calculate(.remainder, value, divisor).equals(.integer(test == .odd ? 1 : 0))
        case .sameas: return operands[0].map { value.isSame(as: $0) } ?? false
        case .lower, .upper:
            let text = try text(of: value)
            try charge(bytes: text.bytes.count)
            return text.isAll { test == .lower ? $0.properties.isLowercase : $0.properties.isUppercase }
        case .filter, .test:
            guard case .string(let text) = value else { return false }
            return test == .filter ? TemplateFilter(spelling: text.text) != nil : TemplateTest(spelling: text.text) != nil
        default: return isKind(test, value)
        }
    }

    private func isKind(_ test: TemplateTest, _ value: TemplateValue) -> Bool {
        switch (test, value) {
        case (.defined, _): return !value.isUndefined
        case (.undefined, .undefined), (.none, .none), (.boolean, .boolean), (.integer, .integer), (.float, .double), (.string, .string),
            (.mapping, .mapping):
            return true
        case (.escaped, .string(let text)): return text.isMarkup
        case (.isTrue, .boolean(let value)): return value
        case (.isFalse, .boolean(let value)): return !value
        case (.number, _): return value.number != nil
        case (.sequence, .string), (.sequence, .list), (.sequence, .mapping), (.sequence, .undefined): return true
        case (.sequence, .object(let object)): if case .range = object.kind { return true } else { return false }
        case (.iterable, .string), (.iterable, .list), (.iterable, .mapping), (.iterable, .undefined): return true
        case (.iterable, .object(let object)):
            switch object.kind {
            case .range, .iterator, .view, .loop: return true
            default: return false
            }
        case (.callable, .undefined): return true
        case (.callable, .object(let object)):
            switch object.kind {
            case .macro, .function, .method, .loop: return true
            default: return false
            }
        default: return false
        }
    }
}
