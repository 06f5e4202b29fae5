/// Equality and order as Python has them. Callers charge the weight of both values first.
extension TemplateValue {
    func equals(_ other: TemplateValue) -> Bool {
        switch (self, other) {
        case (.undefined, .undefined), (.none, .none): return true
        case (.string(let left), .string(let right)): return left == right
        case (.list(let left), .list(let right)):
            return left === right || left.isTuple == right.isTuple && left.items.elementsEqual(right.items) { $0.equals($1) }
        case (.mapping(let left), .mapping(let right)):
            guard left !== right else { return true }
            return left.entries.count == right.entries.count && left.entries.allSatisfy { right[$0.key].map($0.value.equals) ?? false }
        case (.object(let left), .object(let right)): return left.equals(right)
        default:
            return order(to: other) == .some(.equal)
        }
    }

    /// Whether this comes before the other, or is equal where `orEqual` says so; nil for values that Python does not order.
    func isBefore(_ other: TemplateValue, orEqual: Bool = false) -> Bool? {
        switch (self, other) {
        case (.string(let left), .string(let right)):
            // The order of UTF-8 bytes is that of scalars.
            return orEqual ? !right.bytes.lexicographicallyPrecedes(left.bytes) : left.bytes.lexicographicallyPrecedes(right.bytes)
        case (.list(let left), .list(let right)) where left.isTuple == right.isTuple:
            for (first, second) in zip(left.items, right.items) where !first.equals(second) { return first.isBefore(second, orEqual: orEqual) }
            return orEqual ? left.items.count <= right.items.count : left.items.count < right.items.count
        default:
            guard number != nil, other.number != nil else { return nil }
            let order = order(to: other)
            return order == .less || orEqual && order == .equal
        }
    }

    private enum Order { case less, equal, greater }

    /// The order of two numbers by their exact values; nil for other values, and where one is not a number.
    private func order(to other: TemplateValue) -> Order? {
        if let left = wholeIndex, let right = other.wholeIndex { return left < right ? .less : left == right ? .equal : .greater }
        guard let left = number, let right = other.number, !left.isNaN, !right.isNaN else { return nil }
        return left < right ? .less : left == right ? .equal : .greater
    }

    /// The integer that a number is; one that is none lies between integers or beyond those of 64 bits, so that rounding can't change its order.
    private var wholeIndex: Int? {
        if case .double(let value) = self { return Int(exactly: value) }
        return index
    }

    /// Python's `is`: one and the same object; numbers and texts are taken for the same if they are equal and of one type.
    func isSame(as other: TemplateValue) -> Bool {
        switch (self, other) {
        case (.none, .none): true
        case (.boolean(let left), .boolean(let right)): left == right
        case (.integer(let left), .integer(let right)): left == right
        case (.double(let left), .double(let right)): left == right
        case (.string(let left), .string(let right)): left == right
        case (.list(let left), .list(let right)): left === right || left.isTuple && left.items.isEmpty && right.isTuple && right.items.isEmpty
        case (.mapping(let left), .mapping(let right)): left === right
        case (.object(let left), .object(let right)): left === right
        default: false
        }
    }
}

extension TemplateObject {
    fileprivate func equals(_ other: TemplateObject) -> Bool {
        switch (kind, other.kind) {
        case (.range(let left), .range(let right)):
            // As sequences: the bounds may differ.
            return left.count == right.count && (left.count == 0 || left.start == right.start && (left.count == 1 || left.step == right.step))
        case (.view("keys", let left), .view("keys", let right)):
            return left.entries.count == right.entries.count && left.entries.allSatisfy { right[$0.key] != nil }
        case (.function(let left), .function(let right)): return left == right
        default: return self === other
        }
    }
}
