import Assets
import Charging
import OCPPMessages
import Quantities
import Rulebook
import Testing

@testable import Operations

/// Prices of single drivers and groups (2.1 I08), and costs that are told by themselves (I02).
@Suite("Prices of drivers") struct DriverPricesTests {
    private static let guizhou = "cn/guizhou/commercial-10kv-two-part"

    private static func authorize(_ d: inout Dialogue, _ token: String) throws -> V2.AuthorizeResponse {
        let text = d.say("P1", "Authorize", #"{"idToken":{"idToken":"\#(token)","type":"ISO14443"}}"#) ?? ""
        guard
            case .success(.authorize(let answer)) = V2.Response.decode(
                .authorize, payload: Array(text.utf8).span, in: .v21
            ).result
        else { throw TariffTests.Unreadable() }
        return answer
    }

    private static func event(
        _ d: inout Dialogue, _ stage: String, _ number: Int, wh: Int, token: String? = nil, info: String = ""
    ) -> String {
        let token = token.map { #","idToken":{"idToken":"\#($0)","type":"ISO14443"}"# } ?? ""
        return d.say(
            "P1", "TransactionEvent",
            #"{"eventType":"\#(stage)","timestamp":"\#(d.now)","triggerReason":"MeterValuePeriodic","seqNo":\#(number),"transactionInfo":{"transactionId":"tx"\#(info)},"evse":{"id":1,"connectorId":1},"meterValue":[{"timestamp":"\#(d.now)","sampledValue":[{"value":\#(wh)}]}]\#(token)}"#
        ) ?? ""
    }

    private static func own(_ d: inout Dialogue, _ value: String, _ prices: DriverPrices?, parent: String? = nil) {
        d.order(.putIdToken(IdToken(value: value, status: .accepted, parent: parent, prices: prices)))
    }

    @Test func `a driver's fee and tariff hold for its sessions, its group's where it has none`() throws {
        // The first of March 2025, eight in the morning: 0.58 in Hubei.
        for (token, prices, parent, price) in [
            ("A", nil, nil, 88), ("B", DriverPrices(tariff: nil, serviceFee: .zero), nil, 58),
            ("C", nil, "G", 68), ("D", DriverPrices(tariff: nil, serviceFee: .one), "G", 158),
        ] as [(String, DriverPrices?, String?, Int64)] {
            var d = TariffTests.street(.off, fee: 30)
            Self.own(&d, "G", DriverPrices(tariff: nil, serviceFee: Rational(1) / Rational(10)))
            Self.own(&d, token, prices, parent: parent)
            _ = Self.event(&d, "Started", 0, wh: 1000, token: token)
            // What is changed meanwhile holds for what begins later.
            Self.own(&d, token, DriverPrices(tariff: nil, serviceFee: Rational(9)), parent: parent)
            d.calm(.minutes(3))
            d.restart()
            d.connect("P1", .v21)
            let answer = Self.event(&d, "Ended", 1, wh: 2000)
            let yuan = Rational(price) / Rational(100)
            #expect(answer.contains(#""totalCost":\#(yuan.text(atMost: 2))"#), "\(token): \(answer)")
            #expect(d.disk.sessions.values.first { $0.idToken == token }?.cost == yuan)
        }
        // Another tariff prices each minute by its own levels.
        var d = TariffTests.street(.off, fee: 30)
        Self.own(&d, "E", DriverPrices(tariff: Self.guizhou, serviceFee: nil))
        _ = Self.event(&d, "Started", 0, wh: 0, token: "E")
        d.now += .minutes(10)
        _ = Self.event(&d, "Ended", 1, wh: 1000)
        let pack = try #require(RulePacks.builtIn.tariffs.first { $0.id == Self.guizhou })
        let price = try #require(try pack.span(at: d.now).price)
        #expect(d.disk.sessions.values.first { $0.idToken == "E" }?.cost == price + Rational(3) / Rational(10))
    }

    @Test func `a tariff that is none, or of the other direction, is refused with its field`() {
        var d = TariffTests.street(.off)
        for id in ["cn/nowhere/none", "cn/guangdong/v2g-discharge"] {
            let answer = d.order(
                .putIdToken(
                    IdToken(value: "X", status: .accepted, prices: DriverPrices(tariff: id, serviceFee: nil))))
            guard case .failure(let fault) = answer else {
                Issue.record("\(id) was taken")
                continue
            }
            #expect(fault.fields.map(\.path) == ["tariff"])
        }
        #expect(d.core.idToken("X") == nil)
    }

    @Test func `a station that reckons gets the driver's tariff with the authorization, others get none`() throws {
        var d = TariffTests.street(fee: 30)
        TariffTests.abilities(&d)
        let usual = try TariffTests.sent(d)
        d.answer("P1", "SetDefaultTariff", #"{"status":"Accepted"}"#)
        Self.own(&d, "F", DriverPrices(tariff: nil, serviceFee: .zero))
        #expect(try Self.authorize(&d, "T1").tariff == nil, "who pays what all pay")
        let own = try #require(try Self.authorize(&d, "F").tariff)
        #expect(own.tariffId != usual.tariffId && own.validFrom == nil)
        let day = CivilDay(year: 2025, month: 3, day: 1)!
        for minute in stride(from: 490, to: 1440, by: 30) {
            let (mine, all) = (
                StationReading(tariff: own).price(on: day, minute: minute),
                StationReading(tariff: usual).price(on: day, minute: minute)
            )
            #expect(mine.map { $0 + Rational(3) / Rational(10) } == all)
        }
        d.order(
            .putIdToken(
                IdToken(
                    value: "Z", status: .blocked, prices: DriverPrices(tariff: nil, serviceFee: .zero))))
        #expect(try Self.authorize(&d, "Z").tariff == nil, "who may not charge")
        var central = TariffTests.street(fee: 30)
        TariffTests.abilities(&central, tariffs: false)
        Self.own(&central, "F", DriverPrices(tariff: nil, serviceFee: .zero))
        #expect(try Self.authorize(&central, "F").tariff == nil, "who does not reckon")
    }

    @Test func `a transaction that began by what others pay goes on by the driver's, also when prices change`() throws {
        var d = TariffTests.street(fee: 30)
        TariffTests.abilities(&d)
        let usual = try TariffTests.sent(d)
        d.answer("P1", "SetDefaultTariff", #"{"status":"Accepted"}"#)
        Self.own(&d, "F", DriverPrices(tariff: nil, serviceFee: .zero))
        let own = try #require(try Self.authorize(&d, "F").tariff)
        _ = Self.event(&d, "Started", 0, wh: 0, token: "F", info: #","tariffId":"\#(usual.tariffId)""#)
        let change = try #require(d.calls.last { $0.action == "ChangeTransactionTariff" })
        #expect(String(decoding: change.payload, as: UTF8.self).contains(own.tariffId))
        d.answer("P1", "ChangeTransactionTariff", #"{"status":"Accepted"}"#)
        #expect(d.disk.sessions.values.first?.account.tariff == own.tariffId)
        // The site's own fee changes: the driver's does not.
        var site = try #require(d.core.site(SiteID("S")))
        site.serviceFees = [.init(from: CivilDay(year: 2024, month: 1, day: 1)!, price: .one)]
        d.order(.putSite(site))
        d.calm(.seconds(3))
        d.answer("P1", "SetDefaultTariff", #"{"status":"Accepted"}"#)
        d.calm(.seconds(3))
        #expect(!d.calls.contains { $0.action == "ChangeTransactionTariff" })
    }

    @Test func `a cost so far is told by itself, at most each half minute, and only what is new`() throws {
        var d = TariffTests.street(.off, fee: 42)
        var site = try #require(d.core.site(SiteID("S")))
        site.tellsRunningCost = true
        d.order(.putSite(site))
        #expect(Self.event(&d, "Started", 0, wh: 0, token: "T1").contains("totalCost"))
        func meter(_ wh: Int) {
            d.say(
                "P1", "MeterValues",
                #"{"evseId":1,"meterValue":[{"timestamp":"\#(d.now)","sampledValue":[{"value":\#(wh)}]}]}"#)
        }
        func told() -> [String] {
            d.calls.filter { $0.action == "CostUpdated" }.map { String(decoding: $0.payload, as: UTF8.self) }
        }
        d.calm(.seconds(10))
        meter(500)
        d.calm(.seconds(10))
        meter(1000)
        #expect(told().isEmpty)
        d.calm(.seconds(15))
        #expect(told() == [#"{"totalCost":1.00,"transactionId":"tx"}"#])
        d.answer("P1", "CostUpdated", "{}")
        d.calm(.minutes(3))
        #expect(told().isEmpty, "nothing is new")
        meter(1500)
        d.calm(.seconds(40))
        meter(2000)
        d.calm(.seconds(2))
        #expect(told().count == 1)
        d.answer("P1", "CostUpdated", "{}")
        // One that reckons itself, or is gone, is not told.
        _ = Self.event(&d, "Updated", 1, wh: 3000, info: #","tariffId":"own""#)
        meter(4000)
        d.calm(.minutes(2))
        #expect(told().isEmpty)
        _ = Self.event(&d, "Ended", 2, wh: 5000)
        d.calm(.minutes(2))
        #expect(told().isEmpty)
    }

    @Test func `a station's periods are kept, bounded, and survive`() throws {
        var d = TariffTests.street(.off)
        _ = Self.event(&d, "Started", 0, wh: 0, token: "T1")
        let periods = (0..<130).map {
            #"{"startPeriod":"\#(d.now + .minutes($0))","tariffId":"t\#($0 % 2)","dimensions":[{"type":"Energy","volume":0.5},{"type":"ChargingTime","volume":60}]}"#
        }.joined(separator: ",")
        d.say(
            "P1", "TransactionEvent",
            #"{"eventType":"Ended","timestamp":"\#(d.now)","triggerReason":"StopAuthorized","seqNo":1,"transactionInfo":{"transactionId":"tx"},"costDetails":{"totalCost":{"currency":"CNY","typeOfCost":"NormalCost","total":{"exclTax":1}},"totalUsage":{"energy":65,"chargingTime":1,"idleTime":0},"chargingPeriods":[\#(periods)]}}"#
        )
        let told = try #require(d.disk.sessions.values.first?.account.told)
        #expect(told.periods == 130 && told.parts.count == StationCost.mostParts)
        #expect(told.parts[1].tariff == "t1" && told.parts[1].energy == .wattHours(500))
        #expect([StationCost.Part](text: told.parts.text) == told.parts)
    }
}
