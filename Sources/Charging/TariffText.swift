public import Quantities

/// What a kWh costs a driver now, as it is put into words for a display (OCPP 2.x I01, I06). Exact: what the cost of a
/// session is reckoned by, to the sixth decimal.
public struct TariffText: Hashable, Sendable {
    /// Yuan/kWh charged, with the service fee in it.
    public let price: Rational
    /// The part of it that is the service fee; zero: none is asked.
    public let fee: Rational
    /// Yuan/kWh credited for energy given back; `nil`: the driver may give none back, or nobody knows what it is worth.
    public let credit: Rational?
    /// The next change of the price; `nil`: none before the end of tomorrow, or nobody knows.
    public let next: Change?

    public struct Change: Hashable, Sendable {
        public let at: Instant
        /// From then on, yuan/kWh with the service fee; `nil`: not known.
        public let price: Rational?
        public init(at: Instant, price: Rational?) {
            self.at = at
            self.price = price
        }
    }

    public init(price: Rational, fee: Rational, credit: Rational? = nil, next: Change? = nil) {
        self.price = price
        self.fee = fee
        self.credit = credit
        self.next = next
    }

    /// Whether somebody who was told `told` must hear this. A change that only came into sight is no news: it is told when it
    /// holds.
    public func isNews(to told: TariffText) -> Bool {
        price != told.price || fee != told.fee || credit != told.credit || (told.next != nil && next != told.next)
    }

    /// The languages that drivers are told prices in, by their RFC 5646 codes.
    public enum Language: String, Hashable, Sendable, CaseIterable {
        case chinese = "zh-CN"
        case english = "en"

        /// - Parameter code: what a station says of itself; `nil` where it says none that is known here.
        public init?(code: String) {
            switch code.lowercased().split(whereSeparator: { $0 == "-" || $0 == "_" }).first {
            case "zh": self = .chinese
            case "en": self = .english
            default: return nil
            }
        }
    }

    /// Longest content of a message on a display (2.0.1; 2.1 takes twice as much).
    public static let longest = 512

    /// - Parameters:
    ///   - zone: of the site, for times of day.
    ///   - now: on whose day "today" is.
    public func text(in language: Language, _ zone: Zone, at now: Instant) -> String {
        let text =
            switch language {
            case .chinese: chinese(zone, now)
            case .english: english(zone, now)
            }
        return String(text.prefix(Self.longest))
    }

    private func chinese(_ zone: Zone, _ now: Instant) -> String {
        var text = "充电 \(Self.money(price)) 元/kWh"
        if fee != .zero { text += "（含服务费 \(Self.money(fee))）" }
        if let next {
            let (clock, isTomorrow) = Self.clock(next.at, zone, now)
            text += "，至\(isTomorrow ? "次日" : "") \(clock)"
            if let price = next.price { text += "，之后 \(Self.money(price)) 元/kWh" }
        }
        text += "。"
        if let credit { text += "放电返还 \(Self.money(credit)) 元/kWh。" }
        return text
    }

    private func english(_ zone: Zone, _ now: Instant) -> String {
        var text = "Charging \(Self.money(price)) CNY/kWh"
        if fee != .zero { text += " (service fee \(Self.money(fee)) included)" }
        if let next {
            let (clock, isTomorrow) = Self.clock(next.at, zone, now)
            text += " until \(clock)\(isTomorrow ? " tomorrow" : "")"
            if let price = next.price { text += ", then \(Self.money(price)) CNY/kWh" }
        }
        text += "."
        if let credit { text += " Energy given back: \(Self.money(credit)) CNY/kWh." }
        return text
    }

    /// Two decimals, more only where a price has more.
    private static func money(_ yuan: Rational) -> String {
        yuan == yuan.rounded(decimals: 2) ? yuan.text(decimals: 2) : yuan.text(atMost: 6)
    }

    /// The end of today is 24:00.
    private static func clock(_ instant: Instant, _ zone: Zone, _ now: Instant) -> (String, isTomorrow: Bool) {
        let tomorrow = zone.civilDay(at: now).adding(days: 1)
        guard instant > zone.midnight(of: tomorrow) else {
            return (instant == zone.midnight(of: tomorrow) ? "24:00" : clock(instant, zone), false)
        }
        return (clock(instant, zone), true)
    }
    private static func clock(_ instant: Instant, _ zone: Zone) -> String {
        func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
        let minute = zone.millisecondOfDay(at: instant) / 60_000
        return two(minute / 60) + ":" + two(minute % 60)
    }
}

/// Prices that a driver is told with the answer to a message.
public struct ToldTariff: Hashable, Sendable {
    /// In the language of the station's display first.
    public let contents: [Content]
    /// They are others than the driver was told before (I06), or are told in the middle; else they come with the token (I01).
    public let isUpdate: Bool

    public struct Content: Hashable, Sendable {
        public let language: TariffText.Language
        public let text: String
        public init(language: TariffText.Language, text: String) {
            self.language = language
            self.text = text
        }
    }

    public init(_ contents: [Content], isUpdate: Bool) {
        self.contents = contents
        self.isUpdate = isUpdate
    }
}
