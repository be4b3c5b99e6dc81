import Assets
import Charging
import OCPPMessages
import Operations
import Quantities
import Testing

/// What sessions cost: Hubei's evening prices 0.68 until 23:00 and 0.43 from then on, on the wall clock of the site.
@Suite("Costs of sessions") struct CostTests {
    private static func street(_ version: OCPPVersion = .v201, tariff: String? = "cn/hubei/residential-charging")
        -> Dialogue
    {
        var d = Dialogue()
        let entry = tariff.map { Site.TariffEntry(from: CivilDay(year: 2024, month: 1, day: 1)!, tariff: $0) }
        d.order(.putSite(Site(id: SiteID("S"), name: "Community", tariffs: [entry].compactMap { $0 })))
        var change = StationChange()
        change.site = .some(SiteID("S"))
        d.order(.putStation(StationID("P1"), change))
        d.token("T1")
        d.connect("P1", version)
        return d
    }

    /// 22:00 of that site's evening, and so many minutes.
    private static func evening(_ minutes: Int) -> Instant {
        Instant("2025-02-28T14:00:00Z")! + .minutes(minutes)
    }

    private static func event(
        _ d: inout Dialogue, _ stage: String, _ number: Int, _ minutes: Int, wh: Double?
    ) -> String {
        let at = evening(minutes)
        let values =
            wh.map {
                #","meterValue":[{"timestamp":"\#(at)","sampledValue":[{"value":\#($0),"unitOfMeasure":{"unit":"Wh"}}]}]"#
            } ?? ""
        return d.say(
            "P1", "TransactionEvent",
            #"{"eventType":"\#(stage)","timestamp":"\#(at)","triggerReason":"MeterValuePeriodic","seqNo":\#(number),"transactionInfo":{"transactionId":"tx"},"evse":{"id":1,"connectorId":1}\#(values)}"#
        ) ?? ""
    }

    @Test func `each price counts for its own time, and a crossing step is split by it`() throws {
        var d = Self.street()
        _ = Self.event(&d, "Started", 0, 40, wh: 1000)
        _ = Self.event(&d, "Updated", 1, 50, wh: 3000)
        _ = Self.event(&d, "Updated", 2, 70, wh: 7000)
        let answer = Self.event(&d, "Ended", 3, 90, wh: 9000)
        #expect(answer == #"{"totalCost":4.44}"#)
        #expect(d.disk.sessions.values.first?.cost == Rational(444) / Rational(100))
    }

    @Test func `a restart in between changes nothing`() {
        for cut in 0..<4 {
            var d = Self.street()
            let steps: [(Int, Double)] = [(40, 1000), (50, 3000), (70, 7000), (80, 8000)]
            for (n, (minute, wh)) in steps.enumerated() {
                _ = Self.event(&d, n == 0 ? "Started" : "Updated", n, minute, wh: wh)
                if n == cut {
                    d.restart()
                    d.connect("P1", .v201)
                }
            }
            #expect(Self.event(&d, "Ended", 4, 90, wh: 9000) == #"{"totalCost":4.44}"#, "after \(cut)")
        }
    }

    @Test func `a sum is rounded once, to the fen`() {
        var d = Self.street()
        _ = Self.event(&d, "Started", 0, 0, wh: 0)
        // Twice 0.0068 yuan, which each by itself would be a fen.
        _ = Self.event(&d, "Updated", 1, 10, wh: 10)
        #expect(Self.event(&d, "Ended", 2, 20, wh: 20) == #"{"totalCost":0.01}"#)
    }

    @Test func `over midnights and days each price has its hours`() throws {
        var d = Self.street()
        d.now = Self.evening(25 * 60)
        // 22:00 to 22:00: 1 h peak, 8 h valley, 10 h flat, 3 h peak, 2 h sharp; a kilowatt all the time, read once at the end.
        _ = Self.event(&d, "Started", 0, 0, wh: 0)
        let answer = Self.event(&d, "Ended", 1, 24 * 60, wh: 24_000)
        let cost = 0.68 * 4 + 0.43 * 8 + 0.58 * 10 + 0.78 * 2
        #expect(answer.contains("13.52") && abs(cost - 13.52) < 0.001)
    }

    @Test func `what is not known is not said`() {
        var untold = Self.street(tariff: nil)
        _ = Self.event(&untold, "Started", 0, 40, wh: 1000)
        #expect(Self.event(&untold, "Ended", 1, 50, wh: 3000) == "{}")
        var silent = Self.street()
        _ = Self.event(&silent, "Started", 0, 40, wh: nil)
        #expect(Self.event(&silent, "Ended", 1, 50, wh: nil) == "{}")
        var once = Self.street()
        _ = Self.event(&once, "Started", 0, 40, wh: 1000)
        #expect(Self.event(&once, "Ended", 1, 50, wh: nil) == "{}")
        var late = Self.street()
        _ = Self.event(&late, "Updated", 1, 45, wh: 1500)
        #expect(Self.event(&late, "Ended", 2, 50, wh: 3000) == "{}")
        // Its start comes after all, before the price changed: now it is known.
        #expect(Self.event(&late, "Started", 0, 40, wh: 1000) == "{}")
        #expect(late.disk.sessions.values.first?.cost == nil, "what was answered stays")
    }

    @Test func `a start that comes late is priced where nothing changed before`() {
        var d = Self.street()
        _ = Self.event(&d, "Updated", 1, 45, wh: 1500)
        _ = Self.event(&d, "Started", 0, 40, wh: 1000)
        #expect(Self.event(&d, "Ended", 2, 50, wh: 3000) == #"{"totalCost":1.36}"#)
        var crossed = Self.street()
        _ = Self.event(&crossed, "Updated", 1, 45, wh: 1500)
        _ = Self.event(&crossed, "Updated", 2, 65, wh: 2500)
        _ = Self.event(&crossed, "Started", 0, 40, wh: 1000)
        #expect(Self.event(&crossed, "Ended", 3, 70, wh: 3000) == "{}")
    }

    @Test func `1_6 has no word for it, and its session shows it`() throws {
        var d = Self.street(.v16)
        let transaction = d.start("P1", tag: "T1", meter: 1000, at: Self.evening(40))
        d.meter("P1", wh: 3000, watts: 0, transaction: transaction, at: Self.evening(50))
        d.meter("P1", wh: 7000, watts: 0, transaction: transaction, at: Self.evening(70))
        d.restart()
        d.connect("P1")
        d.stop("P1", transaction, meter: 9000, at: Self.evening(90))
        #expect(d.disk.sessions.values.first?.cost == Rational(444) / Rational(100))
    }
}
