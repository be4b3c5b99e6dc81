import Assets
import Charging
import GridDispatch
import Operations
import Quantities
import Testing

/// What holds a pile and a site, as people are shown it.
@Suite("Limits in force") struct LimitsTests {
    private func charging() -> Dialogue {
        var d = Dialogue()
        d.community(piles: 2, limit: .kilowatts(12))
        d.pass(.seconds(60), answering: true)
        d.status("P1", "Preparing")
        d.start("P1", tag: "T1", meter: 0)
        d.status("P1", "Charging")
        d.order(
            .setNeeds(
                Session.ID("S-1"),
                Needs(
                    departure: d.now + .hours(8), energy: .kilowattHours(20), minimum: nil, chargeNow: false,
                    statedBy: "driver", statedAt: d.now)))
        d.pass(.seconds(40), answering: true)
        return d
    }

    @Test func `a pile that charges holds a confirmed setpoint above a confirmed default profile`() throws {
        let d = charging()
        let limits = try #require(d.core.limits(of: StationID("P1"))?.first)
        #expect(limits.held.setpoints.map(\.state) == [.confirmed])
        #expect(limits.held.setpoints.map(\.session) == ["S-1"])
        #expect(limits.held.fallbacks.map(\.state) == [.confirmed])
        #expect(limits.transactionLevel == 1)
        #expect(limits.held.setpoints.first?.limit == d.evse("P1")?.setpoint)
        #expect(d.core.limits(of: StationID("nobody")) == nil)
    }

    @Test func `without us the setpoint ends, the default profile holds, and every limit is kept`() throws {
        let d = charging()
        let outlook = try #require(d.core.offlineOutlook(of: SiteID("S"), at: d.now))
        #expect(outlook.violation == nil)
        let pile = try #require(outlook.piles.first { $0.evse.station == StationID("P1") })
        #expect(pile.isOnline && pile.isCharging && pile.basis == .fallback)
        let until = try #require(pile.heldUntil)
        #expect(until > d.now && until <= d.now + .minutes(12))
        let fallback = try #require(d.core.limits(of: StationID("P1"))?.first?.held.fallbacks.first?.profile)
        for (k, power) in pile.course.enumerated() {
            let moment = outlook.at + outlook.step * k
            if moment >= until { #expect(power == min(fallback[at: moment], pile.rating)) }
        }
        if let stop = pile.stopsAt {
            #expect(stop >= until && fallback[at: stop] < .watts(1320))
            #expect(fallback[at: stop - .minutes(15)] >= .watts(1320) || stop <= until + .minutes(1))
        }
        for node in outlook.nodes {
            let sums = zip(node.course.base ?? node.course.charging.map { _ in .zero }, node.course.charging).map(+)
            if let limit = node.limit { #expect(sums.allSatisfy { $0 <= limit }) }
            #expect(sums.count == 96)
        }
    }

    @Test func `a pile that has never confirmed a default profile is reckoned at its rating`() throws {
        var d = Dialogue()
        d.community(piles: 1, limit: .kilowatts(100))
        let outlook = try #require(d.core.offlineOutlook(of: SiteID("S"), at: d.now))
        let pile = try #require(outlook.piles.first)
        #expect(pile.basis == .rating && pile.stopsAt == nil)
        #expect(pile.course.allSatisfy { $0 == pile.rating })
        #expect(d.core.offlineOutlook(of: SiteID("nowhere"), at: d.now) == nil)
    }

    @Test func `after a restart the default profile is shown as one to be sent again`() throws {
        var d = charging()
        d.restart()
        let limits = try #require(d.core.limits(of: StationID("P1"))?.first)
        #expect(limits.held.fallbacks.map(\.state) == [.restored])
        #expect(limits.held.fallbacks.first?.confirmedAt == nil)
    }
}
