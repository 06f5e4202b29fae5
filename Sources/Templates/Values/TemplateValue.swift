/// A value of a chat template, as Python has it: what a template is given, and what it computes.
public enum TemplateValue: Sendable {
    /// A name, key or item that does not exist; the text says which.
    case undefined(String)
    case none
    case boolean(Bool)
    case integer(Int)
    case double(Double)
    case string(TracedString)
    case list(TemplateList)
    case mapping(TemplateMapping)
    /// What only a running template makes: a namespace, macro, function, method, range, iterator or loop.
    case object(TemplateObject)

    public static func string(_ text: String) -> TemplateValue { .string(TracedString(text)) }

    public static func list(_ items: [TemplateValue]) -> TemplateValue { .list(TemplateList(items)) }

    /// A mapping in the order of its pairs; of two pairs with one key the later one counts.
    public static func mapping(_ pairs: [(String, TemplateValue)]) -> TemplateValue {
        .mapping(TemplateMapping(pairs.map { (.string($0.0), $0.1) }))
    }
}

/// A list or a tuple. Templates can't change one.
public final class TemplateList: Sendable {
    let items: [TemplateValue]
    let isTuple: Bool
    /// The message that the list is part of, or `computed`.
    let origin: TemplateOrigin
    let extent: TemplateExtent

    init(_ items: [TemplateValue], isTuple: Bool = false, origin: TemplateOrigin = .computed) {
        self.items = items
        self.isTuple = isTuple
        self.origin = origin
        extent = TemplateExtent(of: items)
    }
}

/// A mapping that keeps the order of its keys. Templates can't change one.
public final class TemplateMapping: Sendable {
    let entries: [(key: TemplateValue, value: TemplateValue)]
    private let places: [TemplateKey: Int]
    let origin: TemplateOrigin
    /// The position in `messages`, if this is a message.
    let messageIndex: Int?
    let extent: TemplateExtent

    /// Pairs whose keys can't be hashed (lists, mappings) are left out; the interpreter refuses them before.
    init(_ pairs: [(TemplateValue, TemplateValue)], origin: TemplateOrigin = .computed, messageIndex: Int? = nil) {
        var entries: [(key: TemplateValue, value: TemplateValue)] = []
        var places: [TemplateKey: Int] = [:]
        entries.reserveCapacity(pairs.count)
        places.reserveCapacity(pairs.count)
        for (key, value) in pairs {
            guard let hashed = TemplateKey(key) else { continue }
            if let place = places[hashed] {
                entries[place].value = value
            } else {
                places[hashed] = entries.count
                entries.append((key, value))
            }
        }
        self.entries = entries
        self.places = places
        self.origin = origin
        self.messageIndex = messageIndex
        extent = TemplateExtent(of: entries.lazy.flatMap { [$0.key, $0.value] })
    }

    /// The value of a key; nil if there is none.
    subscript(key: TemplateValue) -> TemplateValue? {
        guard let place = TemplateKey(key).flatMap({ places[$0] }) else { return nil }
        return entries[place].value
    }

    subscript(name: String) -> TemplateValue? { places[.string(Array(name.utf8))].map { entries[$0].value } }

    /// The pairs as tuples.
    var pairs: [TemplateValue] { entries.map { .list(TemplateList([$0.key, $0.value], isTuple: true)) } }
}

/// How large a value is: bounds how deep and how long a walk through it goes.
///
/// A value can be part of another many times over, so that the weight may exceed what memory holds by far.
struct TemplateExtent: Sendable {
    /// How deep lists, mappings and objects lie in one another, this one included.
    var depth: Int
    /// The steps of a visit to each part, long texts counted by their length.
    var weight: Int

    /// 256 bytes of text cost a step.
    static let bytesPerStepShift = 8

    init(depth: Int, weight: Int) {
        self.depth = depth
        self.weight = weight
    }

    init(of parts: some Sequence<TemplateValue>) {
        self.init(depth: 1, weight: 1)
        for part in parts {
            let extent = part.extent
            depth = max(depth, extent.depth + 1)
            let (sum, overflow) = weight.addingReportingOverflow(extent.weight)
            weight = overflow ? .max : sum
        }
    }
}

/// A value as Python hashes it: equal numbers are one key, whatever their type, and texts are compared by their bytes.
enum TemplateKey: Hashable {
    case none
    case integer(Int)
    case double(Double)
    case string([UInt8])
    case tuple([TemplateKey])
    case undefined
    case object(ObjectIdentifier)

    /// Nil for what can't be hashed.
    init?(_ value: TemplateValue) {
        switch value {
        case .undefined: self = .undefined
        case .none: self = .none
        case .boolean(let value): self = .integer(value ? 1 : 0)
        case .integer(let value): self = .integer(value)
        case .double(let value): self = Int(exactly: value).map { .integer($0) } ?? .double(value)
        case .string(let value): self = .string(value.bytes)
        case .list(let list):
            guard list.isTuple else { return nil }
            var keys: [TemplateKey] = []
            for item in list.items {
                guard let key = TemplateKey(item) else { return nil }
                keys.append(key)
            }
            self = .tuple(keys)
        case .mapping: return nil
        case .object(let object): self = .object(ObjectIdentifier(object))
        }
    }
}

extension TemplateValue {
    static let emptyString = TemplateValue.string(TracedString())

    static func tuple(_ items: [TemplateValue]) -> TemplateValue { .list(TemplateList(items, isTuple: true)) }

    var extent: TemplateExtent {
        switch self {
        case .string(let text): TemplateExtent(depth: 0, weight: 1 + text.bytes.count >> TemplateExtent.bytesPerStepShift)
        case .list(let list): list.extent
        case .mapping(let mapping): mapping.extent
        case .object(let object): object.extent
        default: TemplateExtent(depth: 0, weight: 1)
        }
    }

    var isUndefined: Bool { if case .undefined = self { true } else { false } }

    /// The integer that a number in an integer's place stands for: Python's `__index__`.
    var index: Int? {
        switch self {
        case .integer(let value): value
        case .boolean(let value): value ? 1 : 0
        default: nil
        }
    }

    /// The value of a number.
    var number: Double? {
        if case .double(let value) = self { return value }
        return index.map(Double.init)
    }

    /// Truth as Python has it: empty, zero, none and undefined are false.
    var isTrue: Bool {
        switch self {
        case .undefined, .none: false
        case .boolean(let value): value
        case .integer(let value): value != 0
        case .double(let value): value != 0
        case .string(let value): !value.isEmpty
        case .list(let list): !list.items.isEmpty
        case .mapping(let mapping): !mapping.entries.isEmpty
        case .object(let object): object.length != 0
        }
    }

    /// The name of the value's type in Python, for errors.
    var typeName: String {
        switch self {
        case .undefined: "Undefined"
        case .none: "NoneType"
        case .boolean: "bool"
        case .integer: "int"
        case .double: "float"
        case .string: "str"
        case .list(let list): list.isTuple ? "tuple" : "list"
        case .mapping: "dict"
        case .object(let object): object.typeName
        }
    }
}
