import Assets
import GridDispatch
import Quantities
import Testing

/// What people are shown of the limits on a pile must be what the dispatcher reckons with.
@Suite("Held limits") struct HeldLimitsTests {
    private func site() -> BenchSite {
        BenchSite(piles: 3, limit: .kilowatts(30), base: DailyProfile(constant: .kilowatts(10)))
    }

    @Test func `a pile that no step saw holds nothing that is known`() {
        #expect(site().dispatcher.heldLimits(of: EVSEID(StationID("P1"), 1)) == nil)
    }

    @Test func `a confirmed setpoint stands with its end above the confirmed default profile`() throws {
        var site = site()
        site.plugIn(0)
        site.run(seconds: 200)
        let held = try #require(site.dispatcher.heldLimits(of: site.piles[0].id))
        let live = try #require(site.piles[0].live)
        let setpoint = try #require(held.setpoints.first)
        #expect(setpoint.state == .confirmed)
        #expect(setpoint.limit == live.limit && setpoint.until == live.until && setpoint.session == live.session)
        #expect(setpoint.confirmedAt.map { $0 >= setpoint.sentAt } == true)
        #expect(held.fallbacks.map(\.profile) == [site.piles[0].fallback])
        #expect(held.fallbacks.map(\.state) == [.confirmed])
        #expect(!held.ignoresProfiles)
    }

    @Test func `what was not answered is pending, then doubtful, and stands above what was confirmed before`() throws {
        var site = site()
        site.plugIn(0)
        site.run(seconds: 200)
        let before = try #require(site.dispatcher.heldLimits(of: site.piles[0].id)?.setpoints.first)
        var lost: [UInt64] = []
        site.piles[0].limit = .kilowatts(2)
        site.run(seconds: 5) { _, command in lost.append(command.number) }
        let pending = try #require(site.dispatcher.heldLimits(of: site.piles[0].id))
        #expect(pending.setpoints.map(\.state) == [.pending, .confirmed])
        #expect(pending.setpoints.last == before)
        for number in lost { site.dispatcher.settle(number, .noReply, at: site.now) }
        let doubtful = try #require(site.dispatcher.heldLimits(of: site.piles[0].id))
        #expect(doubtful.setpoints.map(\.state) == [.doubtful, .confirmed])
    }

    @Test func `a default profile of an earlier run is shown as restored`() throws {
        var site = site()
        let profile = DailyProfile(constant: .kilowatts(3))
        site.dispatcher.restore(site.piles[1].id, fallback: profile)
        let held = try #require(site.dispatcher.heldLimits(of: site.piles[1].id))
        #expect(held.fallbacks == [.init(profile: profile, confirmedAt: nil, state: .restored)])
    }

    @Test func `a course without us is above a limit exactly where the invariant is broken`() {
        for share in [0.3, 2.5] {
            var settings = DispatchSettings()
            settings.fallbackShare = share
            var site = BenchSite(
                piles: 10, limit: .kilowatts(30),
                base: DailyProfile(
                    anchor: Instant(milliseconds: 0), values: (0..<24).map { .kilowatts($0 < 18 ? 10 : 20) }),
                settings: settings)
            site.run(seconds: 30)
            let piles = site.input.evses.compactMap(site.dispatcher.offlinePile)
            let courses = OfflineInvariant.courses(
                nodes: site.input.nodes, piles: piles, ifAllDiesAt: site.now, step: .minutes(15), count: 96)
            let isAbove = courses.contains { course in
                zip(course.base ?? [], course.charging).contains { $0 + $1 > .kilowatts(30) }
            }
            #expect(courses.map(\.charging.count) == [96])
            #expect(isAbove == (site.dispatcher.offlineViolation(site.input, at: site.now) != nil), "share \(share)")
            #expect(isAbove == (share > 1), "share \(share)")
        }
    }
}
