import Support

/// A small configuration with every kind of row.
struct Kitchen: ConfigurationOptions {
    enum Stove: String, CaseIterable, ConfigurationValue { case gas, induction, none }

    struct Oven: ConfigurationOptions {
        var heat = 180
        var fan = true
        static var keys: [ConfigurationKey<Oven>] {
            [.key("heat", \.heat, .from(50, to: 250), "Degrees"), .key("fan", \.fan, "Whether it blows")]
        }
    }

    var name = ""
    var stove = Stove.gas
    var share = 0.5
    var burners: Int? = 4
    var spices: [String] = []
    var oven = Oven()

    static var keys: [ConfigurationKey<Kitchen>] {
        [
            .key("name", \.name, "What it is called").required().known(as: "title"),
            .key("stove", \.stove, "What is cooked on"),
            .key("share", \.share, .from(0, below: 1), "Share of the flat"),
            .key("burners", \.burners, .from(1), "Flames").only("where stove is gas or induction") { $0.stove != .none },
            .key("spices", \.spices, "What is at hand"),
            .section("oven", \.oven, "What is baked in"),
        ]
    }
}
