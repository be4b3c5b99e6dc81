import Assets
import Charging
import OCPPMessages
import Quantities
import Rulebook
import Testing

@testable import Operations

/// A tariff as a station of 2.1 reads it, by the rules of I12.FR.30 to FR.34; nothing here is shared with what made it.
struct StationReading {
    let tariff: V2.Tariff

    /// Yuan/kWh; `nil`: no element holds.
    func price(on day: CivilDay, minute: Int) -> Rational? {
        let element = tariff.energy?.prices.first { price in
            guard let conditions = price.conditions else { return true }
            if let from = conditions.startTimeOfDay, let to = conditions.endTimeOfDay {
                let (start, end) = (minutes(from), minutes(to))
                let holds = end > start ? (start..<end).contains(minute) : minute >= start || minute < end
                if !holds { return false }
            }
            let names = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
            if let days = conditions.dayOfWeek, !days.map(\.name).contains(names[day.weekday - 1]) { return false }
            if let from = conditions.validFromDate, day.description < from { return false }
            if let to = conditions.validToDate, day.description >= to { return false }
            return true
        }
        return element.flatMap { Rational(decimal: $0.priceKwh.description) }
    }

    private func minutes(_ clock: String) -> Int {
        let parts = clock.split(separator: ":").compactMap { Int($0) }
        return parts[0] * 60 + parts[1]
    }
}

@Suite("Tariffs at stations") struct TariffTests {
    static let hubei = "cn/hubei/residential-charging"
    static let packs = ["cn/hubei/residential-charging", "cn/guizhou/commercial-10kv-two-part"]

    // MARK: - The translation

    @Test(arguments: packs) func `at each minute the station's price is the Rulebook's`(_ pack: String) throws {
        let tariff = try #require(RulePacks.builtIn.tariffs.first { $0.id == pack })
        var random = SeededRandom(seed: 7)
        let first = CivilDay(year: 2025, month: 1, day: 1)!
        var checked = 0
        for _ in 0..<8 {
            let day = first.adding(days: Int.random(in: 0..<420, using: &random))
            let start = tariff.zone.instant(of: day, minute: Int.random(in: 0..<1440, using: &random))
            let most = [1, 2, 3, 5, 8, 12, 24, 48, 100].randomElement(using: &random)!
            let mayDepend = Int.random(in: 0..<4, using: &random) > 0
            let fee = Rational(Int64.random(in: 0...900_000, using: &random)) / Rational(1_000_000)
            func pieces(_ day: CivilDay) -> [DriverTariff.Piece]? {
                (try? tariff.segments(on: day))?.reduce(into: [DriverTariff.Piece]?.some([])) { all, segment in
                    guard let price = segment.price else { return all = nil }
                    all?.append(.init(minutes: segment.start..<segment.end, price: price + fee))
                }
            }
            guard let cut = DriverTariff(from: start, in: tariff.zone, most: most, mayDepend: mayDepend, day: pieces)
            else { continue }
            let station = StationReading(tariff: V2.Tariff(cut))
            #expect(station.tariff.energy!.prices.count <= most)
            #expect(mayDepend || station.tariff.energy!.prices.allSatisfy { $0.conditions == nil })
            #expect(cut.validUntil > start)
            // Every minute of the first hours, then every quarter of an hour and one.
            var at = start
            while at < cut.validUntil {
                let span = try tariff.span(at: at)
                let today = tariff.zone.civilDay(at: at)
                let minute = tariff.zone.millisecondOfDay(at: at) / 60_000
                let wanted = try (#require(span.price) + fee).rounded(decimals: 6)
                #expect(station.price(on: today, minute: minute) == wanted, "\(pack) \(at), \(most) elements")
                checked += 1
                at += at - start < .hours(6) ? .minutes(1) : .minutes(16)
            }
        }
        #expect(checked > 2_000)
    }

    @Test func `days of any kind, holidays and quarter hours among them, are told or cut before they begin`() throws {
        let zone = Zone.shanghai
        for seed in 0..<16 {
            var random = SeededRandom(seed: UInt64(seed))
            func day() -> [DriverTariff.Piece] {
                var pieces: [DriverTariff.Piece] = []
                var minute = 0
                while minute < 1440 {
                    let end = min(1440, minute + 15 * Int.random(in: 1...60, using: &random))
                    let price = Rational(Int64.random(in: 0...5, using: &random)) / Rational(10)
                    pieces.append(.init(minutes: minute..<end, price: price))
                    minute = end
                }
                return pieces
            }
            let kinds = [day(), day(), day(), day()]
            let first = CivilDay(year: 2026, month: 1, day: 1 + seed % 28)!
            var days: [[DriverTariff.Piece]] = []
            for offset in 0..<40 {
                let weekday = first.adding(days: offset).weekday
                days.append(
                    Int.random(in: 0..<8, using: &random) == 0 ? kinds[3] : weekday > 5 ? kinds[1] : kinds[0])
            }
            let known = Int.random(in: 1...40, using: &random)
            let start = zone.instant(of: first, minute: Int.random(in: 0..<1440, using: &random))
            let most = Int.random(in: 1...60, using: &random)
            let cut = try #require(
                DriverTariff(from: start, in: zone, most: most, mayDepend: true) { day in
                    let offset = day - first
                    return offset < known ? days[offset] : nil
                })
            #expect(cut.prices.count <= most)
            #expect(cut.validUntil <= zone.midnight(of: first.adding(days: known)))
            let station = StationReading(tariff: V2.Tariff(cut))
            var at = start
            while at < cut.validUntil {
                let today = zone.civilDay(at: at)
                let minute = zone.millisecondOfDay(at: at) / 60_000
                let wanted = days[today - first].first { $0.minutes.contains(minute) }?.price
                #expect(station.price(on: today, minute: minute) == wanted, "seed \(seed), \(at)")
                at += .minutes(15)
            }
        }
    }

    @Test func `what differs is called otherwise, and what is the same is not`() throws {
        func tariff(_ price: Int64) -> V2.Tariff {
            V2.Tariff(
                DriverTariff(from: Instant(seconds: 0), in: .shanghai, most: 9, mayDepend: true) { _ in
                    [.init(minutes: 0..<1440, price: Rational(price) / Rational(100))]
                }!)
        }
        #expect(tariff(58).tariffId == tariff(58).tariffId)
        #expect(tariff(58).tariffId != tariff(59).tariffId)
        #expect(tariff(58).tariffId.utf8.count <= 60)
    }

    // MARK: - The dialogue

    /// A 2.1 station of a site in Hubei, whose abilities are asked for a moment after it has connected.
    static func street(_ local: Site.LocalCost = .auto, fee: Int64 = 0) -> Dialogue {
        var d = Dialogue {
            $0.commissioning = false
            $0.bootPatience = .zero
        }
        var site = Site(
            id: SiteID("S"), name: "Street",
            tariffs: [.init(from: CivilDay(year: 2024, month: 1, day: 1)!, tariff: hubei)])
        site.localCost = local
        if fee > 0 {
            site.serviceFees = [
                .init(from: CivilDay(year: 2024, month: 1, day: 1)!, price: Rational(fee) / Rational(100))
            ]
        }
        d.order(.putSite(site))
        var change = StationChange()
        change.site = .some(SiteID("S"))
        d.order(.putStation(StationID("P1"), change))
        d.token("T1")
        d.connect("P1", .v21)
        d.calm(.seconds(3))
        return d
    }

    static func abilities(
        _ d: inout Dialogue, tariffs: Bool = true, costs: Bool = true, most: Int? = nil, conditions: Bool? = nil,
        limits: String? = nil
    ) {
        func result(_ component: String, _ variable: String, _ instance: String?, _ value: String?) -> String {
            let name = instance.map { #","instance":"\#($0)""# } ?? ""
            let told = value.map { #","attributeValue":"\#($0)""# } ?? ""
            return
                #"{"attributeStatus":"\#(value == nil ? "UnknownVariable" : "Accepted")"\#(told),"component":{"name":"\#(component)"},"variable":{"name":"\#(variable)"\#(name)}}"#
        }
        let all = [
            result("TariffCostCtrlr", "Enabled", "Tariff", "\(tariffs)"),
            result("TariffCostCtrlr", "Enabled", "Cost", "\(costs)"),
            result("TariffCostCtrlr", "MaxElements", "Tariff", most.map(String.init)),
            result("TariffCostCtrlr", "ConditionsSupported", "Tariff", conditions.map { "\($0)" }),
            result("TxCtrlr", "SupportedLimits", nil, limits),
        ].joined(separator: ",")
        #expect(d.answer("P1", "GetVariables", #"{"getVariableResult":[\#(all)]}"#) != nil)
        d.calm(.seconds(3))
    }

    static func sent(_ d: Dialogue) throws -> V2.Tariff {
        let call = try #require(d.calls.last { $0.action == "SetDefaultTariff" })
        guard
            case .success(.setDefaultTariff(let request)) = V2.Request.decode(
                .setDefaultTariff, payload: call.payload.span, in: .v21
            ).result
        else { throw Unreadable() }
        #expect(request.evseId == 0)
        return request.tariff
    }
    struct Unreadable: Error {}

    @Test func `a station that reckons gets the prices of its site with the service fee`() throws {
        var d = Self.street(fee: 30)
        Self.abilities(&d)
        let tariff = try Self.sent(d)
        let station = StationReading(tariff: tariff)
        // 2025-03-01 is a spring Saturday: 0.58 by day, 0.68 in the evening, 0.43 at night.
        let day = CivilDay(year: 2025, month: 3, day: 1)!
        let pack = RulePacks.builtIn.tariffs.first { $0.id == Self.hubei }!
        for minute in stride(from: 0, to: 1440, by: 10) {
            let span = try pack.span(at: pack.zone.instant(of: day, minute: minute))
            #expect(station.price(on: day, minute: minute) == span.price! + Rational(30) / Rational(100))
        }
        d.answer("P1", "SetDefaultTariff", #"{"status":"Accepted"}"#)
        let picture = try #require(d.core.tariffs(of: StationID("P1")))
        #expect(picture.state == .held && picture.held.map(\.id) == [tariff.tariffId])
        d.calm(.hours(2))
        #expect(!d.calls.contains { $0.action == "SetDefaultTariff" }, "once is enough")
        d.restart()
        #expect(d.core.tariffs(of: StationID("P1")) == picture)
    }

    @Test func `one that does not reckon, or may not, gets none`() {
        var silent = Self.street()
        Self.abilities(&silent, tariffs: false)
        #expect(!silent.calls.contains { $0.action == "SetDefaultTariff" })
        let off = Self.street(.off)
        #expect(!off.calls.contains { $0.action == "GetVariables" || $0.action == "SetDefaultTariff" })
        var older = Dialogue { $0.commissioning = false }
        older.connect("P9", .v201)
        older.calm(.seconds(5))
        #expect(!older.calls.contains { $0.action == "GetVariables" })
    }

    @Test func `what is too much is cut down, and what it takes in no form the platform reckons`() throws {
        var d = Self.street()
        Self.abilities(&d)
        var sizes: [Int] = []
        while let tariff = try? Self.sent(d) {
            sizes.append(tariff.energy!.prices.count)
            if tariff.energy!.prices.count > 2 {
                d.answer("P1", "SetDefaultTariff", #"{"status":"TooManyElements"}"#)
            } else {
                d.answer("P1", "SetDefaultTariff", #"{"status":"ConditionNotSupported"}"#)
                break
            }
            d.calm(.seconds(3))
        }
        #expect(sizes == sizes.sorted(by: >) && sizes.count >= 2)
        d.calm(.seconds(3))
        let plain = try Self.sent(d)
        #expect(plain.energy!.prices.count == 1 && plain.energy!.prices[0].conditions == nil)
        d.answer("P1", "SetDefaultTariff", #"{"status":"Accepted"}"#)
        let picture = try #require(d.core.tariffs(of: StationID("P1")))
        #expect(picture.state == .held)
        // Its one price holds until the next change, and is renewed then.
        let end = try #require(picture.validUntil)
        #expect(end - d.now < .days(1))
        d.now = end
        d.calm(.seconds(3))
        #expect(try Self.sent(d).tariffId != plain.tariffId)
        d.answer("P1", "SetDefaultTariff", #"{"status":"Rejected"}"#)
        let refused = try #require(d.core.tariffs(of: StationID("P1")))
        #expect(refused.state == .central && refused.word == "Rejected")
        d.calm(.hours(3))
        #expect(!d.calls.contains { $0.action == "SetDefaultTariff" })
        // The site's prices change: it is asked once more.
        var site = try #require(d.core.site(SiteID("S")))
        site.serviceFees = [.init(from: CivilDay(year: 2024, month: 1, day: 1)!, price: .one)]
        d.order(.putSite(site))
        d.calm(.seconds(3))
        #expect(try Self.sent(d).energy!.prices[0].priceKwh > JSONDecimal(1))
    }

    @Test func `a call that is not known there means the same as no`() throws {
        var d = Self.street(.on)
        Self.abilities(&d, tariffs: false)
        let call = try #require(d.calls.last { $0.action == "SetDefaultTariff" })
        d.settle(call, .error(code: "NotImplemented", description: "", details: []))
        #expect(d.core.tariffs(of: StationID("P1"))?.state == .central)
        #expect(d.core.tariffs(of: StationID("P1"))?.word == "NotImplemented")
    }

    @Test func `a report without it brings it back, and a clearing too`() throws {
        var d = Self.street()
        Self.abilities(&d)
        let tariff = try Self.sent(d)
        d.answer("P1", "SetDefaultTariff", #"{"status":"Accepted"}"#)
        for (action, payload, answer) in [
            ("GetTariffs", #"{"evseId":0}"#, #"{"status":"NoTariff"}"#),
            ("ClearTariffs", "{}", #"{"clearTariffsResult":[{"status":"Accepted","tariffId":"\#(tariff.tariffId)"}]}"#),
        ] {
            d.order(
                .command(StationID("P1"), action: action, payload: Array(payload.utf8), timeout: .seconds(30)))
            d.answer("P1", action, answer)
            #expect(d.core.tariffs(of: StationID("P1"))?.state == .due, "\(action)")
            d.calm(.seconds(3))
            #expect(try Self.sent(d) == tariff)
            d.answer("P1", "SetDefaultTariff", #"{"status":"Accepted"}"#)
            #expect(d.core.tariffs(of: StationID("P1"))?.state == .held)
        }
        // One that somebody else set is shown as that.
        d.order(
            .command(
                StationID("P1"), action: "GetTariffs", payload: Array(#"{"evseId":0}"#.utf8), timeout: .seconds(30)))
        d.answer(
            "P1", "GetTariffs",
            #"{"status":"Accepted","tariffAssignments":[{"tariffId":"\#(tariff.tariffId)","tariffKind":"DefaultTariff","evseIds":[1]},{"tariffId":"X","tariffKind":"DefaultTariff","evseIds":[2]}]}"#
        )
        let held = try #require(d.core.tariffs(of: StationID("P1"))).held
        #expect(held.first { $0.id == "X" }?.isForeign == true)
        #expect(held.first { $0.id == tariff.tariffId }?.toldAt != nil)
    }

    @Test func `a running transaction changes to the new prices`() throws {
        var d = Self.street()
        Self.abilities(&d)
        let tariff = try Self.sent(d)
        d.answer("P1", "SetDefaultTariff", #"{"status":"Accepted"}"#)
        d.say(
            "P1", "TransactionEvent",
            #"{"eventType":"Started","timestamp":"\#(d.now)","triggerReason":"Authorized","seqNo":0,"transactionInfo":{"transactionId":"tx","tariffId":"\#(tariff.tariffId)"},"evse":{"id":1,"connectorId":1},"idToken":{"idToken":"T1","type":"ISO14443"}}"#
        )
        var site = try #require(d.core.site(SiteID("S")))
        site.serviceFees = [.init(from: CivilDay(year: 2024, month: 1, day: 1)!, price: .one)]
        d.order(.putSite(site))
        d.calm(.seconds(3))
        let newer = try Self.sent(d)
        d.answer("P1", "SetDefaultTariff", #"{"status":"Accepted"}"#)
        let change = try #require(d.calls.last { $0.action == "ChangeTransactionTariff" })
        #expect(String(decoding: change.payload, as: UTF8.self).contains(newer.tariffId))
        d.answer("P1", "ChangeTransactionTariff", #"{"status":"Accepted"}"#)
        #expect(d.disk.sessions.values.first?.account.tariff == newer.tariffId)
        d.calm(.hours(1))
        #expect(!d.calls.contains { $0.action == "ChangeTransactionTariff" })
    }
}
