extension JSONValue {
    /// Reads a whole JSON text (RFC 8259).
    ///
    /// - Parameters:
    ///   - bytes: The text, UTF-8.
    ///   - path: The file it comes from, for errors.
    ///   - offset: Where in that file the text begins, in bytes.
    /// - Throws: `format` with the byte where the text breaks the rules: also for a name that comes twice in an object, bytes that are not
    ///   UTF-8, half of a surrogate pair, more than 128 levels of nesting, and anything but white space after the value.
    public static func parse(_ bytes: [UInt8], path: String, offset: Int = 0) throws(TrainerError) -> JSONValue {
        var parser = JSONParser(bytes: bytes, path: path, base: offset)
        let value = try parser.value(depth: 0)
        parser.skipWhiteSpace()
        guard parser.position == bytes.count else { throw parser.error("unexpected text after the JSON value") }
        return value
    }

    /// Reads a JSON file.
    ///
    /// - Throws: `file` if it can't be read, `format` as `parse` does.
    public static func read(path: String) throws(TrainerError) -> JSONValue {
        let file = try MappedFile(path: path)
        let bytes = withExtendedLifetime(file) { Array(file.bytes) }
        return try parse(bytes, path: path)
    }
}

private struct JSONParser {
    let bytes: [UInt8]
    let path: String
    let base: Int
    var position = 0

    init(bytes: [UInt8], path: String, base: Int) {
        self.bytes = bytes
        self.path = path
        self.base = base
    }

    func error(_ problem: String, at place: Int? = nil) -> TrainerError {
        TrainerError(.format, "\(path): byte \(base + (place ?? position))", problem, remedy: "Fetch or write the file again")
    }

    /// The byte at `position`, 0 at the end; no valid text holds a 0.
    var current: UInt8 { position < bytes.count ? bytes[position] : 0 }

    mutating func skipWhiteSpace() {
        while current == 0x20 || current == 0x0A || current == 0x0D || current == 0x09 { position += 1 }
    }

    mutating func value(depth: Int) throws(TrainerError) -> JSONValue {
        guard depth <= 128 else { throw error("more than 128 levels of nesting") }
        skipWhiteSpace()
        guard position < bytes.count else { throw error("the JSON text ends too early") }
        switch current {
        case UInt8(ascii: "{"): return .object(try object(depth: depth))
        case UInt8(ascii: "["): return .array(try array(depth: depth))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t") where take("true"): return .bool(true)
        case UInt8(ascii: "f") where take("false"): return .bool(false)
        case UInt8(ascii: "n") where take("null"): return .null
        default: return .number(try number())
        }
    }

    mutating func take(_ word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        let matches = word.withUTF8Buffer { position + count <= bytes.count && bytes[position..<position + count].elementsEqual($0) }
        if matches { position += count }
        return matches
    }

    mutating func object(depth: Int) throws(TrainerError) -> JSONObject {
        var object = JSONObject()
        position += 1
        skipWhiteSpace()
        if take("}") { return object }
        while true {
            skipWhiteSpace()
            guard current == UInt8(ascii: "\"") else { throw error("a name in quotation marks is missing") }
            let place = position
            let key = try string()
            guard object[key] == nil else { throw error("the name \"\(key)\" comes a second time in one object", at: place) }
            skipWhiteSpace()
            guard take(":") else { throw error("a colon is missing after the name \"\(key)\"") }
            object[key] = try value(depth: depth + 1)
            skipWhiteSpace()
            if take("}") { return object }
            guard take(",") else { throw error("a comma or } is missing") }
        }
    }

    mutating func array(depth: Int) throws(TrainerError) -> [JSONValue] {
        var elements: [JSONValue] = []
        position += 1
        skipWhiteSpace()
        if take("]") { return elements }
        while true {
            elements.append(try value(depth: depth + 1))
            skipWhiteSpace()
            if take("]") { return elements }
            guard take(",") else { throw error("a comma or ] is missing") }
        }
    }

    mutating func number() throws(TrainerError) -> String {
        let start = position
        if take("NaN") || take("Infinity") || take("-Infinity") { return String(decoding: bytes[start..<position], as: UTF8.self) }
        _ = take("-")
        let whole = digits()
        guard whole > 0, whole == 1 || bytes[position - whole] != UInt8(ascii: "0") else { throw error("no JSON value", at: start) }
        if take(".") {
            guard digits() > 0 else { throw error("a digit is missing after the point") }
        }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            guard digits() > 0 else { throw error("a digit is missing in the exponent") }
        }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    mutating func digits() -> Int {
        let start = position
        while (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(current) { position += 1 }
        return position - start
    }

    mutating func string() throws(TrainerError) -> String {
        let start = position
        position += 1
        var text: [UInt8] = []
        while true {
            guard position < bytes.count else { throw error("a string does not end", at: start) }
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else { throw error("a string is not UTF-8", at: start) }
                return string
            case UInt8(ascii: "\\"): try escape(into: &text)
            case 0..<0x20: throw error("a control character in a string", at: position - 1)
            default: text.append(byte)
            }
        }
    }

    /// Reads what follows a backslash.
    mutating func escape(into text: inout [UInt8]) throws(TrainerError) {
        let place = position - 1
        let letter = current
        position += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var code = try fourDigits(at: place)
            if (0xD800..<0xDC00).contains(code), take("\\u") {
                let low = try fourDigits(at: place)
                guard (0xDC00..<0xE000).contains(low) else { throw error("half of a surrogate pair", at: place) }
                code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw error("half of a surrogate pair", at: place) }
            text.append(contentsOf: Array(String(Character(scalar)).utf8))
        default: throw error("an escape that JSON does not know", at: place)
        }
    }

    mutating func fourDigits(at place: Int) throws(TrainerError) -> UInt32 {
        guard position + 4 <= bytes.count else { throw error("a \\u escape needs four digits", at: place) }
        var code: UInt32 = 0
        for byte in bytes[position..<position + 4] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { throw error("a \\u escape needs four digits", at: place) }
            code = code << 4 | UInt32(digit)
        }
        position += 4
        return code
    }
}
