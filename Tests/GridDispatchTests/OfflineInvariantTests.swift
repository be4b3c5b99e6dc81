import Assets
import Foundation
import GridDispatch
import Quantities
import Testing

@Suite("Offline invariant") struct OfflineInvariantTests {
    /// More at night: `TIDEWATT_SEEDS`.
    static let seeds = ProcessInfo.processInfo.environment["TIDEWATT_SEEDS"].flatMap(UInt64.init) ?? 25

    /// What really is in force on the piles, if platform and network died now: each pile at the higher of its transaction
    /// profile (until it ends) and its default profile, at every later quarter hour and profile end.
    private func check(_ site: BenchSite, _ seed: UInt64) -> String? {
        var moments = [site.now]
        var at = site.now.ceiled(to: .minutes(15), from: Instant(milliseconds: 0))
        // A whole day once a minute; the next half hour, where transaction profiles end, at every second.
        for _ in 0..<(site.now.milliseconds % 60_000 == 0 ? 96 : 2) {
            moments.append(at)
            at += .minutes(15)
        }
        for moment in moments {
            for node in site.nodes {
                guard let limit = node.limit else { continue }
                var sum = node.id == site.nodes[0].id ? site.base[at: moment] : .zero
                for pile in site.piles where site.path(of: pile).contains(node.id) {
                    guard let fallback = pile.fallback, !pile.ignoresProfiles else {
                        sum += pile.capability.rating
                        continue
                    }
                    let live = pile.live.flatMap { $0.until > moment ? $0.limit : nil } ?? .zero
                    sum += max(live, fallback[at: moment])
                }
                if sum > limit {
                    return
                        "seed \(seed): at \(moment) node \(node.id) \(sum.watts) W > \(limit.watts) W if all died at \(site.now)"
                }
            }
        }
        return nil
    }

    @Test func `it holds at every second, whatever happens on the way`() {
        for seed in 1...Self.seeds {
            var random = SeededRandom(seed: seed)
            let count = Int.random(in: 3...14, using: &random)
            let base = DailyProfile(
                anchor: Instant(milliseconds: 0),
                values: (0..<96).map { _ in .watts(Int64.random(in: 5_000...20_000, using: &random)) })
            // The piles at their ratings would not fit: only profiles keep the limit.
            var site = BenchSite(piles: count, limit: .watts(22_000 + Int64(count) * 2_500), base: base)
            if Bool.random(using: &random) {
                site.nodes.append((NodeID("F1"), NodeID("T1"), .watts(4_000 + Int64(count) * 1_500)))
                for i in 0..<count where i % 2 == 0 {
                    site.piles[i] = BenchSite.Pile(
                        id: site.piles[i].id, node: NodeID("F1"), capability: site.piles[i].capability)
                }
            }
            site.run(seconds: 30)
            #expect(check(site, seed) == nil)
            var failure: String?
            for _ in 0..<60 where failure == nil {
                disturb(&site, &random)
                let steps = Int.random(in: 1...90, using: &random)
                let loss = Double.random(in: 0...0.5, using: &random)
                site.run(
                    seconds: steps,
                    deliver: { site, command in deliver(command, loss: loss, &site, &random) },
                    check: { site in
                        if failure == nil { failure = check(site, seed) }
                    })
            }
            #expect(failure == nil, "\(failure ?? "")")
            #expect(site.dispatcher.offlineViolation(site.input, at: site.now) == nil || failure != nil, "seed \(seed)")
        }
    }

    @Test func `a renewal lasts only as long as there is room for it, whatever others were told`() {
        // Base load rises at 11:00: both piles at 7 kW would not fit then.
        func base(from eleven: Int64) -> DailyProfile {
            DailyProfile(
                anchor: Instant(milliseconds: 0),
                values: (0..<24).map { $0 == 11 ? .watts(eleven) : .kilowatts(3) })
        }
        var site = BenchSite(
            piles: 2, limit: .kilowatts(20), base: base(from: 10_000), start: Instant("2024-09-10T10:40:00Z")!)
        site.plugIn(0, departureIn: .hours(12))
        site.plan = site.flatPlan([0: .kilowatts(7)])
        site.run(seconds: 120)
        // The second has less time to spare and is served first.
        site.plugIn(1, departureIn: .hours(5))
        site.plan = site.flatPlan([0: .kilowatts(7), 1: .kilowatts(7)])
        site.run(seconds: 540)
        #expect(site.piles[0].allowed(at: site.now) < .kilowatts(4), "cut for the hour to come")
        // Now a little more base load is foreseen: too little for a new setpoint to the first pile, but no room is left
        // for the second one's renewal after 11:00.
        site.base = base(from: 10_150)
        var violations: [String] = []
        site.run(
            seconds: 300,
            check: { site in
                if let violation = site.dispatcher.offlineViolation(site.input, at: site.now) {
                    violations.append("\(site.now): \(violation)")
                }
            })
        #expect(violations.isEmpty, "\(violations.first ?? "")")
        #expect(site.piles[1].allowed(at: site.now) > .kilowatts(6), "its power holds until then")
    }

    private func disturb(_ site: inout BenchSite, _ random: inout SeededRandom) {
        let i = Int.random(in: 0..<site.piles.count, using: &random)
        switch Int.random(in: 0..<10, using: &random) {
        case 0...3:
            if site.piles[i].session == nil {
                site.plugIn(
                    i, appetite: .watts(Int64.random(in: 0...7_000, using: &random)),
                    departureIn: .minutes(Int.random(in: 10...600, using: &random)))
            } else {
                site.unplug(i)
            }
        case 4:
            site.piles[i].online.toggle()
        case 5:
            site.piles[i].live = nil
            site.dispatcher.restarted(site.piles[i].id.station)
        case 6:
            site.baseShare = Double.random(in: 0.3...1, using: &random)
        case 7:
            site.piles[i].rejects.toggle()
        case 8:
            site.now += .seconds(Int.random(in: 0...900, using: &random))
        default:
            site.piles[i].chargeNow.toggle()
        }
        var setpoints: [Int: Power] = [:]
        for k in site.piles.indices where site.piles[k].session != nil && Int.random(in: 0..<5, using: &random) > 0 {
            setpoints[k] = .watts(Int64.random(in: 0...7_000, using: &random))
        }
        site.plan = site.flatPlan(setpoints)
    }

    /// Each command is refused, lost before it arrives, lost on the way back, or answered after up to 40 s.
    private func deliver(
        _ command: DispatchCommand, loss: Double, _ site: inout BenchSite, _ random: inout SeededRandom
    ) {
        guard let i = site.piles.firstIndex(where: { $0.id == command.evse }) else { return }
        guard site.piles[i].online else { return site.dispatcher.settle(command.number, .notSent, at: site.now) }
        if site.piles[i].rejects { return site.dispatcher.settle(command.number, .rejected, at: site.now) }
        let delay = Duration.seconds(Int.random(in: 0...40, using: &random))
        if random.unit() < loss {
            if Bool.random(using: &random) { site.apply(command) }
            site.answers.append((site.now + .seconds(30), command.number, .noReply))
            // Some of those answers come all the same, late.
            return
        }
        site.apply(command)
        site.answers.append((site.now + delay, command.number, .accepted))
    }

    @Test func `the check sees default profiles that are too high`() {
        var settings = DispatchSettings()
        settings.fallbackShare = 2.5
        var site = BenchSite(
            piles: 10, limit: .kilowatts(30), base: DailyProfile(constant: .kilowatts(10)), settings: settings)
        site.run(seconds: 30)
        #expect(check(site, 0) != nil)
        #expect(site.dispatcher.offlineViolation(site.input, at: site.now) != nil)
        site.run(seconds: 150)
        #expect(site.alarms.contains { $0.code == "offline-limit-not-guaranteed" })
    }

    @Test func `a violation names node, time and sums`() {
        let nodes = [
            DispatchInput.Node(
                id: NodeID("T1"), parent: nil, limit: .kilowatts(10), measured: nil,
                base: DailyProfile(anchor: Instant(milliseconds: 0), values: [.kilowatts(2), .kilowatts(6)]))
        ]
        let pile = OfflineInvariant.Pile(
            node: NodeID("T1"), rating: .kilowatts(7), setpoints: [(.kilowatts(6), Instant("2024-09-10T01:00:00Z")!)],
            fallbacks: [DailyProfile(constant: .kilowatts(5))])
        let violation = OfflineInvariant.violation(
            nodes: nodes, piles: [pile], ifAllDiesAt: Instant("2024-09-10T00:00:00Z")!)
        #expect(
            violation?.description
                == "node T1 at 2024-09-10T12:00:00Z: base load 6000 W + charging 5000 W exceed 10000 W")
    }

    @Test func `a pile without a known default profile, or that ignores it, counts at its rating`() {
        let at = Instant(milliseconds: 0)
        let none = OfflineInvariant.Pile(node: nil, rating: .kilowatts(7), setpoints: [], fallbacks: [])
        #expect(none.worstCase(at: at) == .kilowatts(7))
        let ignoring = OfflineInvariant.Pile(
            node: nil, rating: .kilowatts(7), setpoints: [], fallbacks: [.none], ignoresProfiles: true)
        #expect(ignoring.worstCase(at: at) == .kilowatts(7))
    }
}
