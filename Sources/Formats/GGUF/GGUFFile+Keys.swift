public import Support

/// Metadata by type: nil for an absent key; an error names the file and the key.
extension GGUFFile {
    /// A `format` error about a metadata key.
    public func error(_ key: String, _ problem: String, remedy: String? = nil) -> TrainerError {
        TrainerError(.format, "\(path): \(key)", problem, remedy: remedy)
    }

    private func value<Value>(_ key: String, _ wanted: String, _ read: (GGUFValue) -> Value?) throws(TrainerError) -> Value? {
        guard let value = metadata[key] else { return nil }
        guard let result = read(value) else { throw error(key, "is \(value.shown), where \(wanted) is wanted") }
        return result
    }

    public func integer(_ key: String, in range: ClosedRange<Int> = .min ... .max) throws(TrainerError) -> Int? {
        guard let integer = try value(key, "a whole number", \.integer) else { return nil }
        guard range.contains(integer) else {
            let limits = range.upperBound == .max ? "at least \(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
            throw error(key, "is \(integer), where \(limits) is allowed")
        }
        return integer
    }

    public func requiredInteger(_ key: String, in range: ClosedRange<Int>) throws(TrainerError) -> Int {
        guard let value = try integer(key, in: range) else { throw error(key, "is missing", remedy: "Convert the model again") }
        return value
    }

    /// A finite number; with `isPositive`, above zero.
    public func double(_ key: String, isPositive: Bool = false) throws(TrainerError) -> Double? {
        guard let double = try value(key, "a number", \.double) else { return nil }
        guard double.isFinite, !isPositive || double > 0 else {
            throw error(key, "is \(double), where a finite number\(isPositive ? " above 0" : "") is wanted")
        }
        return double
    }

    public func bool(_ key: String) throws(TrainerError) -> Bool? { try value(key, "a Boolean", \.bool) }

    public func string(_ key: String) throws(TrainerError) -> String? { try value(key, "a string", \.string) }

    public func requiredString(_ key: String) throws(TrainerError) -> String {
        guard let value = try string(key) else { throw error(key, "is missing", remedy: "Convert the model again") }
        return value
    }

    public func strings(_ key: String) throws(TrainerError) -> [String]? { try list(key, "an array of strings", \.string) }

    public func integers(_ key: String) throws(TrainerError) -> [Int]? { try list(key, "an array of whole numbers", \.integer) }

    public func doubles(_ key: String) throws(TrainerError) -> [Double]? { try list(key, "an array of numbers", \.double) }

    private func list<Element>(_ key: String, _ wanted: String, _ read: (GGUFValue) -> Element?) throws(TrainerError) -> [Element]? {
        try value(key, wanted) { value in
            guard let elements = value.elements else { return nil }
            let list = elements.compactMap(read)
            return list.count == elements.count ? list : nil
        }
    }
}
