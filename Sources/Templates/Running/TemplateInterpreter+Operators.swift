import Glibc
import Support

/// Arithmetic and comparison as Python has them, on integers of 64 bits.
extension TemplateInterpreter {
    func calculate(
        _ operation: TemplateSyntax.Arithmetic, _ left: TemplateValue, _ right: TemplateValue
    ) throws(TrainerError) -> TemplateValue {
        for value in [left, right] { try checkDefined(value) }
        if let left = left.index, let right = right.index { return try integers(operation, left, right) }
        if let left = left.number, let right = right.number { return try doubles(operation, left, right) }
        switch (operation, left, right) {
        case (.add, .string(let left), .string(let right)):
            let isMarkup = left.isMarkup || right.isMarkup
            if isMarkup { try charge(bytes: left.bytes.count + right.bytes.count) }
            var sum = isMarkup ? left.escapedForHTML : left
            sum.append(isMarkup ? right.escapedForHTML : right)
            return try made(sum)
        case (.add, .list(let left), .list(let right)) where left.isTuple == right.isTuple:
            return try made(left.items + right.items, isTuple: left.isTuple)
        case (.multiply, .string, _), (.multiply, .list, _):
            if let count = right.index { return try repeated(left, count) }
        case (.multiply, _, .string), (.multiply, _, .list):
            if let count = left.index { return try repeated(right, count) }
        case (.remainder, .string(let format), _): return try percentFormat(format, right)
        default: break
        }
        throw error("\(operation.rawValue) does not go with \(left.typeName) and \(right.typeName)")
    }

    func checkDefined(_ value: TemplateValue) throws(TrainerError) {
        if case .undefined(let problem) = value { throw error(problem) }
    }

    private func integers(_ operation: TemplateSyntax.Arithmetic, _ left: Int, _ right: Int) throws(TrainerError) -> TemplateValue {
        switch operation {
        case .add: return try exact(left.addingReportingOverflow(right), operation)
        case .subtract: return try exact(left.subtractingReportingOverflow(right), operation)
        case .multiply: return try exact(left.multipliedReportingOverflow(by: right), operation)
        case .divide:
            guard right != 0 else { throw error("division by zero") }
            return .double(Double(left) / Double(right))
        case .floorDivide, .remainder:
            guard right != 0 else { throw error("division by zero") }
            guard right != -1 else { return operation == .remainder ? .integer(0) : try exact(Int(0).subtractingReportingOverflow(left), operation) }
            let (quotient, remainder) = left.quotientAndRemainder(dividingBy: right)
            // Python rounds down, Swift towards zero.
            let isShort = remainder != 0 && (remainder < 0) != (right < 0)
            return .integer(operation == .remainder ? remainder + (isShort ? right : 0) : quotient - (isShort ? 1 : 0))
        case .power:
            guard right >= 0 else { return try doubles(.power, Double(left), Double(right)) }
            return try power(left, right)
        }
    }

    private func power(_ base: Int, _ exponent: Int) throws(TrainerError) -> TemplateValue {
        if base == 0 || base == 1 { return .integer(exponent == 0 ? 1 : base) }
        if base == -1 { return .integer(exponent % 2 == 0 ? 1 : -1) }
        var result = 1
        for _ in 0..<min(exponent, 64) {
            let (product, overflow) = result.multipliedReportingOverflow(by: base)
            guard !overflow else { throw error("an integer exceeds 64 bits in **") }
            result = product
        }
        return .integer(result)
    }

    private func exact(_ result: (Int, Bool), _ operation: TemplateSyntax.Arithmetic) throws(TrainerError) -> TemplateValue {
        guard !result.1 else { throw error("an integer exceeds 64 bits in \(operation.rawValue)") }
        return .integer(result.0)
    }

    private func doubles(_ operation: TemplateSyntax.Arithmetic, _ left: Double, _ right: Double) throws(TrainerError) -> TemplateValue {
        switch operation {
        case .add: return .double(left + right)
        case .subtract: return .double(left - right)
        case .multiply: return .double(left * right)
        case .divide, .floorDivide, .remainder:
            guard right != 0 else { throw error("division by zero") }
            if operation == .divide { return .double(left / right) }
            let remainder = fmod(left, right)
            let isShort = remainder != 0 && (remainder < 0) != (right < 0)
            if operation == .remainder {
                return .double(remainder == 0 ? copysign(0, right) : isShort ? remainder + right : remainder)
            }
            let quotient = (left - remainder) / right - (isShort ? 1 : 0)
            return .double(quotient == 0 ? copysign(0, left / right) : quotient.rounded())
        case .power:
            guard left != 0 || right >= 0 else { throw error("division by zero") }
            let result = pow(left, right)
            guard !result.isNaN || left.isNaN || right.isNaN, !result.isInfinite || left.isInfinite || right.isInfinite else {
                throw error("the result of ** is no finite number")
            }
            return .double(result)
        }
    }

    private func repeated(_ value: TemplateValue, _ count: Int) throws(TrainerError) -> TemplateValue {
        let count = max(count, 0)
        if case .list(let list) = value {
            let (total, overflow) = list.items.count.multipliedReportingOverflow(by: count)
            // Charged before it is made; making charges again.
            try charge(overflow ? .max : total)
            return try made(Array(repeatElement(list.items, count: total == 0 ? 0 : count).joined()), isTuple: list.isTuple)
        }
        guard case .string(let text) = value else { return value }
        let (total, overflow) = text.bytes.count.multipliedReportingOverflow(by: count)
        try checkSize(overflow ? .max : total)
        try charge(bytes: total)
        var result = TracedString()
        result.isMarkup = text.isMarkup
        for _ in 0..<(total == 0 ? 0 : count) { result.append(text) }
        return try made(result)
    }

    /// The value under a unary plus or minus.
    func signed(_ value: TemplateValue, isNegative: Bool) throws(TrainerError) -> TemplateValue {
        try checkDefined(value)
        if let integer = value.index { return isNegative ? try exact(Int(0).subtractingReportingOverflow(integer), .subtract) : .integer(integer) }
        guard case .double(let double) = value else { throw error("a sign stands before a \(value.typeName)") }
        return .double(isNegative ? -double : double)
    }

    // MARK: - Comparison

    /// `a < b < c` holds if both parts do, as in Python.
    func compare(
        _ first: Expression, _ others: [(TemplateSyntax.Comparison, Expression)], _ scope: TemplateScope, _ offset: Int
    ) throws(TrainerError) -> TemplateValue {
        var left = try evaluate(first, scope)
        for (comparison, expression) in others {
            let right = try evaluate(expression, scope)
            self.offset = offset
            guard try holds(comparison, left, right) else { return .boolean(false) }
            left = right
        }
        return .boolean(true)
    }

    func holds(_ comparison: TemplateSyntax.Comparison, _ left: TemplateValue, _ right: TemplateValue) throws(TrainerError) -> Bool {
        try charge(left, right)
        let isHeld: Bool?
        switch comparison {
        case .equal: return left.equals(right)
        case .notEqual: return !left.equals(right)
        case .isIn: return try contains(right, left)
        case .isNotIn: return !(try contains(right, left))
        case .less: isHeld = left.isBefore(right)
        case .lessOrEqual: isHeld = left.isBefore(right, orEqual: true)
        case .greater: isHeld = right.isBefore(left)
        case .greaterOrEqual: isHeld = right.isBefore(left, orEqual: true)
        }
        for value in [left, right] { try checkDefined(value) }
        guard let isHeld else { throw error("\(comparison.rawValue) does not go with \(left.typeName) and \(right.typeName)") }
        return isHeld
    }

    /// Whether a value lies in a container: Python's `in`.
    private func contains(_ container: TemplateValue, _ value: TemplateValue) throws(TrainerError) -> Bool {
        switch container {
        case .string(let text):
            guard case .string(let part) = value else { throw error("a \(value.typeName) can't lie in a string") }
            return text.find(part.bytes) != nil
        case .mapping(let mapping):
            guard TemplateKey(value) != nil else { throw error("a \(value.typeName) can't be a key of a mapping") }
            return mapping[value] != nil
        default: return try items(of: container).contains { $0.equals(value) }
        }
    }
}
