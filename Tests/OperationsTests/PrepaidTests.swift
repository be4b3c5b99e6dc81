import Assets
import Charging
import Operations
import Quantities
import Testing

/// Prepaid cards (2.1 C17).
@Suite("Prepaid cards") struct PrepaidTests {
    private static func priced() -> Dialogue {
        var d = Dialogue {
            $0.commissioning = false
            $0.bootPatience = .zero
        }
        var site = Site(
            id: SiteID("S"), name: "Street",
            tariffs: [.init(from: CivilDay(year: 2024, month: 1, day: 1)!, tariff: "cn/hubei/residential-charging")])
        site.localCost = .off
        d.order(.putSite(site))
        for id in ["P1", "P2"] {
            var station = StationChange()
            station.site = .some(SiteID("S"))
            d.order(.putStation(StationID(id), station))
        }
        d.now = Instant("2025-02-28T14:00:00Z")!
        d.token("CARD")
        return d
    }

    private static func credit(_ d: inout Dialogue, _ change: PrepaidChange) -> String? {
        if case .failure(let fault) = d.order(.money(.credit("card", change))) { return fault.code }
        return nil
    }

    @Test func `test C17 FR 02 what is left decides, in the words of each version`() {
        var d = Self.priced()
        d.boot("P1")
        d.connect("P2", .v21)
        func asked(_ d: inout Dialogue) -> (String, String) {
            (
                d.say("P1", "Authorize", #"{"idTag":"CARD"}"#) ?? "",
                d.say("P2", "Authorize", #"{"idToken":{"idToken":"CARD","type":"ISO14443"}}"#) ?? ""
            )
        }
        let plain = asked(&d)
        #expect(plain.1.contains("Accepted") && !plain.1.contains("cacheExpiryDateTime"))
        #expect(Self.credit(&d, .set(0)) == nil)
        let empty = asked(&d)
        #expect(empty.0.contains("Blocked") && empty.1.contains("NoCredit"))
        #expect(Self.credit(&d, .add(1)) == nil)
        let full = asked(&d)
        #expect(full.0.contains("Accepted") && full.1.contains("Accepted"))
        #expect(full.1.contains("\"cacheExpiryDateTime\":\"2025-02-28T14:00"))
        #expect(Self.credit(&d, .add(PrepaidAccount.most)) == "limit-invalid")
        #expect(Self.credit(&d, .set(nil)) == nil)
        #expect(d.core.prepaidAccount("CARD") == nil && d.disk.prepaid.isEmpty)
        #expect(Self.credit(&d, .set(5)) == nil)
        d.order(.deleteIdToken("CARD"))
        #expect(d.disk.prepaid.isEmpty && Self.credit(&d, .set(5)) == "id-token-unknown")
    }

    @Test func `what a session cost is taken once, through a crash and an end told twice`() throws {
        var d = Self.priced()
        d.boot("P1")
        d.status("P1", "Available")
        #expect(Self.credit(&d, .set(1000)) == nil)
        let transaction = d.start("P1", tag: "CARD", meter: 0)
        d.restart()
        d.boot("P1")
        d.now += .minutes(30)
        d.stop("P1", transaction, meter: 4000, messageID: "stop")
        // 4 kWh for 2.72 yuan.
        #expect(d.core.prepaidAccount("card")?.fen == 728)
        d.stop("P1", transaction, meter: 4000, messageID: "again")
        #expect(d.core.prepaidAccount("card")?.fen == 728)
        d.restart()
        #expect(d.core.prepaidAccount("card")?.fen == 728)
    }

    @Test func `test C17 FR 03 a station that keeps no limits is stopped when nothing is left`() {
        var d = Self.priced()
        d.boot("P1")
        d.status("P1", "Available")
        #expect(Self.credit(&d, .set(100)) == nil)
        let transaction = d.start("P1", tag: "CARD", meter: 0)
        #expect(d.session("S-\(transaction)")?.account.limits.cost == .one)
        d.now += .minutes(10)
        d.meter("P1", wh: 1000, watts: 6000, transaction: transaction)
        #expect(!d.calls.contains { $0.action == "RemoteStopTransaction" })
        d.now += .minutes(10)
        // 2 kWh for 1.36 yuan.
        d.meter("P1", wh: 2000, watts: 6000, transaction: transaction)
        #expect(d.calls.contains { $0.action == "RemoteStopTransaction" })
    }

    @Test func `an account never takes the same session twice`() {
        for seed in 0..<200 {
            var random = SeededRandom(seed: UInt64(seed))
            var account = PrepaidAccount(token: "T", fen: 100_000, at: Instant(milliseconds: 0))
            var spent: [Int: Int64] = [:]
            for session in 0..<20 {
                for _ in 0...Int.random(in: 0...2, using: &random) {
                    let cost = Int64.random(in: 0...3000, using: &random)
                    account.take(cost, for: Session.ID("S-\(session)"), at: Instant(milliseconds: 1))
                    spent[session] = cost
                }
            }
            #expect(account.fen == 100_000 - spent.values.reduce(0, +), "seed \(seed)")
        }
    }
}
