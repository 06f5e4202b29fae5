/// What this program calls itself in the records that it leaves.
public enum ProgramVersion {
    public static let number = "0.3.0"
    public static let text = "trainer \(number)"
}
