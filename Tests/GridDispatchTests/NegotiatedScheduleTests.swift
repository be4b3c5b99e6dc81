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
            guard case .schedule(_, let steps, let until) = command.content, let at = site.sentAt[command.number]
            else { continue }
            times.append(at)
            #expect(steps == [ScheduleStep(from: at, power: .kilowatts(-10))] && until - at <= .minutes(10))
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
        ask(&site, -100)
        site.run(seconds: 100, sampleEvery: 2)
        #expect(site.piles.map { $0.vehicle?.flow.watts.signum() ?? 0 } == [0, -1, -1])
        ask(&site, -150)
        site.run(seconds: 100, sampleEvery: 2)
        #expect(site.piles[0].vehicle?.flow ?? .zero < .kilowatts(-25))
        #expect(abs(site.charging(below: NodeID("T1")).watts + 150_000) <= 3000)
    }

    // MARK: - Falling short

    private func ask(_ site: inout BenchSite, _ kilowatts: Int64) {
        site.instructions = [
            Instruction(
                id: "call", source: "operator", priority: .market, target: .charging(below: NodeID("T1")),
                demand: .exactly(.kilowatts(kilowatts)), interval: Interval(site.now, site.now + .hours(4)),
                receivedAt: site.now)
        ]
    }

    @Test func `one that does less than it agreed to is derated, and others make up`() throws {
        var site = yard(3, slow: [0, 1], floor: .kilowattHours(-60))
        site.piles[0].vehicle?.obedience = 0.5
        for i in 0...1 { site.piles[i].vehicle?.negotiation = .seconds(20) }
        site.run(seconds: 120, sampleEvery: 2)
        // 60 kW of the one that follows at once, 50 of a schedule: the first in the row.
        ask(&site, -110)
        site.run(seconds: 50, sampleEvery: 2)
        let group = try #require(site.last?.groups.first)
        #expect(group.missedSince != nil && group.shortfalls.contains { $0.evse == site.piles[0].id })
        #expect(site.piles[0].vehicle?.flow == .kilowatts(-30))
        // A minute for the vehicle to agree, a sample or two, and the other's negotiation.
        site.run(seconds: 120, sampleEvery: 2)
        #expect(abs(site.charging(below: NodeID("T1")).watts + 110_000) <= 2200)
        #expect(site.last?.groups.first?.missedSince == nil)
        // As long as they can, it is asked no more than it does.
        site.sent.removeAll()
        site.run(
            seconds: 900, sampleEvery: 2,
            check: { site in
                #expect(abs(site.charging(below: NodeID("T1")).watts + 110_000) <= 2200, "at \(site.now)")
            })
        func mostAsked() -> Power {
            site.sent.compactMap { command in
                guard command.evse == site.piles[0].id, case .schedule(_, let steps, _) = command.content else {
                    return nil
                }
                return steps.first?.power
            }.min() ?? .zero
        }
        #expect(mostAsked() > .kilowatts(-33))
        // More than the others have: now it is tried again, and can.
        site.piles[0].vehicle?.obedience = 1
        ask(&site, -170)
        site.run(seconds: 200, sampleEvery: 2)
        #expect(mostAsked() < .kilowatts(-49))
        site.run(
            seconds: 300, sampleEvery: 2,
            check: { site in
                #expect(abs(site.charging(below: NodeID("T1")).watts + 170_000) <= 3400, "at \(site.now)")
            })
    }

    @Test func `one that takes its time to agree is not taken to fall short`() throws {
        var site = yard(2, slow: [0, 1], floor: .kilowattHours(-60))
        for i in 0...1 { site.piles[i].vehicle?.negotiation = .seconds(50) }
        site.run(seconds: 120, sampleEvery: 2)
        ask(&site, -90)
        site.sent.removeAll()
        site.run(seconds: 400, sampleEvery: 2)
        // One negotiation each for the change, and one for its renewal.
        #expect(abs(site.charging(below: NodeID("T1")).watts + 90_000) <= 1800)
        for pile in site.piles {
            let told = site.sent.filter {
                if case .schedule = $0.content { $0.evse == pile.id } else { false }
            }
            #expect((1...3).contains(told.count), "\(told.count)")
        }
    }

    @Test func `a vehicle that goes by the later steps of its schedule does not fall short`() throws {
        var site = yard(1, slow: [0], floor: .kilowattHours(-60))
        site.run(seconds: 120, sampleEvery: 2)
        // 10:02: half of it from 10:15 on, which is part of what it is told a few minutes before.
        let start = site.now.floored(to: .minutes(15), from: Instant(milliseconds: 0))
        let stay = try #require(site.piles[0].session)
        site.plan = Plan(
            id: Plan.ID(1), site: SiteID("X"), computedAt: start, trigger: "periodic", start: start,
            step: .minutes(15), count: 8,
            stays: [
                Plan.Stay(
                    session: stay.session, evse: site.piles[0].id,
                    setpoints: [-40, -10, -10, -10, -10, -10, -10, -10].map { .kilowatts($0) }, wanted: .zero,
                    undelivered: .zero, binding: [], isForecast: true, departure: site.now + .hours(12))
            ], nodes: [], objectiveYuan: 0, boundYuan: 0, gap: 0)
        let turn = start + .minutes(15)
        // The new schedule that follows the turn is lost for a while: the vehicle goes by the old one.
        site.run(
            seconds: 1000, sampleEvery: 2,
            deliver: { site, command in
                if case .schedule = command.content, site.now >= turn - .seconds(30), site.now < turn + .seconds(150) {
                    return site.dispatcher.settle(command.number, .notSent, at: site.now)
                }
                site.acceptNow(command)
            })
        #expect(site.piles[0].vehicle?.flow == .kilowatts(-10))
        ask(&site, -40)
        site.run(seconds: 70, sampleEvery: 2)
        #expect(site.piles[0].vehicle?.flow == .kilowatts(-40), "nothing is held against it")
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
