/// A value that only a running template makes: a namespace, macro, function, method, range, iterator or loop.
///
/// `@unchecked Sendable`: an object is made by one rendering, used by its thread alone and gone with it.
public final class TemplateObject: @unchecked Sendable {
    enum Kind {
        case namespace(TemplateNamespace)
        case macro(TemplateMacro)
        case function(TemplateFunction)
        /// A method with the value that it belongs to.
        case method(of: TemplateValue, name: String)
        case range(TemplateRange)
        /// What yields its items once: a generator, as lazy filters return it.
        case iterator(TemplateIterator)
        /// `keys`, `values` or `items` of a mapping.
        case view(name: String, of: TemplateMapping)
        case loop(TemplateLoop)
    }

    let kind: Kind
    let extent: TemplateExtent

    init(_ kind: Kind) {
        self.kind = kind
        extent =
            switch kind {
            case .method(let receiver, _): TemplateExtent(of: [receiver])
            case .view(_, let mapping): TemplateExtent(of: [.mapping(mapping)])
            case .iterator(let iterator): iterator.extent
            case .loop(let loop): loop.extent
            case .namespace, .macro, .function, .range: TemplateExtent(depth: 1, weight: 1)
            }
    }

    /// The number of items, for what has one: Python's `len`.
    var length: Int? {
        switch kind {
        case .range(let range): range.count
        case .view(_, let mapping): mapping.entries.count
        default: nil
        }
    }

    var typeName: String {
        switch kind {
        case .namespace: "Namespace"
        case .macro: "Macro"
        case .function, .method: "builtin_function_or_method"
        case .range: "range"
        case .iterator: "generator"
        case .view(let name, _): "dict_\(name)"
        case .loop: "LoopContext"
        }
    }
}

/// What `namespace()` makes: attributes that `set` can change.
final class TemplateNamespace {
    var attributes: [(name: String, value: TemplateValue)] = []

    subscript(name: String) -> TemplateValue? {
        get { attributes.first { $0.name == name }?.value }
        set {
            guard let newValue else { return attributes.removeAll { $0.name == name } }
            if let index = attributes.firstIndex(where: { $0.name == name }) {
                attributes[index].value = newValue
            } else {
                attributes.append((name, newValue))
            }
        }
    }
}

/// A macro or the body of a `call` block, with the names that were visible where it stands.
final class TemplateMacro {
    let definition: TemplateSyntax.Macro
    let scope: TemplateScope

    init(_ definition: TemplateSyntax.Macro, scope: TemplateScope) {
        self.definition = definition
        self.scope = scope
    }
}

/// A function that every template can call.
enum TemplateFunction: String, CaseIterable {
    case range, dict, namespace
    case raiseException = "raise_exception"
    case strftimeNow = "strftime_now"
}

/// Python's `range`.
struct TemplateRange {
    let start: Int
    let stop: Int
    let step: Int
    let count: Int

    /// Nil if the step is 0 or a bound is so large that the count overflows.
    init?(_ start: Int, _ stop: Int, _ step: Int) {
        let (distance, overflow) = stop.subtractingReportingOverflow(start)
        guard step != 0, step != .min, !overflow, distance != .min else { return nil }
        self.start = start
        self.stop = stop
        self.step = step
        count = distance != 0 && (distance > 0) == (step > 0) ? (abs(distance) - 1) / abs(step) + 1 : 0
    }

    /// In bounds: the index is below the count, so the item lies between start and stop.
    subscript(index: Int) -> TemplateValue { .integer(start + index * step) }

    var items: [TemplateValue] { (0..<count).map { self[$0] } }
}

/// A sequence that is used up by reading it.
final class TemplateIterator {
    private var items: ArraySlice<TemplateValue>
    let extent: TemplateExtent

    init(_ items: [TemplateValue]) {
        self.items = items[...]
        extent = TemplateExtent(of: items)
    }

    /// What was not read yet; nothing remains.
    func takeAll() -> [TemplateValue] {
        defer { items = [] }
        return Array(items)
    }

    func takeFirst() -> TemplateValue? { items.popFirst() }
}
