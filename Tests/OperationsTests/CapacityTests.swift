import Assets
import Charging
import Quantities
import Scheduling
import Testing

@testable import Operations

/// What can be asked of a site's vehicles.
@Suite("Capacity of sites") struct CapacityTests {
    /// Two piles of 7 kW below a node of 10 kW; at the first a vehicle that wants 7 kWh in four hours.
    private static func yard() -> Dialogue {
        var d = Dialogue()
        d.order(.putSite(Site(id: SiteID("S"), name: "Yard", tariffs: [])))
        d.order(.putNode(GridNode(id: NodeID("N"), site: SiteID("S"), limit: .kilowatts(10))))
        var change = StationChange()
        change.site = .some(SiteID("S"))
        change.node = .some(NodeID("N"))
        for id in ["P1", "P2"] {
            d.order(.putStation(StationID(id), change))
            d.boot(id)
            d.status(id, "Available")
        }
        return d
    }

    /// The problems that were asked for while time passed, each answered.
    private static func pass(_ d: inout Dialogue, _ seconds: Int) -> Int {
        var asked = 0
        for _ in 0..<seconds {
            d.pass(.seconds(1))
            let effects = d.last
            d.answerCalls()
            for effect in effects {
                guard case .measure(let problem) = effect else { continue }
                asked += 1
                d.give(.measured(problem.measured()))
            }
        }
        return asked
    }

    @Test func `it is measured every minute, and at once when a vehicle or its station is lost`() throws {
        var d = Self.yard()
        _ = Self.pass(&d, 130)
        let empty = try #require(d.core.capacity(of: SiteID("S")))
        #expect(
            empty.nodes.map(\.node.value) == ["N"] && empty.nodes[0].vehicles == 0 && empty.nodes[0].adjustable.isEmpty)
        #expect(empty.nodes[0].connectedCharge == .watts(14_080) && empty.nodes[0].connectedDischarge == .zero)
        #expect((2...3).contains(Self.pass(&d, 130)), "every minute")

        d.token("T1")
        d.start("P1", tag: "T1")
        d.status("P1", "Charging")
        let id = try #require(d.disk.sessions.values.first?.id)
        d.order(
            .setNeeds(
                id,
                Needs(
                    departure: d.now + .hours(4), energy: .kilowattHours(7), minimum: nil, chargeNow: false,
                    statedBy: "driver", statedAt: d.now)))
        _ = Self.pass(&d, 70)
        let one = try #require(d.core.capacity(of: SiteID("S"))).nodes[0]
        #expect(one.vehicles == 1 && one.adjustable.map(\.span) == SiteCapacity.spans)
        #expect(one.adjustable.allSatisfy { $0.least == .zero && $0.most > .watts(5_000) && $0.most <= .watts(7_040) })

        d.disconnect("P1")
        _ = Self.pass(&d, 6)
        let lost = try #require(d.core.capacity(of: SiteID("S")))
        #expect(lost.nodes[0].vehicles == 0 && lost.nodes[0].adjustable.isEmpty, "not a minute later")
        #expect(lost.nodes[0].connectedCharge == .watts(14_080), "connected it is all the same")
    }

    @Test func `a node passes on no more than its limit`() throws {
        var d = Self.yard()
        for (pile, token) in [("P1", "T1"), ("P2", "T2")] {
            d.token(token)
            d.start(pile, tag: token)
            d.status(pile, "Charging")
        }
        for session in d.disk.sessions.values.sorted(by: { $0.id.value < $1.id.value }) {
            d.order(
                .setNeeds(
                    session.id,
                    Needs(
                        departure: d.now + .hours(4), energy: .kilowattHours(15), minimum: nil, chargeNow: false,
                        statedBy: "driver", statedAt: d.now)))
        }
        _ = Self.pass(&d, 130)
        let both = try #require(d.core.capacity(of: SiteID("S"))).nodes[0]
        #expect(both.vehicles == 2 && both.adjustable.map(\.span) == SiteCapacity.spans)
        #expect(both.adjustable.allSatisfy { $0.most > .watts(7_040) && $0.most <= .watts(10_000) })
    }

    /// Two vehicles below a node of 7 kW that each want 6.5 kWh within two hours: the node can rest for seven minutes in all.
    @Test func `nobody promises a rest after which the node's limit would be too low`() {
        func measured(limit: Double) -> [SiteCapacity.Adjustable] {
            let vehicle = PlanningVehicle(slots: 0..<8, maxCharge: 7, wanted: 6.5, node: 0)
            return CapacityProblem(
                site: SiteID("S"), at: Instant(milliseconds: 0), step: .minutes(15), remaining: 1, slotCount: 8,
                vehicles: [vehicle, vehicle],
                nodes: [PlanningNode(importLimit: [Double](repeating: limit, count: 8))],
                connected: [(node: NodeID("N"), charge: .kilowatts(14), discharge: .zero)]
            ).measured().nodes[0].adjustable
        }
        let tight = measured(limit: 7)
        // 13 kWh in eight quarters of which one has P and seven have 7: P is 3; over the hour 6.
        #expect(zip(tight, [3.0, 6]).allSatisfy { abs($0.least.kilowatts - $1) < 0.8 }, "\(tight)")
        #expect(measured(limit: 14).allSatisfy { $0.least == .zero }, "with room for both to catch up")
    }

    @Test func `an answer that comes late does not take the place of a newer one`() {
        var d = Self.yard()
        let (old, new) = (
            SiteCapacity(site: SiteID("S"), at: d.now, nodes: []),
            SiteCapacity(site: SiteID("S"), at: d.now + .seconds(5), nodes: [])
        )
        d.give(.measured(new))
        d.give(.measured(old))
        #expect(d.core.capacity(of: SiteID("S")) == new)
        d.give(.measured(SiteCapacity(site: SiteID("nowhere"), at: d.now, nodes: [])))
        #expect(d.core.capacity(of: SiteID("nowhere")) == nil)
    }
}
