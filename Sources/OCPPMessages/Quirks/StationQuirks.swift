/// What a station's model does its own way where code has to know: data, one line a quirk, in `Tools/ocpp-messages/quirks.csv`.
public struct StationQuirks: Hashable, Sendable {
    public enum RateUnit: Hashable, Sendable { case amperes, watts }
    public enum PasswordForm: Hashable, Sendable { case hexadecimal, text }
    public enum ZonelessTime: Hashable, Sendable { case utc, local }

    /// The only unit in which charging profiles work, whatever the station lists; `nil` when it can be believed.
    public var rateUnit: RateUnit?
    /// How `AuthorizationKey` of 1.6 is written when the password is changed. The standard says hexadecimal.
    public var authorizationKey = PasswordForm.hexadecimal
    /// What a date-time without zone means.
    public var zonelessTime = ZonelessTime.utc
    /// Whether it tells boots and the state of the whole station by itself. Where not, they are asked for on every connection.
    public var announcesItself = true

    /// A station of which nothing odd is known.
    public init() {}

    /// What is known of a model. Letter case does not count; what the station did not say is the empty text.
    public init(vendor: String, model: String, firmware: String) {
        self.init(vendor: vendor, model: model, firmware: firmware, table: QuirkRow.all)
    }

    init(vendor: String, model: String, firmware: String, table: [QuirkRow]) {
        self.init()
        for row in table where row.matches(vendor: vendor, model: model, firmware: firmware) {
            switch row.switch {
            case .rateUnit(let unit): rateUnit = unit
            case .authorizationKey(let form): authorizationKey = form
            case .zonelessTime(let zone): zonelessTime = zone
            case .announcesItself(let does): announcesItself = does
            }
        }
    }
}

/// One line of the table. Patterns: `*` stands for any text, everything else for itself.
struct QuirkRow: Sendable {
    enum Switch: Sendable {
        case rateUnit(StationQuirks.RateUnit)
        case authorizationKey(StationQuirks.PasswordForm)
        case zonelessTime(StationQuirks.ZonelessTime)
        case announcesItself(Bool)
    }

    let vendor: String
    let model: String
    let firmware: String
    let `switch`: Switch

    func matches(vendor: String, model: String, firmware: String) -> Bool {
        QuirkRow.matches(self.vendor, vendor) && QuirkRow.matches(self.model, model)
            && QuirkRow.matches(self.firmware, firmware)
    }

    /// Greedy with one way back, O(pattern · text) at worst.
    static func matches(_ pattern: String, _ text: String) -> Bool {
        let pattern = Array(pattern.lowercased().utf8)
        let text = Array(text.lowercased().utf8)
        var (p, t) = (0, 0)
        var retry: (pattern: Int, text: Int)?
        while t < text.count {
            if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
                retry = (p + 1, t)
                p += 1
            } else if p < pattern.count, pattern[p] == text[t] {
                (p, t) = (p + 1, t + 1)
            } else if let last = retry {
                retry = (last.pattern, last.text + 1)
                (p, t) = (last.pattern, last.text + 1)
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
