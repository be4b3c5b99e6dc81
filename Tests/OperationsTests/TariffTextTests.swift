import Assets
import Charging
import OCPP
import OCPPMessages
import Quantities
import Rulebook
import Testing

@testable import Operations

/// The driver's prices as a text on the station's display (2.x I01, I06).
@Suite("Prices as texts") struct TariffTextTests {
    // MARK: - Words

    private static let zone = Zone.shanghai
    /// Ten in the morning.
    private static let now = zone.instant(of: CivilDay(year: 2026, month: 3, day: 2)!, minute: 600)
    private static func yuan(_ millis: Int64) -> Rational { Rational(millis) / Rational(1000) }

    @Test func `each form of a price has its words in both languages`() {
        func text(
            _ price: Int64, fee: Int64 = 0, credit: Int64? = nil, after minutes: Int? = nil, then: Int64? = nil
        ) -> [String] {
            let text = TariffText(
                price: Self.yuan(price), fee: Self.yuan(fee), credit: credit.map(Self.yuan),
                next: minutes.map { .init(at: Self.now + .minutes($0), price: then.map(Self.yuan)) })
            return [.chinese, .english].map { text.text(in: $0, Self.zone, at: Self.now) }
        }
        #expect(text(880) == ["充电 0.88 元/kWh。", "Charging 0.88 CNY/kWh."])
        #expect(
            text(880, fee: 300) == [
                "充电 0.88 元/kWh（含服务费 0.30）。", "Charging 0.88 CNY/kWh (service fee 0.30 included).",
            ])
        #expect(
            text(885, after: 720, then: 500) == [
                "充电 0.885 元/kWh，至 22:00，之后 0.50 元/kWh。",
                "Charging 0.885 CNY/kWh until 22:00, then 0.50 CNY/kWh.",
            ])
        // Midnight, the day after, and a price that nobody knows yet.
        #expect(
            text(0, after: 840, then: 10) == [
                "充电 0.00 元/kWh，至 24:00，之后 0.01 元/kWh。", "Charging 0.00 CNY/kWh until 24:00, then 0.01 CNY/kWh.",
            ])
        #expect(text(500, after: 1275) == ["充电 0.50 元/kWh，至次日 07:15。", "Charging 0.50 CNY/kWh until 07:15 tomorrow."])
        #expect(
            text(880, fee: 300, credit: 453) == [
                "充电 0.88 元/kWh（含服务费 0.30）。放电返还 0.453 元/kWh。",
                "Charging 0.88 CNY/kWh (service fee 0.30 included). Energy given back: 0.453 CNY/kWh.",
            ])
        #expect(text(880, credit: -50)[1] == "Charging 0.88 CNY/kWh. Energy given back: -0.05 CNY/kWh.")
        #expect(TariffText.Language(code: "zh-Hans") == .chinese && TariffText.Language(code: "EN_us") == .english)
        #expect(TariffText.Language(code: "de") == nil)
        // Whatever a price is, it fits.
        let huge = Rational(1_000_000_007) / Rational(3) * Rational(Int64.max)
        let long = TariffText(
            price: huge, fee: huge, credit: -huge, next: .init(at: Self.now + .hours(30), price: huge))
        for language in TariffText.Language.allCases {
            #expect(long.text(in: language, Self.zone, at: Self.now).unicodeScalars.count <= TariffText.longest)
        }
    }

    @Test func `what only came into sight is no news`() {
        let change = TariffText.Change(at: Self.now + .hours(3), price: .one)
        let later = TariffText.Change(at: Self.now + .hours(4), price: .one)
        let plain = TariffText(price: Self.yuan(880), fee: .zero)
        let ahead = TariffText(price: Self.yuan(880), fee: .zero, next: change)
        #expect(!plain.isNews(to: plain) && !ahead.isNews(to: ahead) && !ahead.isNews(to: plain))
        #expect(plain.isNews(to: ahead), "what was promised does not come")
        #expect(TariffText(price: Self.yuan(880), fee: .zero, next: later).isNews(to: ahead))
        #expect(TariffText(price: Self.yuan(880), fee: Self.yuan(1)).isNews(to: plain))
        #expect(TariffText(price: Self.yuan(880), fee: .zero, credit: .zero).isNews(to: plain))
    }

    // MARK: - Who is told, and when

    /// A station of a site in Hubei that shows messages.
    private static func street(_ version: OCPPVersion = .v21, fee: Int64 = 30, language: String? = nil) -> Dialogue {
        var d = TariffTests.street(.off, fee: fee)
        if version == .v201 {
            d.disconnect("P1")
            d.connect("P1", .v201)
        }
        shows(&d, "DisplayMessageCtrlr", "Available", "true")
        if let language { shows(&d, "DisplayMessageCtrlr", "Language", language) }
        return d
    }

    private static func shows(_ d: inout Dialogue, _ component: String, _ variable: String, _ value: String) {
        d.say(
            "P1", "NotifyReport",
            #"{"requestId":1,"generatedAt":"\#(d.now)","seqNo":0,"reportData":[{"component":{"name":"\#(component)"},"variable":{"name":"\#(variable)"\#(component == "TariffCostCtrlr" ? #","instance":"Tariff""# : "")},"variableAttribute":[{"value":"\#(value)"}]}]}"#
        )
    }

    private static func authorize(_ d: inout Dialogue, _ token: String) -> String {
        d.say("P1", "Authorize", #"{"idToken":{"idToken":"\#(token)","type":"ISO14443"}}"#) ?? ""
    }

    private static func event(
        _ d: inout Dialogue, _ stage: String, _ number: Int, token: String? = nil, offline: Bool = false
    ) -> String {
        let token = token.map { #","idToken":{"idToken":"\#($0)","type":"ISO14443"}"# } ?? ""
        return d.say(
            "P1", "TransactionEvent",
            #"{"eventType":"\#(stage)","timestamp":"\#(d.now)","triggerReason":"MeterValuePeriodic","seqNo":\#(number),"offline":\#(offline),"transactionInfo":{"transactionId":"tx"},"evse":{"id":1,"connectorId":1}\#(token)}"#
        ) ?? ""
    }

    private static func changeFee(_ d: inout Dialogue, to fee: Int64) throws {
        var site = try #require(d.core.site(SiteID("S")))
        site.serviceFees = [.init(from: CivilDay(year: 2024, month: 1, day: 1)!, price: yuan(fee))]
        d.order(.putSite(site))
    }

    @Test func `a driver hears the price with the token, and again once when it becomes another`() throws {
        for version in [OCPPVersion.v201, .v21] {
            // The first of March 2025, eight in the morning: 0.58 in Hubei.
            var d = Self.street(version)
            d.order(
                .putIdToken(
                    IdToken(value: "B", status: .accepted, prices: DriverPrices(tariff: nil, serviceFee: .zero))))
            #expect(Self.authorize(&d, "T1").contains("充电 0.88 元/kWh（含服务费 0.30）"))
            let own = Self.authorize(&d, "B")
            #expect(own.contains("充电 0.58 元/kWh，") && own.contains(#""language":"zh-CN""#), "\(own)")
            #expect(!own.contains("Extra"))
            let started = Self.event(&d, "Started", 0, token: "T1")
            #expect(
                started.contains(#""personalMessage":{"#) && started.contains("0.88 元") && !started.contains("updated"))
            for number in 1...3 {
                d.calm(.minutes(1))
                #expect(!Self.event(&d, "Updated", number).contains("ersonalMessage"), "nothing is new")
            }
            // The driver's own prices hold from the next session on, as its cost does; the site's hold at once.
            d.order(
                .putIdToken(
                    IdToken(value: "T1", status: .accepted, prices: DriverPrices(tariff: nil, serviceFee: Rational(9))))
            )
            #expect(!Self.event(&d, "Updated", 4).contains("ersonalMessage"))
            try Self.changeFee(&d, to: 400)
            let told = Self.event(&d, "Updated", 5)
            #expect(told.contains(#""updatedPersonalMessage":{"#) && told.contains("充电 0.98 元/kWh（含服务费 0.40）"))
            #expect(
                told.contains("updatedPersonalMessageExtra") == (version == .v21)
                    && told.contains("CNY") == (version == .v21))
            #expect(!Self.event(&d, "Updated", 6, token: "T1").contains("ersonalMessage"))
            // Its answer may never have arrived: a message that comes again is told again.
            #expect(Self.event(&d, "Updated", 5).contains("0.98"))
            // A station that began anew shows nothing any more.
            d.say("P1", "BootNotification", #"{"reason":"PowerUp","chargingStation":{"vendorName":"V","model":"M"}}"#)
            #expect(Self.event(&d, "Updated", 7).contains("0.98"))
            #expect(!Self.event(&d, "Updated", 8).contains("ersonalMessage"))
            try Self.changeFee(&d, to: 500)
            #expect(!Self.event(&d, "Updated", 9, offline: true).contains("ersonalMessage"), "of a time offline")
            #expect(!Self.event(&d, "Ended", 10).contains("ersonalMessage"))
            #expect(d.core.stations[0].text?.told.count == 1, "bounded by the sessions that run")
        }
    }

    @Test func `through two days each period is told when it begins, by the Rulebook's price, and nothing else is`()
        throws
    {
        let pack = try #require(RulePacks.builtIn.tariffs.first { $0.id == TariffTests.hubei })
        for seed in 0..<6 {
            var random = SeededRandom(seed: UInt64(seed))
            let fee = Int64.random(in: 0...999, using: &random)
            var d = Self.street(seed % 2 == 0 ? .v21 : .v201, fee: 30)
            d.solvesPlans = false
            try Self.changeFee(&d, to: fee)
            var last = try #require(try pack.span(at: d.now).price)
            _ = Self.event(&d, "Started", 0, token: "T1")
            var tellings = 0
            let end = d.now + .hours(48)
            var number = 0
            while d.now < end {
                d.now += .minutes(Int.random(in: 1...25, using: &random))
                number += 1
                let answer = Self.event(&d, "Updated", number)
                let price = try #require(try pack.span(at: d.now).price)
                #expect(
                    answer.contains("updatedPersonalMessage") == (price != last), "seed \(seed), \(d.now): \(answer)")
                guard price != last else { continue }
                last = price
                tellings += 1
                let whole = price + Self.yuan(fee)
                let text = whole == whole.rounded(decimals: 2) ? whole.text(decimals: 2) : whole.text(atMost: 6)
                #expect(answer.contains("充电 \(text) 元/kWh"), "seed \(seed): \(answer)")
            }
            #expect(tellings >= 4)
        }
    }

    @Test func `nobody is told who cannot be shown it, who may not charge, or where no price is known`() {
        var silent = TariffTests.street(.off, fee: 30)
        #expect(!Self.authorize(&silent, "T1").contains("personalMessage"), "it said nothing of a display")
        Self.shows(&silent, "DisplayMessageCtrlr", "Available", "true")
        Self.shows(&silent, "DisplayMessageCtrlr", "Enabled", "false")
        #expect(!Self.authorize(&silent, "T1").contains("personalMessage"), "its display is off")
        Self.shows(&silent, "TariffCostCtrlr", "Available", "true")
        #expect(Self.authorize(&silent, "T1").contains("personalMessage"), "it shows tariffs")
        var d = Self.street()
        #expect(!Self.authorize(&d, "nobody").contains("personalMessage"))
        d.token("X", .blocked)
        #expect(!Self.event(&d, "Started", 0, token: "X").contains("ersonalMessage"))
        var site = d.core.site(SiteID("S"))!
        site.tariffs = []
        d.order(.putSite(site))
        #expect(!Self.authorize(&d, "T1").contains("personalMessage"))
        // What became known in the middle is told then.
        var late = TariffTests.street(.off, fee: 30)
        _ = Self.event(&late, "Started", 0, token: "T1")
        Self.shows(&late, "TariffCostCtrlr", "Enabled", "true")
        #expect(Self.event(&late, "Updated", 1).contains("updatedPersonalMessage"))
    }

    @Test func `the display's language comes first, and energy given back is named to whoever may give it`() throws {
        var d = Self.street(language: "en-US")
        #expect(Self.authorize(&d, "T1").contains("Charging 0.88 CNY/kWh (service fee 0.30 included)"))
        // The first discharge price is of May.
        d.now = try #require(Instant("2025-06-02T02:00:00Z"))
        _ = Self.event(&d, "Started", 0, token: "T1")
        var site = try #require(d.core.site(SiteID("S")))
        site.exportTariffs = [
            .init(from: CivilDay(year: 2024, month: 1, day: 1)!, tariff: "cn/guangdong/v2g-discharge")
        ]
        d.order(.putSite(site))
        #expect(!Self.event(&d, "Updated", 1).contains("ersonalMessage"), "who only charges")
        site.energyTransfer = ["AC_BPT"]
        d.order(.putSite(site))
        let pack = try #require(RulePacks.builtIn.tariffs.first { $0.id == "cn/guangdong/v2g-discharge" })
        let credit = try #require(try pack.span(at: d.now).price)
        let text = credit == credit.rounded(decimals: 2) ? credit.text(decimals: 2) : credit.text(atMost: 6)
        let answer = Self.event(&d, "Updated", 2)
        #expect(
            answer.contains("Energy given back: \(text) CNY/kWh.") && answer.contains("放电返还 \(text) 元/kWh。"),
            "\(answer)")
    }
}
