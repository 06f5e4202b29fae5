import Support

/// Values as text: Python's `str` and `repr`.
extension TemplateInterpreter {
    func text(of value: TemplateValue) throws(TrainerError) -> TracedString {
        switch value {
        case .undefined: return TracedString()
        case .string(let text): return text
        default: return try represented(value)
        }
    }

    /// What Python's `repr` gives.
    func represented(_ value: TemplateValue) throws(TrainerError) -> TracedString {
        try charge(value)
        var result = TracedString()
        try represent(value, TracedString.Mark(), into: &result)
        return result
    }

    private func represent(_ value: TemplateValue, _ mark: TracedString.Mark, into result: inout TracedString) throws(TrainerError) {
        switch value {
        case .undefined: result.append("Undefined", mark)
        case .string(let text): result.append(text.quoted(mark))
        case .list(let list):
            let mark = mark.inside(list.origin)
            result.append(list.isTuple ? "(" : "[", mark)
            for (index, item) in list.items.enumerated() {
                if index > 0 { result.append(", ", mark) }
                try represent(item, mark, into: &result)
            }
            result.append(list.isTuple ? list.items.count == 1 ? ",)" : ")" : "]", mark)
        case .mapping(let mapping):
            let mark = mark.inside(mapping.origin)
            result.append("{", mark)
            for (index, entry) in mapping.entries.enumerated() {
                if index > 0 { result.append(", ", mark) }
                try represent(entry.key, mark, into: &result)
                result.append(": ", mark)
                try represent(entry.value, mark, into: &result)
            }
            result.append("}", mark)
        case .object(let object): try represent(object, mark, into: &result)
        default: result.append(value.literal, mark)
        }
        try checkSize(result.bytes.count)
    }

    private func represent(_ object: TemplateObject, _ mark: TracedString.Mark, into result: inout TracedString) throws(TrainerError) {
        switch object.kind {
        case .range(let range):
            result.append("range(\(range.start), \(range.stop)\(range.step == 1 ? "" : ", \(range.step)"))", mark)
        case .view(let name, let mapping):
            result.append("dict_\(name)(", mark)
            let items = name == "items" ? mapping.pairs : mapping.entries.map { name == "keys" ? $0.key : $0.value }
            try represent(.list(items), mark, into: &result)
            result.append(")", mark)
        case .macro(let macro): result.append(macro.definition.name.isEmpty ? "<Macro anonymous>" : "<Macro '\(macro.definition.name)'>", mark)
        case .loop(let loop): result.append("<LoopContext \(loop.index + 1)/\(try count(loop))>", mark)
        default: throw error("a \(object.typeName) can't be printed")
        }
    }
}

extension TracedString.Mark {
    /// The mark of what lies in a container: that of its message, if it is part of one.
    func inside(_ origin: TemplateOrigin) -> Self {
        guard origin != .computed else { return self }
        var mark = self
        mark.origin = origin
        return mark
    }
}

extension TemplateValue {
    /// A constant or number as Python prints it.
    fileprivate var literal: String {
        switch self {
        case .none: "None"
        case .boolean(let value): value ? "True" : "False"
        case .integer(let value): String(value)
        case .double(let value): value.pythonText
        default: ""
        }
    }
}
