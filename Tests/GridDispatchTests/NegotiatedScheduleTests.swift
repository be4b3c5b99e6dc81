import Assets
import Foundation
@testable import GridDispatch
import Quantities
import Testing

/// Piles of 60 kW whose vehicles give back; those of `slow` follow schedules that are negotiated with them.
private func yard(_ count: Int, slow: Set<Int>, floor: Energy = .kilowattHours(-10)) -> BenchSite {
    var site = BenchSite(piles: count, limit: .kilowatts(1_000))
    for i in site.piles.indices {
        site.piles[i] = BenchSite.Pile(
            id: site.piles[i].id, node: NodeID("T1"),
            capability: Capability(
                electrical: Station.Electrical(voltage: 230, phases: 3, maxCurrentMilliamperes: 87_000),
                granularity: .watts(1)))
        site.plugIn(i, appetite: .kilowatts(60), wanted: nil, departureIn: .hours(12))
        site.piles[i].session?.steering = Steering(
            mostCharge: .kilowatts(60), mostDischarge: .kilowatts(60), floor: floor, full: .kilowattHours(40))
        site.piles[i].session?.isScheduled = slow.contains(i)
        site.piles[i].vehicle = BenchSite.Vehicle(mostCharge: .kilowatts(60), mostDischarge: .kilowatts(60))
    }
    return site
}

/// Thousands in the nightly run.
private let seeds = ProcessInfo.processInfo.environment["TIDEWATT_SEEDS"].flatMap(UInt64.init) ?? 25

@Suite("Schedules for vehicles that negotiate them") struct NegotiatedScheduleTests {
    @Test func `a vehicle gives by the plan, told seldom, and each schedule ends`() {
        var site = yard(1, slow: [0])
        site.run(seconds: 120)
        site.plan = site.flatPlan([0: .kilowatts(-10)])
        site.sent.removeAll()
        site.run(seconds: 150)
        var times: [Instant] = []
        site.run(
            seconds: 1650,
            check: { site in
                #expect(site.piles[0].vehicle?.flow == .kilowatts(-10), "at \(site.now)")
            })
        for command in site.sent {
            guard case .follow(_, let power, let until) = command.content, let at = site.sentAt[command.number] else {
                continue
            }
            times.append(at)
            #expect(power == .kilowatts(-10) && until - at <= .minutes(10))
        }
        // One for the change, then one each five minutes or so.
        #expect((5...8).contains(times.count), "\(times.count)")
        // The plan turns: it rests, then charges.
        site.plan = site.flatPlan([0: .kilowatts(12)])
        site.run(seconds: 200)
        #expect(site.piles[0].vehicle?.flow == .kilowatts(12))
    }

    @Test func `a group asks those that follow at once first, and schedules the rest`() {
        var site = yard(3, slow: [0])
        site.run(seconds: 120, sampleEvery: 2)
        func ask(_ kilowatts: Int64) {
            site.instructions = [
                Instruction(
                    id: "call", source: "operator", priority: .market, target: .charging(below: NodeID("T1")),
                    demand: .exactly(.kilowatts(kilowatts)), interval: Interval(site.now, site.now + .hours(4)),
                    receivedAt: site.now)
            ]
        }
        ask(-100)
        site.run(seconds: 100, sampleEvery: 2)
        #expect(site.piles.map { $0.vehicle?.flow.watts.signum() ?? 0 } == [0, -1, -1])
        ask(-150)
        site.run(seconds: 100, sampleEvery: 2)
        #expect(site.piles[0].vehicle?.flow ?? .zero < .kilowatts(-25))
        #expect(abs(site.charging(below: NodeID("T1")).watts + 150_000) <= 3000)
    }

    /// Answers are lost, plans change, we die at any moment, and the station's clock is a minute late.
    @Test(arguments: 0..<seeds) func `nobody is emptied below the floor, also when we die`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let floor = Energy.kilowattHours(-4)
        var site = yard(2, slow: [0, 1], floor: floor)
        site.run(seconds: 60)
        for _ in 0..<(2 + Int(random.next() % 3)) {
            let powers = [Int64(random.next() % 121) - 60, Int64(random.next() % 121) - 60]
            site.plan = site.flatPlan([0: .kilowatts(powers[0]), 1: .kilowatts(powers[1])])
            let loses = random.unit() * 0.3
            var choice = random
            site.run(
                seconds: 60 + Int(random.next() % 600), sampleEvery: 20,
                deliver: { site, command in
                    let isLost = choice.unit() < loses
                    if isLost { site.apply(command) } else { site.acceptNow(command) }
                    // It ends when the station says so.
                    let isSchedule = if case .fallback = command.content { false } else { true }
                    for i in site.piles.indices where isSchedule && site.piles[i].id == command.evse {
                        if let live = site.piles[i].live {
                            site.piles[i].live?.until = min(live.until + .seconds(59), site.now + .seconds(659))
                        }
                    }
                    if isLost { site.dispatcher.settle(command.number, .noReply, at: site.now) }
                },
                check: { site in
                    for pile in site.piles {
                        #expect(pile.session?.delivered ?? .zero >= floor, "seed \(seed) at \(site.now)")
                    }
                })
            random = choice
        }
        // Nobody speaks any more: what runs goes on to its end.
        for i in site.piles.indices {
            guard let live = site.piles[i].live, let stay = site.piles[i].session, live.until > site.now else {
                continue
            }
            let given = min(.zero, live.limit).energy(over: live.until - site.now)
            #expect(stay.delivered + given >= floor, "seed \(seed): \(given) more")
        }
    }
}
