import Assets
import Quantities
import Scheduling
import Testing

@testable import Operations

/// What a site pays for its highest power of the month.
@Suite("Demand charge of sites") struct DemandTests {
    private static let twoPart = "cn/guizhou/commercial-10kv-two-part"

    private static func yard(tariff: String = twoPart, paysDemand: Bool = true) -> Dialogue {
        var d = Dialogue()
        d.community(piles: 1, limit: .kilowatts(100))
        var site = Site(
            id: SiteID("S"), name: "Yard",
            tariffs: [.init(from: CivilDay(year: 2024, month: 1, day: 1)!, tariff: tariff)])
        site.paysDemand = paysDemand
        d.order(.putSite(site))
        return d
    }

    /// A meter that says so every 30 seconds.
    /// - Returns: the newest problem that a plan was asked for.
    @discardableResult private static func metered(
        _ d: inout Dialogue, _ power: Power, for duration: Duration
    ) -> PlanRequest? {
        var request: PlanRequest?
        let end = d.now + duration
        while d.now < end {
            d.give(.nodeReadings(request: 0, NodeID("N"), [NodeReading(at: d.now, power: power)], by: .platform))
            for _ in 0..<30 {
                d.pass(.seconds(1), answering: true)
                for case .solve(let asked) in d.last { request = asked }
            }
        }
        return request
    }

    private static func charge(_ request: PlanRequest?) -> DemandCharge? {
        request?.problem.nodes.compactMap(\.demand).first
    }

    @Test func `plans reckon with the tariff's charge, its days that are left, and the peak so far`() throws {
        var d = Self.yard()
        // Eight in the morning of the first of March: 31 days are left.
        let first = try #require(Self.charge(Self.metered(&d, .kilowatts(60), for: .minutes(16))))
        #expect(abs(first.yuanPerKilowatt - 35.0 / 31) < 1e-9 && first.soFar == 0, "no quarter hour is over yet")
        let next = try #require(Self.charge(Self.metered(&d, .kilowatts(30), for: .minutes(32))))
        #expect(abs(next.soFar - 60) < 1, "\(next.soFar)")
        #expect(next.load.count > 90 && next.load.allSatisfy { $0 >= 0 && $0 < 70 })
        let peak = try #require(d.core.monthPeak(site: 0, at: d.now))
        #expect(peak.power == .kilowatts(60), "the lower quarter hours after it change nothing")
        d.restart()
        #expect(d.core.monthPeak(site: 0, at: d.now) == peak, "it outlives the process")
        #expect(d.core.monthPeak(site: 0, at: d.now + .days(31)) == nil, "the next month begins from nothing")
    }

    @Test func `no driver goes short for a peak`() throws {
        var d = Self.yard()
        d.token("T")
        d.start("P1", tag: "T")
        d.status("P1", "Charging")
        let request = try #require(Self.metered(&d, .kilowatts(20), for: .minutes(10)))
        let charge = try #require(Self.charge(request))
        let vehicle = try #require(request.problem.vehicles.first)
        #expect(vehicle.value >= charge.yuanPerKilowatt / request.problem.stepHours + 1)
    }

    @Test func `who does not pay it is planned without, and a tariff that does not say it is told`() {
        var free = Self.yard(paysDemand: false)
        #expect(Self.charge(Self.metered(&free, .kilowatts(60), for: .minutes(10))) == nil)
        #expect(!free.core.activeAlarms.contains { $0.code == "prices-unknown" })
        var unsaid = Self.yard(tariff: "cn/hubei/residential-charging")
        #expect(Self.charge(Self.metered(&unsaid, .kilowatts(60), for: .minutes(10))) == nil)
        #expect(unsaid.core.activeAlarms.contains { $0.code == "prices-unknown" })
    }
}
