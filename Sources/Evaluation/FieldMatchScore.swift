import Support

/// How many fields and whole records were right. Holds counts alone, so that the scores of ranks add up in any order.
public struct FieldMatchScore: Codable, Equatable, Sendable {
    public struct Count: Codable, Equatable, Sendable {
        public var matched: Int
        public var total: Int

        public init(matched: Int = 0, total: Int = 0) {
            self.matched = matched
            self.total = total
        }

        /// Between 0 and 1; 0 where nothing was counted.
        public var share: Double { total == 0 ? 0 : Double(matched) / Double(total) }

        public static func += (left: inout Count, right: Count) {
            left.matched += right.matched
            left.total += right.total
        }
    }

    /// By the field's name in the reference.
    public var fields: [String: Count] = [:]
    /// Records with every field right and none besides.
    public var records = Count()
    /// Generated texts without a JSON object.
    public var unparsableCount = 0

    public init() {}

    public static func += (left: inout FieldMatchScore, right: FieldMatchScore) {
        for (name, count) in right.fields { left.fields[name, default: Count()] += count }
        left.records += right.records
        left.unparsableCount += right.unparsableCount
    }

    /// The mean of the fields' shares, between 0 and 1; 0 where nothing was counted.
    public var overall: Double {
        fields.isEmpty ? 0 : fields.values.reduce(0) { $0 + $1.share } / Double(fields.count)
    }

    /// A line for each field in alphabetical order, then the mean, the whole records and the unparsable texts.
    public var table: String {
        let names = fields.keys.sorted()
        var rows = names.map { name in row(name, fields[name, default: Count()]) }
        rows.append(("mean of the fields", percent(overall), ""))
        rows.append(row("whole record", records))
        rows.append(("not JSON", percent(Count(matched: unparsableCount, total: records.total).share), "\(unparsableCount) of \(records.total)"))
        let width = rows.reduce(0) { max($0, $1.0.count) }
        let lines = rows.map { name, share, counts in
            let padding = String(repeating: " ", count: width - name.count)
            let line = "\(name)\(padding)  \(String(repeating: " ", count: max(7 - share.count, 0)))\(share)"
            return counts.isEmpty ? line : "\(line)  \(counts)"
        }
        return lines.joined(separator: "\n")
    }

    private func row(_ name: String, _ count: Count) -> (String, String, String) {
        (name, percent(count.share), "\(count.matched) of \(count.total)")
    }

    private func percent(_ share: Double) -> String { "\(fixed(100 * share, 1)) %" }
}
