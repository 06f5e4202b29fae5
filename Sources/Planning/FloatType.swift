public import Support

/// How floating-point values are kept or sent; they are computed with in float32.
public enum FloatType: String, CaseIterable, ConfigurationValue {
    case float32
    /// Two bytes: float32's range, 8 bits of precision.
    case bfloat16
    /// Two bytes: at most 65,504, 11 bits of precision.
    case float16
}
