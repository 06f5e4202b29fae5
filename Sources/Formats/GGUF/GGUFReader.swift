import Support

/// Walks over a GGUF header; every step is checked against the file's end.
struct GGUFReader {
    let file: MappedFile
    private(set) var offset = 0

    init(_ file: MappedFile) { self.file = file }

    var remaining: Int { file.bytes.count - offset }

    func error(_ problem: String, at place: Int? = nil, remedy: String? = nil) -> TrainerError {
        .format(file.path, at: place ?? offset, problem, remedy: remedy)
    }

    /// Checks that `count` more bytes are there for `what`.
    private func check(_ count: Int, _ what: String) throws(TrainerError) {
        guard count <= remaining else {
            let problem = "\(what) needs \(count) bytes, but only \(remaining) are left"
            throw error(problem, remedy: "The file is cut short or damaged: fetch or write it again")
        }
    }

    mutating func number<Number: FixedWidthInteger>(_ what: String, as type: Number.Type = Number.self) throws(TrainerError) -> Number {
        try check(MemoryLayout<Number>.size, what)
        let number = Number(littleEndian: file.bytes.loadUnaligned(fromByteOffset: offset, as: Number.self))
        offset += MemoryLayout<Number>.size
        return number
    }

    /// A count of things that take at least `minimumBytes` each; one that the rest of the file can't hold is refused before anything is made.
    mutating func count(_ what: String, minimumBytes: Int) throws(TrainerError) -> Int {
        let place = offset
        let count = try number("the number of \(what)", as: UInt64.self)
        guard count <= UInt64(remaining / minimumBytes) else {
            let problem = "the number of \(what) is \(count), which the \(remaining) bytes left can't hold"
            throw error(problem, at: place, remedy: "The file is cut short or damaged: fetch or write it again")
        }
        return Int(count)
    }

    mutating func string(_ what: String) throws(TrainerError) -> String {
        let place = offset
        let length = try number("the length of \(what)", as: UInt64.self)
        guard length <= UInt64(remaining) else {
            let problem = "\(what) has \(length) bytes, but only \(remaining) are left"
            throw error(problem, at: place, remedy: "The file is cut short or damaged: fetch or write it again")
        }
        let end = offset + Int(length)
        guard let text = String(validating: file.bytes[offset..<end], as: UTF8.self) else { throw error("\(what) is not UTF-8", at: place) }
        offset = end
        return text
    }

    mutating func kind(_ what: String) throws(TrainerError) -> GGUFValue.Kind {
        let place = offset
        let number = try number("the type of \(what)", as: UInt32.self)
        guard let kind = GGUFValue.Kind(rawValue: number) else { throw error("\(what) has the unknown value type \(number)", at: place) }
        return kind
    }

    mutating func value(_ kind: GGUFValue.Kind, _ what: String, depth: Int = 0) throws(TrainerError) -> GGUFValue {
        switch kind {
        case .uint8: return .uint8(try number(what))
        case .int8: return .int8(try number(what))
        case .uint16: return .uint16(try number(what))
        case .int16: return .int16(try number(what))
        case .uint32: return .uint32(try number(what))
        case .int32: return .int32(try number(what))
        case .uint64: return .uint64(try number(what))
        case .int64: return .int64(try number(what))
        case .float32: return .float32(Float(bitPattern: try number(what)))
        case .float64: return .float64(Double(bitPattern: try number(what)))
        case .bool:
            let byte = try number(what, as: UInt8.self)
            guard byte <= 1 else { throw error("\(what) is \(byte), where 0 or 1 is wanted for a Boolean", at: offset - 1) }
            return .bool(byte == 1)
        case .string: return .string(try string(what))
        case .array:
            guard depth < 8 else { throw error("\(what) has more than 8 levels of nesting") }
            let element = try self.kind(what)
            let count = try count("elements of \(what)", minimumBytes: element.minimumBytes)
            var elements: [GGUFValue] = []
            elements.reserveCapacity(count)
            for _ in 0..<count { elements.append(try value(element, what, depth: depth + 1)) }
            return .array(element, elements)
        }
    }
}
