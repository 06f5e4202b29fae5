import Testing

@testable import Support

@Suite struct NearestNameTests {
    @Test("distance: insertions, removals, replacements and exchanges of neighbours count one each")
    func distance() {
        let cases = [
            ("", "abc", 3), ("abc", "abc", 0), ("abc", "acb", 1), ("abc", "ab", 1), ("abc", "axc", 1), ("kitten", "sitting", 3), ("ca", "abc", 3),
        ]
        for (a, b, wanted) in cases { #expect(editDistance(Array(a), Array(b)) == wanted) }
    }

    @Test("nearest: letters wrong, case, hyphens, or the only name that contains it; nothing when nothing is near")
    func nearest() {
        let names = ["r", "lora_alpha", "lora_dropout", "target_modules", "learning_rate"]
        let cases = [
            ("lora_alpa", "lora_alpha"), ("loraAlpha", "lora_alpha"), ("lora-alpha", "lora_alpha"), ("dropout", "lora_dropout"), ("R", "r"),
            ("taregt_modules", "target_modules"), ("learning_rat", "learning_rate"),
        ]
        for (name, wanted) in cases { #expect(nearestName(to: name, among: names) == wanted) }
        for name in ["banana", "lora", "warmup"] { #expect(nearestName(to: name, among: names) == nil) }
    }
}
