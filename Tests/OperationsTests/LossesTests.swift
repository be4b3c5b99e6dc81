import Assets
import Charging
import Quantities
import Testing

@testable import Operations

/// Losses learned at an EVSE, from what its station says to what decides (ADR 17).
@Suite("Learned losses") struct LossesTests {
    private static let evse = EVSEID(StationID("P1"), 1)
    private static let capacity = 50_000.0

    private static func yard(_ change: (inout Site) -> Void = { _ in }) -> Dialogue {
        var d = Dialogue {
            $0.commissioning = false
            $0.bootPatience = .zero
        }
        var site = Site(id: SiteID("S"), name: "Yard")
        change(&site)
        d.order(.putSite(site))
        var station = StationChange()
        station.site = .some(SiteID("S"))
        d.order(.putStation(StationID("P1"), station))
        d.connect("P1", .v21)
        return d
    }

    /// A stay that charges and gives back; a reading each half minute, the platform dies after `cut` of them.
    private static func stay(
        _ d: inout Dialogue, _ name: String, inward: Double, outward: Double, cut: Int? = nil, turns: Int = 1
    ) {
        var (imported, exported, stored) = (90_000.0, 20_000.0, 20_000.0)
        var number = 0
        func tell(_ stage: String, _ d: inout Dialogue) {
            func value(_ value: Int, _ measurand: String, _ unit: String) -> String {
                #"{"value":\#(value),"measurand":"\#(measurand)","unitOfMeasure":{"unit":"\#(unit)"}}"#
            }
            let values = [
                value(Int(imported), "Energy.Active.Import.Register", "Wh"),
                value(Int(exported), "Energy.Active.Export.Register", "Wh"),
                value(Int(stored / capacity * 100), "SoC", "Percent"),
            ].joined(separator: ",")
            d.say(
                "P1", "TransactionEvent",
                #"{"eventType":"\#(stage)","timestamp":"\#(d.now)","triggerReason":"MeterValuePeriodic","seqNo":\#(number),"transactionInfo":{"transactionId":"\#(name)"},"evse":{"id":1,"connectorId":1},"meterValue":[{"timestamp":"\#(d.now)","sampledValue":[\#(values)]}]}"#
            )
            number += 1
            if number == cut {
                d.restart()
                d.connect("P1", .v21)
            }
        }
        tell("Started", &d)
        for turn in 0..<turns * 2 {
            for _ in 0..<60 {
                let flow = 20_000.0 / 120
                if turn % 2 == 0 {
                    imported += flow
                    stored += flow * inward
                } else {
                    exported += flow
                    stored -= flow / outward
                }
                d.now += .seconds(30)
                tell("Updated", &d)
            }
        }
        tell("Ended", &d)
    }

    private static func shown(_ d: Dialogue) -> LearnedRoundTrip? { d.evse("P1")?.roundTrip }

    @Test func `an EVSE learns from its sessions, over the platform's death at any of their messages`() throws {
        for cut in [nil, 1, 20, 60, 61, 100, 121] as [Int?] {
            var d = Self.yard()
            #expect(Self.shown(d) == nil)
            Self.stay(&d, "a", inward: 0.95, outward: 0.94, cut: cut)
            let first = try #require(Self.shown(d), "after \(String(describing: cut))")
            #expect((first.value.low...first.value.high).contains(893) && first.sessions == 1, "\(first)")
            let session = try #require(d.disk.sessions.values.first { $0.transactionID == "a" })
            #expect(session.account.losses?.roundTrip == first.value)
            d.restart()
            #expect(Self.shown(d) == first)
        }
    }

    @Test func `it decides from three sessions on, the floor by the careful end, money never`() throws {
        var d = Self.yard {
            $0.battery = BatteryTerms(chemistry: .lfp, valuePerKilowattHour: 600_000_000, roundTripPerMille: 902)
        }
        let terms = d.core.site(SiteID("S"))?.battery
        for n in 1...4 {
            Self.stay(&d, "t\(n)", inward: 0.92, outward: 0.92)
            let learned = try #require(Self.shown(d))
            #expect(learned.sessions == n)
            if n < LearnedRoundTrip.leastSessions {
                #expect(d.core.surelyOneWay(at: Self.evse, terms) == 949)
                #expect(
                    d.core.surelyOneWay(at: Self.evse, nil) == 950 && d.core.likelyOneWay(at: Self.evse, terms) == 949)
            } else {
                #expect(d.core.surelyOneWay(at: Self.evse, terms) == learned.value.surelyOneWay)
                #expect(d.core.surelyOneWay(at: Self.evse, terms) < 920)
                #expect(abs(d.core.likelyOneWay(at: Self.evse, terms) - 920) <= 5)
            }
        }
        // What is better than stated does not lower the guard.
        var better = Self.yard()
        for n in 1...3 { Self.stay(&better, "t\(n)", inward: 0.99, outward: 0.99) }
        let low = BatteryTerms(chemistry: .lfp, valuePerKilowattHour: 1, roundTripPerMille: 810)
        #expect(better.core.surelyOneWay(at: Self.evse, low) == 900)
        #expect(better.core.likelyOneWay(at: Self.evse, low) > 980)
        #expect(d.core.surelyOneWay(at: EVSEID(StationID("P9"), 1), nil) == 950)
    }

    @Test func `only the newest sessions of an EVSE count, and a station that goes takes them along`() throws {
        var d = Self.yard()
        for n in 1...20 { Self.stay(&d, "t\(n)", inward: n <= 12 ? 0.8 : 0.95, outward: n <= 12 ? 0.8 : 0.95) }
        let learned = try #require(Self.shown(d))
        #expect(learned.sessions == [RoundTripRecord].most)
        d.restart()
        #expect(Self.shown(d) == learned)
        for n in 21...23 { Self.stay(&d, "t\(n)", inward: 0.95, outward: 0.95) }
        // Eleven of sixteen are new: the others move nothing.
        let newer = try #require(Self.shown(d)).value
        #expect((newer.low...newer.high).contains(902) && newer.middle > 850, "\(newer)")
        d.order(.deleteStation(StationID("P1")))
        #expect(d.disk.state.roundTrips.isEmpty)
    }
}
