import Formats
import Reporting
import Support

extension Inspection {
    /// Tables for a person: what it is, its metadata, bytes by type, and the tensors, those of all layers in one row unless `listsAll`.
    func text(listsAll: Bool) -> String {
        var facts = TextTable([.init(""), .init("", widest: 110)])
        facts.add(["path", path])
        facts.add(["format", format])
        if let architecture { facts.add(["architecture", architecture]) }
        facts.add(["tensors", grouped(listings.count)])
        facts.add(["parameters", grouped(parameterCount)])
        facts.add(["bytes", "\(grouped(byteCount)) (\(ByteCount(byteCount)))"])
        var tables = [facts.text]
        if !metadata.isEmpty {
            var table = TextTable([.init("metadata"), .init("value", widest: 110)])
            for (key, value) in metadata { table.add([shortened(key, 60), shown(value)]) }
            tables.append(table.text)
        }
        if !listings.isEmpty { tables += [types, listsAll ? everyTensor : tensorsByLayer] }
        return tables.joined(separator: "\n")
    }

    private var types: String {
        var table = TextTable([.init("type"), .init("tensors", .right), .init("parameters", .right), .init("bytes", .right)])
        for type in Set(listings.map(\.storedType)).sorted() {
            let own = listings.filter { $0.storedType == type }
            table.add([type] + [own.count, own.reduce(0) { $0 &+ $1.elementCount }, own.reduce(0) { $0 &+ $1.byteCount }].map(grouped))
        }
        return table.text
    }

    private var everyTensor: String {
        var table = TextTable([.init("tensor"), .init("type"), .init("shape", .right), .init("bytes", .right), .init("at byte", .right)])
        for listing in listings {
            table.add([shortened(listing.name, 100), listing.storedType, shape(listing), grouped(listing.byteCount), grouped(listing.offset)])
        }
        return table.text
    }

    private var tensorsByLayer: String {
        var table = TextTable([.init("tensor"), .init("type"), .init("shape", .right), .init("count", .right), .init("bytes", .right)])
        for group in TensorGroup.groups(listings) {
            let bytes = group.listings.reduce(0) { $0 &+ $1.byteCount }
            let first = group.listings[0]
            table.add([shortened(group.name, 100), first.storedType, shape(first), "\(group.listings.count)", grouped(bytes)])
        }
        return table.text
    }

    private func shape(_ listing: TensorListing) -> String {
        listing.shape.isEmpty ? "scalar" : listing.shape.map { "\($0)" }.joined(separator: " x ")
    }

    /// A value on one line: long texts and lists are cut, and what they were is said.
    private func shown(_ value: JSONValue) -> String {
        switch value {
        case .string(let text): return shortened(text, 80)
        case .array(let elements):
            let first = elements.prefix(6).map { element in if case .string(let text) = element { text } else { element.text() } }
            let rest = elements.count > 6 ? ", ... (\(grouped(elements.count)))" : ""
            return shortened(first.joined(separator: ", "), 80) + rest
        default: return shortened(value.text(), 80)
        }
    }

    /// Control characters of a file are shown, not obeyed.
    private func shortened(_ text: String, _ limit: Int) -> String {
        let scalars = text.unicodeScalars
        let plain = scalars.prefix(limit).map { scalar -> Character in
            switch scalar.value {
            case 0x0A: "⏎"
            case 0..<0x20, 0x7F..<0xA0, 0x2028...0x202E, 0x2066...0x2069: "\u{FFFD}"
            default: Character(scalar)
            }
        }
        return String(plain) + (scalars.count > limit ? "... (\(grouped(scalars.count)) characters)" : "")
    }
}

/// Tensors of one type and shape whose names differ in the layer's number only.
private struct TensorGroup {
    /// `blk.0-29.attn_q.weight`
    var name: String {
        guard let place, let low = numbers.min(), let high = numbers.max(), low < high else { return listings[0].name }
        var words = listings[0].name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        words[place] = high - low + 1 == numbers.count ? "\(low)-\(high)" : "*"
        return words.joined(separator: ".")
    }
    private let place: Int?
    private var numbers: [Int]
    private(set) var listings: [TensorListing]

    /// In the order in which the first of each group comes.
    static func groups(_ listings: [TensorListing]) -> [TensorGroup] {
        var groups: [TensorGroup] = []
        var positions: [String: Int] = [:]
        for listing in listings {
            var words = listing.name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            let place = words.firstIndex { Int($0) != nil }
            let number = place.flatMap { Int(words[$0]) } ?? 0
            if let place { words[place] = "*" }
            let key = "\(words.joined(separator: ".")) \(listing.storedType) \(listing.shape)"
            if let position = positions[key] {
                groups[position].numbers.append(number)
                groups[position].listings.append(listing)
            } else {
                positions[key] = groups.count
                groups.append(TensorGroup(place: place, numbers: [number], listings: [listing]))
            }
        }
        return groups
    }
}
