/// Cells that a spreadsheet would run as a formula get an apostrophe in front, which it shows as text; reading takes it off
/// again. Names of stations and owners come from strangers.
public enum CSVGuard {
    /// Numbers stay numbers: only texts that begin like a formula are changed.
    public static func guarded(_ text: String) -> String { isRisky(text) ? "'" + text : text }

    /// What ``guarded(_:)`` was given; a text that it would not have made stays as it is.
    public static func unguarded(_ text: String) -> String {
        guard text.utf8.first == apostrophe else { return text }
        let rest = String(text.dropFirst())
        return isRisky(rest) ? rest : text
    }

    private static let apostrophe = UInt8(ascii: "'")

    /// Leading apostrophes count as part of the text, so that taking one off is the exact way back.
    private static func isRisky(_ text: String) -> Bool {
        let shown = text.utf8.drop { $0 == apostrophe }
        switch shown.first {
        case UInt8(ascii: "="), UInt8(ascii: "@"), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"):
            return true
        case UInt8(ascii: "+"), UInt8(ascii: "-"): return !isNumber(shown.dropFirst())
        default: return false
        }
    }

    /// Digits with at most one point between or before them.
    private static func isNumber(_ digits: Substring.UTF8View) -> Bool {
        let points = digits.count { $0 == UInt8(ascii: ".") }
        return points <= 1 && digits.count > points && digits.last != UInt8(ascii: ".")
            && digits.allSatisfy { $0 == UInt8(ascii: ".") || (48...57).contains($0) }
    }
}
