/// The range that a number must lie in, with its words.
///
/// A count has an upper limit, far above what anyone wants: what is computed with it must not overflow.
public struct ConfigurationLimits<Value: ConfigurationValue & Comparable>: Sendable {
    /// What follows the kind of value: ` of 1 or more`, ` from 0 to 1`.
    let words: String
    let contains: @Sendable (Value) -> Bool

    /// `least` or more; for numbers that nothing is multiplied by.
    public static func from(_ least: Value) -> ConfigurationLimits {
        ConfigurationLimits(words: " of \(least.configuration.flowText) or more") { $0 >= least }
    }

    /// `least` to `most`, both allowed.
    public static func from(_ least: Value, to most: Value) -> ConfigurationLimits {
        ConfigurationLimits(words: " from \(least.configuration.flowText) to \(most.configuration.flowText)") { least <= $0 && $0 <= most }
    }

    /// `least` or more and less than `bound`.
    public static func from(_ least: Value, below bound: Value) -> ConfigurationLimits {
        ConfigurationLimits(words: " from \(least.configuration.flowText) to below \(bound.configuration.flowText)") { least <= $0 && $0 < bound }
    }

    /// More than `bound`, up to `most`.
    public static func above(_ bound: Value, to most: Value) -> ConfigurationLimits {
        ConfigurationLimits(words: " above \(bound.configuration.flowText), up to \(most.configuration.flowText)") { $0 > bound && $0 <= most }
    }

    /// More than `bound`.
    public static func above(_ bound: Value) -> ConfigurationLimits {
        ConfigurationLimits(words: " above \(bound.configuration.flowText)") { $0 > bound }
    }
}

extension ConfigurationLimits where Value == Int {
    /// Steps, rows and tokens.
    public static let count = from(1, to: 1_000_000_000)
}
