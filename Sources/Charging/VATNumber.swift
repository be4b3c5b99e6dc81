/// A number by which a company is known to the tax office, as a driver types it at a payment terminal. Only its form is
/// looked at: whether a company has it, nobody here knows.
public struct VATNumber: Hashable, Sendable {
    public enum Verdict: Hashable, Sendable {
        /// It has the form of its country.
        case wellFormed
        case malformed
        /// No form is known for its country.
        case unknownCountry
    }

    public let text: String
    public init(_ text: String) {
        self.text = String(
            text.uppercased().unicodeScalars.filter { $0 != " " && $0 != "-" && $0 != "." }.map(Character.init))
    }

    public var verdict: Verdict {
        if Self.isUnifiedCode(text) { return .wellFormed }
        let country = String(text.prefix(2))
        let rest = text.dropFirst(2)
        if country == "CN" { return Self.isUnifiedCode(String(rest)) ? .wellFormed : .malformed }
        // Eighteen characters of digits and capitals are meant for the Chinese code, and its check failed.
        if text.utf8.count == 18, text.utf8.first.map({ $0 < 0x3A }) ?? false { return .malformed }
        guard let forms = Self.forms[country] else { return .unknownCountry }
        return forms.contains { Self.fits(rest, $0) } ? .wellFormed : .malformed
    }

    /// `9`: a digit, `A`: a letter, `X`: either, other characters: themselves.
    private static func fits(_ text: Substring, _ form: String) -> Bool {
        text.utf8.count == form.utf8.count
            && zip(text.utf8, form.utf8).allSatisfy { given, wanted in
                let isDigit = (0x30...0x39).contains(given)
                let isLetter = (0x41...0x5A).contains(given)
                return switch wanted {
                case UInt8(ascii: "9"): isDigit
                case UInt8(ascii: "A"): isLetter
                case UInt8(ascii: "X"): isDigit || isLetter
                default: given == wanted
                }
            }
    }

    /// Forms that the European Commission publishes for its system VIES, and those of three neighbours.
    private static let forms: [String: [String]] = [
        "AT": ["U99999999"], "BE": ["0999999999", "1999999999"], "BG": ["999999999", "9999999999"],
        "CH": ["E999999999", "E999999999MWST", "E999999999TVA", "E999999999IVA"], "CY": ["99999999A"],
        "CZ": ["99999999", "999999999", "9999999999"], "DE": ["999999999"], "DK": ["99999999"], "EE": ["999999999"],
        "EL": ["999999999"], "ES": ["A9999999A", "A99999999", "99999999A"], "FI": ["99999999"], "FR": ["XX999999999"],
        "GB": ["999999999", "999999999999", "GD999", "HA999"], "HR": ["99999999999"], "HU": ["99999999"],
        "IE": ["9999999A", "9999999AA", "9X99999A"], "IT": ["99999999999"], "LT": ["999999999", "999999999999"],
        "LU": ["99999999"], "LV": ["99999999999"], "MT": ["99999999"], "NL": ["999999999B99"],
        "NO": ["999999999", "999999999MVA"], "PL": ["9999999999"], "PT": ["999999999"],
        "RO": ["99", "999", "9999", "99999", "999999", "9999999", "99999999", "999999999", "9999999999"],
        "SE": ["999999999999"], "SI": ["99999999"], "SK": ["9999999999"],
    ]

    /// 统一社会信用代码 (GB 32100-2015): 17 characters and a check character modulo 31.
    private static func isUnifiedCode(_ text: String) -> Bool {
        let characters = Array("0123456789ABCDEFGHJKLMNPQRTUWXY".utf8)
        let values = text.utf8.compactMap { characters.firstIndex(of: $0) }
        guard values.count == 18, text.utf8.count == 18 else { return false }
        var sum = 0
        var weight = 1
        for value in values.dropLast() {
            sum += value * weight
            weight = weight * 3 % 31
        }
        return (31 - sum % 31) % 31 == values[17]
    }
}
