import Assets
import Foundation
@testable import GridDispatch
import Quantities
import Testing

/// A park of direct-current piles of 60 kW with vehicles that give back.
private func park(_ count: Int, export: Power? = nil, slew: Int64 = 30_000) -> BenchSite {
    var site = BenchSite(piles: count, limit: .kilowatts(1_000))
    site.exportLimit = export
    for i in site.piles.indices {
        site.piles[i] = BenchSite.Pile(
            id: site.piles[i].id, node: NodeID("T1"),
            capability: Capability(
                electrical: Station.Electrical(voltage: 230, phases: 3, maxCurrentMilliamperes: 87_000),
                granularity: .watts(1)))
        site.connect(i, slew: slew)
    }
    return site
}

extension BenchSite {
    fileprivate mutating func connect(
        _ i: Int, floor: Energy = .kilowattHours(-20), wanted: Energy? = nil, departureIn: Duration = .hours(8),
        minimum: Energy? = nil, slew: Int64 = 30_000
    ) {
        plugIn(i, appetite: .kilowatts(60), wanted: wanted, departureIn: departureIn, minimum: minimum)
        piles[i].session?.steering = Steering(
            mostCharge: .kilowatts(60), mostDischarge: .kilowatts(60), floor: floor, full: .kilowattHours(40))
        piles[i].vehicle = Vehicle(mostCharge: .kilowatts(60), mostDischarge: .kilowatts(60))
        piles[i].vehicle?.slew = slew
    }

    fileprivate mutating func ask(_ power: Power, ramp: Power? = nil, priority: Priority = .market) {
        instructions = [
            Instruction(
                id: "call", source: "operator", priority: priority, target: .charging(below: NodeID("T1")),
                demand: .exactly(power), interval: Interval(now, now + .hours(4)), ramp: ramp, receivedAt: now)
        ]
    }

    fileprivate var flow: Int64 { charging(below: nodes[0].id).watts }
    fileprivate var follows: [DispatchCommand] { sent.filter { if case .follow = $0.content { true } else { false } } }
}

/// Thousands in the nightly run.
private let seeds = ProcessInfo.processInfo.environment["TIDEWATT_SEEDS"].flatMap(UInt64.init) ?? 25

@Suite("Group") struct GroupTests {
    @Test func `a park of 600 kW goes to full discharge, to full charging and back within five seconds`() {
        var site = park(10)
        site.run(seconds: 120, sampleEvery: 2)
        for power in [-500, 500, -500] as [Int64] {
            site.ask(.kilowatts(power))
            site.run(seconds: 6, sampleEvery: 2)
            #expect(abs(site.flow - power * 1000) <= 10_000, "\(site.flow) W after \(power) kW")
            // The next turn waits for the rest of the vehicles.
            site.run(
                seconds: 90, sampleEvery: 2,
                check: { site in
                    #expect(abs(site.flow - power * 1000) <= 10_000, "\(site.flow) W at \(power) kW")
                })
            #expect(site.last?.groups.first?.missedSince == nil)
            #expect(!site.alarms.contains { $0.code == "group-misses-setpoint" })
        }
    }

    @Test func `what one falls short of is made up by the others, and it is asked again later`() throws {
        var site = park(10)
        site.run(seconds: 120, sampleEvery: 2)
        site.piles[0].vehicle?.obedience = 0.5
        site.ask(.kilowatts(-500))
        site.run(seconds: 20, sampleEvery: 2)
        #expect(abs(site.flow + 500_000) <= 10_000, "\(site.flow) W")
        let share = try #require(site.last?.evses[0].wanted)
        #expect(share.watts > -35_000, "it is asked what it does")
        site.piles[0].vehicle?.obedience = 1
        site.run(seconds: 300, sampleEvery: 2)
        #expect(site.last?.evses[0].wanted == .kilowatts(-60), "given another chance")
        #expect(abs(site.flow + 500_000) <= 10_000)
    }

    @Test func `what cannot be reached is reported with who and why`() throws {
        var site = park(4, export: .kilowatts(100))
        site.run(seconds: 60, sampleEvery: 2)
        site.ask(.zero)
        site.run(seconds: 130, sampleEvery: 2)
        site.piles[3].online = false
        site.ask(.kilowatts(-200))
        site.run(seconds: 15, sampleEvery: 2)
        let group = try #require(site.last?.groups.first)
        #expect(group.asked == .kilowatts(-200))
        #expect(site.flow >= -100_000 && site.flow <= -90_000, "\(site.flow) W of 100 kW")
        #expect(group.missedSince != nil)
        #expect(Set(group.shortfalls.map(\.reason.code)) == ["export-limit", "offline"])
        #expect(site.alarms.contains { $0.code == "group-misses-setpoint" })
    }

    @Test func `a gap has a reason also where all do what they can, or nobody is there`() {
        var site = park(2)
        site.run(seconds: 120, sampleEvery: 2)
        site.ask(.kilowatts(-300))
        site.run(seconds: 15, sampleEvery: 2)
        #expect(site.flow == -120_000)
        #expect(site.last?.groups.first?.shortfalls.map(\.reason.code) == ["at-rating", "at-rating"])
        for i in site.piles.indices { site.piles[i].session = nil }
        site.run(seconds: 15, sampleEvery: 2)
        #expect(site.last?.groups.first?.shortfalls.map(\.reason.code) == ["no-session", "no-session"])
    }

    @Test func `whom a control of the grid code keeps from giving is named with it, and not who gives all`() {
        var site = park(3)
        site.piles[0].session?.steering?.mostDischarge = .zero
        site.piles[0].session?.steering?.dischargeBound = .gridCode
        // Less than its vehicle can do at all: neither is that a matter of its energy.
        site.piles[1].session?.steering?.mostDischarge = .kilowatts(1)
        site.piles[1].session?.steering?.leastDischarge = .kilowatts(2)
        site.piles[1].session?.steering?.dischargeBound = .outsideLimit
        site.run(seconds: 120, sampleEvery: 2)
        site.ask(.kilowatts(-300))
        site.run(seconds: 15, sampleEvery: 2)
        #expect(site.flow == -60_000)
        let reasons = site.last?.groups.first?.shortfalls.map { ($0.evse, $0.reason.code) } ?? []
        #expect(reasons.map(\.0) == [site.piles[0].id, site.piles[1].id], "\(reasons)")
        #expect(reasons.map(\.1) == ["grid-code", "outside-limit"], "\(reasons)")
    }

    @Test func `a vehicle that follows no setpoint is named where it stands in the way`() {
        var site = park(2)
        site.piles[0].session?.steering = nil
        site.run(seconds: 120, sampleEvery: 2)
        site.ask(.kilowatts(-100))
        site.run(seconds: 15, sampleEvery: 2)
        let reasons = site.last?.groups.first?.shortfalls.map { ($0.evse, $0.reason.code) } ?? []
        #expect(reasons.contains { $0 == (site.piles[0].id, "not-steered") }, "\(reasons)")
    }

    @Test func `after a cut each vehicle stops giving within the dead-man duration`() {
        var site = park(10)
        site.run(seconds: 120, sampleEvery: 2)
        site.ask(.kilowatts(-500))
        site.run(seconds: 30, sampleEvery: 2)
        #expect(site.flow < -480_000)
        // Nothing reaches a station any more, and we do not know it.
        site.run(seconds: 60, sampleEvery: 2, deliver: { _, _ in })
        #expect(site.piles.allSatisfy { $0.live.map { $0.until <= site.now } ?? true })
        site.run(seconds: 3, sampleEvery: 2, deliver: { _, _ in })
        #expect(site.flow >= 0, "\(site.flow) W")
    }

    @Test func `setpoints are renewed in time and no earlier than needed`() {
        var site = park(4)
        site.run(seconds: 120, sampleEvery: 2)
        site.ask(.kilowatts(-200))
        site.run(seconds: 30, sampleEvery: 2)
        site.sent = []
        site.run(
            seconds: 600, sampleEvery: 2,
            check: { site in
                #expect(site.piles.allSatisfy { $0.live.map { $0.until > site.now } ?? false }, "at \(site.now)")
            })
        // 600 s at one renewal each 35 s.
        #expect(site.follows.count <= 4 * 18, "\(site.follows.count) messages")
    }

    @Test func `no vehicle is turned round twice within the rest, whatever is asked`() {
        for seed in 0..<20 as Range<UInt64> {
            var site = park(6)
            var random = SeededRandom(seed: seed)
            site.run(seconds: 60, sampleEvery: 2)
            for _ in 0..<40 {
                site.ask(.kilowatts(Int64.random(in: -360...360, using: &random)))
                site.run(seconds: Int.random(in: 1...20, using: &random), sampleEvery: 2)
            }
            for pile in site.piles {
                let turns = pile.vehicle?.turns ?? []
                for (a, b) in zip(turns, turns.dropFirst()) {
                    #expect(b - a >= .seconds(50), "seed \(seed): turned at \(a) and \(b)")
                }
            }
        }
    }

    @Test func `a ramp is kept`() {
        var site = park(10)
        site.run(seconds: 120, sampleEvery: 2)
        let before = site.flow
        site.ask(.kilowatts(-500), ramp: .kilowatts(20))
        var last = before
        site.run(
            seconds: 70, sampleEvery: 2,
            check: { site in
                #expect(abs(site.flow - last) <= 26_000, "\(last) to \(site.flow) W in a second")
                last = site.flow
            })
        #expect(abs(site.flow + 500_000) <= 10_000, "\(site.flow) W")
    }

    @Test func `losses, refusals and late answers: the floor and the node's limits are kept, gaps have reasons`() {
        for seed in 0..<seeds {
            var random = SeededRandom(seed: seed)
            var site = park(8, export: .kilowatts(300))
            site.nodes[0].limit = .kilowatts(300)
            for i in site.piles.indices {
                site.connect(
                    i, floor: .wattHours(Int64.random(in: -3_000...0, using: &random)),
                    wanted: .kilowattHours(Int64.random(in: 0...10, using: &random)),
                    departureIn: .minutes(Int.random(in: 20...120, using: &random)),
                    slew: Int64.random(in: 10_000...60_000, using: &random))
            }
            let floors = site.piles.map { $0.session?.steering?.floor ?? .zero }
            site.run(seconds: 90, sampleEvery: 2)
            for round in 0..<12 {
                site.ask(.kilowatts(Int64.random(in: -400...300, using: &random)))
                let victim = Int.random(in: 0..<8, using: &random)
                switch Int.random(in: 0..<5, using: &random) {
                case 0: site.piles[victim].online.toggle()
                case 1: site.piles[victim].rejects.toggle()
                case 2: site.piles[victim].vehicle?.obedience = Double.random(in: 0.3...1, using: &random)
                default: break
                }
                let isLate = Bool.random(using: &random)
                site.run(
                    seconds: Int.random(in: 10...60, using: &random), sampleEvery: 2,
                    deliver: { site, command in
                        guard isLate, site.piles.first(where: { $0.id == command.evse })?.rejects == false else {
                            return site.acceptNow(command)
                        }
                        site.apply(command)
                        site.answers.append((site.now + .seconds(8), command.number, .accepted))
                    },
                    check: { site in
                        #expect(site.flow >= -300_000, "seed \(seed), round \(round): \(site.flow) W out")
                        #expect(site.flow <= 300_000, "seed \(seed), round \(round): \(site.flow) W in")
                        for (pile, floor) in zip(site.piles, floors) {
                            let net = pile.session?.delivered ?? .zero
                            #expect(
                                net >= min(.zero, floor),
                                "seed \(seed): \(net.milliwattHours) below \(floor.milliwattHours)")
                        }
                        if let group = site.last?.groups.first, let since = group.missedSince,
                            site.now - since > .seconds(5)
                        {
                            #expect(
                                !group.shortfalls.isEmpty,
                                "seed \(seed), round \(round): asked \(group.asked.watts), \(group.measured.watts) measured, no reason"
                            )
                        }
                    })
            }
        }
    }

    @Test func `a group that only saves money still gives what it is asked, whomever the plan leaves short`() {
        var site = park(4)
        for i in site.piles.indices { site.piles[i].session?.wanted = .kilowattHours(20) }
        site.run(seconds: 120, sampleEvery: 2)
        site.plan = site.flatPlan(
            [0: .kilowatts(10), 1: .kilowatts(10), 2: .kilowatts(10), 3: .kilowatts(10)],
            undelivered: [0: .kilowattHours(5), 1: .kilowattHours(5), 2: .kilowattHours(5), 3: .kilowattHours(5)])
        site.ask(.kilowatts(-100), priority: .cost)
        site.run(seconds: 20, sampleEvery: 2)
        #expect(abs(site.flow + 100_000) <= 2_000, "\(site.flow) W")
    }

    @Test func `an instruction that replaces another of its id begins anew`() {
        var site = park(4)
        site.run(seconds: 120, sampleEvery: 2)
        var stages: [Instruction.Stage] = []
        for power in [-100, -150] as [Int64] {
            site.ask(.kilowatts(power))
            site.run(seconds: 20, sampleEvery: 2, check: { site in stages += site.last?.progress.map(\.stage) ?? [] })
        }
        #expect(stages == [.allocated, .confirmed, .measured, .allocated, .confirmed, .measured])
    }

    @Test func `what an earlier run of ours may have told counts until its dead-man is over`() {
        var site = BenchSite(piles: 1, limit: .kilowatts(100))
        site.plugIn(0)
        site.piles[0].session?.mayGive = .kilowatts(60)
        site.run(seconds: 1)
        #expect(site.dispatcher.tracks[0].ledger.giving(at: site.now) == .kilowatts(60))
        site.run(seconds: 100)
        #expect(site.dispatcher.tracks[0].ledger.giving(at: site.now) == .zero)
    }

    @Test func `a plan that turns a vehicle round at once waits for its rest`() {
        var site = park(1)
        site.run(seconds: 120, sampleEvery: 2)
        site.plan = site.flatPlan([0: .kilowatts(-30)])
        site.run(seconds: 10, sampleEvery: 2)
        #expect(site.piles[0].vehicle?.flow == .kilowatts(-30))
        site.plan = site.flatPlan([0: .kilowatts(30)])
        site.run(seconds: 30, sampleEvery: 2)
        #expect(site.piles[0].vehicle?.flow == .zero && site.last?.evses[0].reason == .turning)
        site.run(seconds: 40, sampleEvery: 2)
        #expect(site.piles[0].vehicle?.flow == .kilowatts(30))
    }

    @Test func `who has just come and was let charge gives at once when it is asked`() {
        var site = park(2)
        site.run(seconds: 2, sampleEvery: 60)
        #expect(site.piles[1].measured == nil, "the second was told before anybody saw what it does")
        site.ask(.kilowatts(-120))
        site.run(seconds: 10, sampleEvery: 2)
        #expect(site.piles.map { $0.vehicle?.flow } == [.kilowatts(-60), .kilowatts(-60)])
    }

    @Test func `who gave a moment ago rests before it charges without a plan too`() {
        var site = park(1)
        site.run(seconds: 120, sampleEvery: 2)
        #expect(site.piles[0].vehicle?.flow == .kilowatts(60))
        site.ask(.kilowatts(-30))
        site.run(seconds: 10, sampleEvery: 2)
        #expect(site.piles[0].vehicle?.flow == .kilowatts(-30))
        site.instructions = []
        site.run(seconds: 30, sampleEvery: 2)
        #expect(site.piles[0].vehicle?.flow == .zero && site.last?.evses[0].reason == .turning)
        site.run(seconds: 40, sampleEvery: 2)
        #expect(site.piles[0].vehicle?.flow == .kilowatts(60))
    }

    @Test func `a ramp begins where the group is, not where it never came to`() {
        var site = park(2)
        site.run(seconds: 120, sampleEvery: 2)
        site.ask(.kilowatts(-400))
        site.run(seconds: 80, sampleEvery: 2)
        #expect(site.flow == -120_000)
        site.ask(.kilowatts(-40), ramp: .kilowatts(8))
        site.run(seconds: 13, sampleEvery: 2)
        #expect(abs(site.flow + 40_000) <= 2_000, "\(site.flow) W")
    }

    @Test func `who is further than a ramp is not called back`() {
        var site = park(4)
        site.run(seconds: 120, sampleEvery: 2)
        site.ask(.kilowatts(-200), ramp: .kilowatts(2))
        site.run(seconds: 10, sampleEvery: 2)
        // Two leave: 120 kW less charging at once, a minute of the ramp.
        let before = site.flow
        site.unplug(0)
        site.unplug(1)
        site.run(seconds: 10, sampleEvery: 2)
        #expect(site.flow < before - 120_000, "\(before) W, then \(site.flow) W")
    }

    @Test func `a ramp that an earlier run of ours began is as far as it would be`() {
        var site = park(2)
        site.run(seconds: 120, sampleEvery: 2)
        site.ask(.kilowatts(-40), ramp: .watts(500))
        site.run(seconds: 30, sampleEvery: 2)
        #expect(site.flow > 60_000)
        site.now += .minutes(5)
        site.dispatcher = Dispatcher(settings: site.dispatcher.settings)
        for i in site.piles.indices {
            site.piles[i].session?.mayGive = .kilowatts(60)
            site.piles[i].online = false
        }
        site.run(seconds: 2, sampleEvery: 2)
        for i in site.piles.indices { site.piles[i].online = true }
        // Which way they go has to be seen, and the rest of those who may have turned lasts a minute.
        site.run(seconds: 75, sampleEvery: 2)
        #expect(abs(site.flow + 40_000) <= 2_000, "\(site.flow) W")
    }

    @Test func `a vehicle whose station came back is left alone until its default profile is known again`() {
        var site = park(1)
        site.run(seconds: 120, sampleEvery: 2)
        site.ask(.kilowatts(-30))
        site.run(seconds: 20, sampleEvery: 2)
        let steering = site.piles[0].session?.steering
        site.piles[0].session?.steering = nil
        site.piles[0].session?.awaitsSteering = true
        let before = site.sent.count
        site.run(seconds: 6, sampleEvery: 2)
        #expect(site.sent.count == before && site.piles[0].vehicle?.flow == .kilowatts(-30))
        // It counts as given meanwhile, and the gap is none.
        #expect(site.last?.groups.first?.measured == .kilowatts(-30))
        site.piles[0].session?.steering = steering
        site.piles[0].session?.awaitsSteering = false
        site.run(seconds: 60, sampleEvery: 2)
        #expect(site.piles[0].vehicle?.flow == .kilowatts(-30) && site.piles[0].vehicle?.turns.count == 1)
    }

    @Test func `who was left to its default profile rests before it gives again`() {
        for seconds in [70, 100, 150] {
            var site = park(1)
            site.piles[0].fallback = DailyProfile(constant: .kilowatts(20))
            site.run(seconds: 120, sampleEvery: 2)
            site.ask(.kilowatts(-30))
            site.run(seconds: 90, sampleEvery: 2)
            #expect(site.piles[0].vehicle?.flow == .kilowatts(-30))
            // The line is gone until its dead-man has ended it and it charges.
            site.piles[0].online = false
            site.run(seconds: seconds, sampleEvery: 2)
            #expect(site.piles[0].vehicle?.flow.watts ?? 0 > 0)
            site.piles[0].online = true
            site.run(seconds: 120, sampleEvery: 2)
            let turns = site.piles[0].vehicle?.turns ?? []
            #expect(site.piles[0].vehicle?.flow == .kilowatts(-30))
            for (a, b) in zip(turns, turns.dropFirst()) { #expect(b - a >= .seconds(50), "\(seconds) s: \(turns)") }
        }
    }

    @Test func `a slow converter that comes down is not taken for one that does not follow`() {
        var site = park(1, slew: 2_000)
        site.run(seconds: 120, sampleEvery: 2)
        site.ask(.zero)
        site.run(seconds: 60, sampleEvery: 2)
        #expect(site.flow == 0)
        #expect(!site.alarms.contains { $0.code == "station-does-not-follow" })
    }

    @Test func `who is on the way to its default profile is not called back`() {
        var site = park(1)
        site.piles[0].fallback = DailyProfile(constant: .kilowatts(20))
        site.run(seconds: 120, sampleEvery: 2)
        site.ask(.kilowatts(-30))
        site.run(seconds: 130, sampleEvery: 2)
        #expect(site.flow == -30_000)
        site.piles[0].vehicle?.slew = 2_000
        // Its samples still come, nothing that it is told arrives.
        var lost = 0
        while lost < 90, (site.piles[0].vehicle?.flow.watts ?? 0) < -20_000 {
            lost += 1
            site.run(seconds: 1, sampleEvery: 2, deliver: { $0.dispatcher.settle($1.number, .noReply, at: $0.now) })
        }
        #expect((20...70).contains(lost), "its dead-man ended after \(lost) s")
        site.run(seconds: 150, sampleEvery: 2)
        let turns = site.piles[0].vehicle?.turns ?? []
        for (a, b) in zip(turns, turns.dropFirst()) { #expect(b - a >= .seconds(50), "\(turns)") }
        #expect(site.flow == -30_000, "\(site.flow) W")
    }

    @Test func `who may be on its default profile before a setpoint comes is not told to give on`() {
        var site = park(1)
        site.piles[0].fallback = DailyProfile(constant: .kilowatts(20))
        site.run(seconds: 120, sampleEvery: 2)
        site.ask(.kilowatts(-30))
        site.run(seconds: 90, sampleEvery: 2)
        #expect(site.piles[0].vehicle?.flow == .kilowatts(-30))
        // Its station came back and is left alone until what it was told is nearly over; then messages take eight seconds.
        let end = site.piles[0].live?.until ?? site.now
        let steering = site.piles[0].session?.steering
        var late: [(at: Instant, command: DispatchCommand)] = []
        for _ in 0..<160 {
            let isAlone = site.now < end - .seconds(4)
            site.piles[0].session?.steering = isAlone ? nil : steering
            site.piles[0].session?.awaitsSteering = isAlone
            site.run(
                seconds: 1, sampleEvery: 1, deliver: { site, command in late.append((site.now + .seconds(8), command)) }
            )
            for (_, command) in late.filter({ $0.at <= site.now }) { site.acceptNow(command) }
            late.removeAll { $0.at <= site.now }
        }
        let turns = site.piles[0].vehicle?.turns ?? []
        #expect(zip(turns, turns.dropFirst()).allSatisfy { $1 - $0 >= .seconds(50) }, "\(turns)")
        #expect(site.piles[0].vehicle?.flow == .kilowatts(-30), "it gives again after its rest")
    }

    @Test func `who rests after a turn is not offered what others leave`() {
        var site = park(1)
        site.piles[0].session?.wanted = .kilowattHours(20)
        site.run(seconds: 120, sampleEvery: 2)
        site.plan = site.flatPlan([0: .kilowatts(-30)])
        site.run(seconds: 20, sampleEvery: 2)
        #expect(site.piles[0].vehicle?.flow == .kilowatts(-30))
        // A plan that leaves it short, and at rest in this slot.
        site.plan = site.flatPlan([0: .zero], undelivered: [0: .kilowattHours(5)])
        site.run(seconds: 30, sampleEvery: 2)
        #expect(site.piles[0].vehicle?.flow == .zero)
        site.run(seconds: 60, sampleEvery: 2)
        #expect(site.piles[0].vehicle?.flow ?? .zero > .zero, "after its rest")
    }

    @Test func `a turn that had no answer counts from when it may have been`() {
        let settings = DispatchSettings()
        let start = Instant("2024-09-10T10:00:00Z")!
        var response = Response()
        response.sent(.kilowatts(-30), measured: nil, settings: settings, at: start)
        response.told(
            .init(
                number: 1, session: "S", limit: .kilowatts(-30), until: start + .seconds(60), sentAt: start,
                kind: .deadMan), at: start)
        // Told to charge, and nobody knows whether it heard of that.
        let turn = start + .seconds(100)
        response.sent(.kilowatts(30), measured: .kilowatts(-30), settings: settings, at: turn)
        var unheard = response
        #expect(response.mayAsk(-1, settings: settings, at: turn + .seconds(60)))
        // Its dead-man ends, and by its default profile it charges.
        response.moved(.init(power: .kilowatts(20), at: turn + .seconds(55)), before: nil, settings: settings)
        #expect(!response.mayAsk(-1, settings: settings, at: turn + .seconds(114)))
        #expect(response.mayAsk(-1, settings: settings, at: turn + .seconds(115)))
        // Nobody has seen it, and what was told may still come to something.
        unheard.stayTurning(at: turn + .seconds(40))
        #expect(!unheard.mayAsk(-1, settings: settings, at: turn + .seconds(99)))
        #expect(unheard.mayAsk(-1, settings: settings, at: turn + .seconds(100)))
    }

    @Test func `who is told nothing may turn round in any of these moments`() {
        let settings = DispatchSettings()
        let start = Instant("2024-09-10T10:00:00Z")!
        var response = Response()
        response.sent(.kilowatts(-30), measured: nil, settings: settings, at: start)
        // What it was told ends, it was not seen to charge, and half a minute later a setpoint of zero ends too.
        for second in [100, 101, 102, 170, 171] as [Int64] {
            response.stayOnItsOwn(at: start + .seconds(second))
        }
        #expect(!response.mayAsk(-1, settings: settings, at: start + .seconds(230)))
        // A sample from before the second end says that it charges, whenever it comes.
        var seen = response
        seen.moved(.init(power: .kilowatts(20), at: start + .seconds(110)), before: nil, settings: settings)
        #expect(seen.mayAsk(1, settings: settings, at: start + .seconds(172)))
        #expect(!seen.mayAsk(-1, settings: settings, at: start + .seconds(230)))
        #expect(seen.mayAsk(-1, settings: settings, at: start + .seconds(231)))
        // One that gives may be on its way to its default profile.
        response.moved(.init(power: .kilowatts(-20), at: start + .seconds(110)), before: nil, settings: settings)
        #expect(!response.mayAsk(-1, settings: settings, at: start + .seconds(230)))
    }

    @Test func `a slow converter on its way through zero turns when it is through`() {
        let settings = DispatchSettings()
        let start = Instant("2024-09-10T10:00:00Z")!
        func sample(_ kilowatts: Int64, _ second: Int64) -> DispatchInput.Measured {
            .init(power: .kilowatts(kilowatts), at: start + .seconds(second))
        }
        var response = Response()
        response.sent(.kilowatts(-30), measured: nil, settings: settings, at: start)
        response.sent(.kilowatts(10), measured: .kilowatts(-30), settings: settings, at: start + .seconds(100))
        var idle = response
        // It still gives, and less with every sample.
        response.moved(sample(-5, 112), before: sample(-10, 110), settings: settings)
        #expect(response.mayAsk(1, settings: settings, at: start + .seconds(113)))
        #expect(!response.mayAsk(-1, settings: settings, at: start + .seconds(171)))
        #expect(response.mayAsk(-1, settings: settings, at: start + .seconds(172)))
        // One that gives as before has not begun to turn.
        idle.moved(sample(-30, 112), before: sample(-30, 110), settings: settings)
        #expect(idle.mayAsk(-1, settings: settings, at: start + .seconds(113)))
        #expect(!idle.mayAsk(1, settings: settings, at: start + .seconds(171)))
    }

    @Test func `which way a vehicle goes after our restart is seen before it is turned round`() {
        for seed in 1...20 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            var site = park(1)
            site.run(seconds: 120, sampleEvery: 2)
            site.ask(.kilowatts(-30))
            site.run(seconds: Int.random(in: 3...50, using: &random), sampleEvery: 2)
            site.dispatcher = Dispatcher(settings: site.dispatcher.settings)
            site.piles[0].session?.mayGive = .kilowatts(60)
            site.ask(.kilowatts(random.unit() < 0.5 ? 30 : -30))
            site.run(seconds: 130, sampleEvery: 2)
            let turns = site.piles[0].vehicle?.turns ?? []
            for (a, b) in zip(turns, turns.dropFirst()) { #expect(b - a >= .seconds(50), "seed \(seed): \(turns)") }
            #expect(abs(site.flow) == 30_000, "seed \(seed): \(site.flow) W")
        }
    }

    @Test func `what nobody can see is not met`() {
        var site = park(2)
        site.run(seconds: 120, sampleEvery: 2)
        site.ask(.kilowatts(-40))
        site.run(seconds: 20, sampleEvery: 2)
        #expect(site.last?.groups.first?.missedSince == nil)
        // One is out of sight, and what it was told has ended.
        site.piles[0].online = false
        site.run(seconds: 90, sampleEvery: 2)
        let group = site.last?.groups.first
        #expect(group?.missedSince != nil && group?.shortfalls.contains { $0.reason == .offline } == true)
        // Where nobody was, it is out of order sooner or later.
        site.unplug(0)
        site.run(seconds: 60, sampleEvery: 2)
        #expect(site.last?.groups.first?.missedSince != nil)
        site.run(seconds: 800, sampleEvery: 2)
        #expect(site.last?.groups.first?.missedSince == nil)
    }

    @Test func `who is lost after it was told and before it was seen is a doubt, not at rest`() {
        var site = park(2)
        site.run(seconds: 120, sampleEvery: 2)
        site.ask(.zero)
        site.run(seconds: 100, sampleEvery: 2)
        site.ask(.kilowatts(-120))
        // The second is not sampled in this second.
        site.run(seconds: 1, sampleEvery: 1_000)
        #expect(site.piles[1].live?.limit == .kilowatts(-60))
        site.piles[1].online = false
        // The first alone could give this, and does as much as the second may do already.
        site.ask(.kilowatts(-60))
        site.run(seconds: 15, sampleEvery: 2)
        #expect(site.last?.groups.first?.missedSince != nil)
        #expect(site.last?.groups.first?.shortfalls.contains { $0.reason == .offline } == true)
    }

    @Test func `a silent meter is not believed because its pile was told something new`() {
        var site = park(2)
        site.piles[1].session?.steering = nil
        site.ask(.kilowatts(-20))
        // The second pile's turn to be sampled never comes.
        for second in 0..<300 {
            if second == 240 { site.plan = site.flatPlan([1: .kilowatts(10)]) }
            site.run(seconds: 1, sampleEvery: 1_000)
            guard second >= 200 else { continue }
            #expect(site.last?.groups.first?.missedSince != nil, "after \(second) s")
        }
        #expect(site.sent.contains { if case .setpoint(_, .kilowatts(10), _) = $0.content { true } else { false } })
    }

    @Test func `what was metered before its station was away is not taken for the present`() {
        var site = park(2)
        site.piles[1].session?.steering = nil
        site.piles[1].vehicle = nil
        site.piles[1].appetite = .kilowatts(10)
        site.ask(.kilowatts(-20))
        site.run(seconds: 200, sampleEvery: 2)
        #expect(site.last?.groups.first?.missedSince == nil)
        // Away for a moment, in which its vehicle leaves; it is metered once a minute.
        site.piles[1].online = false
        site.run(seconds: 5, sampleEvery: 1_000)
        site.piles[1].appetite = .zero
        site.piles[1].online = true
        for second in 0..<20 {
            site.run(seconds: 1, sampleEvery: 1_000)
            #expect(site.last?.groups.first?.missedSince != nil, "after \(second) s")
        }
        site.run(seconds: 20, sampleEvery: 2)
        #expect(site.last?.groups.first?.missedSince == nil && site.flow == -20_000)
    }

    @Test func `what was metered before its station was away is a doubt also after it was told something new`() {
        var site = park(2)
        site.piles[1].session?.steering = nil
        site.piles[1].vehicle = nil
        site.piles[1].appetite = .kilowatts(10)
        site.ask(.kilowatts(-20))
        site.run(seconds: 200, sampleEvery: 2)
        let old = site.piles[1].measured
        site.piles[1].online = false
        site.run(seconds: 40, sampleEvery: 1_000)
        // Back, and refused what it is told: its vehicle is gone, and the news of that waits behind old samples.
        site.piles[1].appetite = .zero
        site.piles[1].online = true
        site.piles[1].rejects = true
        site.piles[1].limit = .kilowatts(8)
        for second in 0..<20 {
            site.run(seconds: 1, sampleEvery: 1_000)
            site.piles[1].measured = old.map { .init(power: $0.power, at: $0.at + .seconds(second)) }
            #expect(site.last?.groups.first?.missedSince != nil, "after \(second) s")
        }
    }

    @Test func `samples that waited in a queue are not taken for the present`() {
        var site = park(2)
        site.run(seconds: 120, sampleEvery: 2)
        site.ask(.kilowatts(-40))
        site.run(seconds: 20, sampleEvery: 2)
        // Old news of a time when both charged.
        let then = site.now - .seconds(60)
        site.piles[0].vehicle?.turns = []
        for _ in 0..<30 {
            site.run(seconds: 1, sampleEvery: 1_000)
            for i in site.piles.indices {
                site.piles[i].measured = .init(power: .kilowatts(60), at: then)
            }
        }
        #expect(site.flow == -40_000, "\(site.flow) W")
    }

    @Test func `who went by its default profile while nothing else held did not fall short`() {
        var site = park(2)
        site.nodes[0].limit = .kilowatts(100)
        site.piles[0].session = nil
        site.run(seconds: 120, sampleEvery: 2)
        site.ask(.kilowatts(50))
        site.run(seconds: 60, sampleEvery: 2)
        #expect(site.flow == 50_000)
        // The line is gone until its dead-man has ended it.
        site.piles[1].online = false
        let lost = site.now
        site.run(seconds: 200)
        let left = Power(watts: site.flow)
        #expect(left < .kilowatts(30), "its default profile")
        site.piles[1].online = true
        site.run(seconds: 3, sampleEvery: 100_000)
        // What waited in its queue comes once it has been told again.
        for i in 0..<4 as Range<Int64> {
            site.piles[1].measured = .init(power: left, at: lost + .seconds(100 + 20 * i))
            site.run(seconds: 1, sampleEvery: 100_000)
        }
        site.run(seconds: 20, sampleEvery: 2)
        #expect(site.flow == 50_000, "\(site.flow) W")
    }

    @Test func `what a profile above ours gives takes of the export limit`() {
        var site = park(2, export: .kilowatts(100))
        site.run(seconds: 120, sampleEvery: 2)
        site.piles[0].session?.steering = nil
        site.piles[0].governed = .init(range: .kilowatts(-60) ... .zero, until: site.now + .hours(2))
        site.piles[0].governedPower = .kilowatts(-60)
        site.ask(.kilowatts(-120))
        site.run(
            seconds: 130, sampleEvery: 2,
            check: { site in
                #expect(site.flow >= -100_000, "\(site.flow) W")
            })
        #expect(site.piles[1].vehicle.map { $0.flow < .kilowatts(-20) } == true)
        #expect(site.last?.groups.first?.shortfalls.contains { $0.reason == .notSteered } == true)
        #expect(site.last?.groups.first.map { $0.allocated >= .kilowatts(-100) } == true, "what is granted fits")
    }

    @Test func `a plan that discharges is followed down to the floor`() {
        var site = park(2)
        site.piles[0].session?.steering?.floor = .wattHours(-500)
        site.run(seconds: 120, sampleEvery: 2)
        site.plan = site.flatPlan([0: .kilowatts(-30), 1: .kilowatts(-30)])
        site.run(seconds: 30, sampleEvery: 2)
        #expect(site.piles[0].vehicle?.flow == .kilowatts(-30) && site.piles[1].vehicle?.flow == .kilowatts(-30))
        site.run(seconds: 900, sampleEvery: 2)
        #expect(site.piles[0].vehicle?.flow == .zero)
        #expect(site.last?.evses[0].reason == .energyFloor)
        #expect(site.piles[0].session.map { $0.delivered >= .wattHours(-500) } == true)
        #expect(site.piles[1].vehicle?.flow == .kilowatts(-30))
    }

    @Test(arguments: [10, 30, 60]) func `who rests at its floor is not woken again and again`(sampleEvery: Int) {
        var site = park(1)
        site.piles[0].session?.steering?.floor = .wattHours(-500)
        site.run(seconds: 120, sampleEvery: sampleEvery)
        site.plan = site.flatPlan([0: .kilowatts(-30)])
        var (turns, gives) = (0, false)
        site.run(
            seconds: 1800, sampleEvery: sampleEvery,
            check: { site in
                let now = (site.piles[0].vehicle?.flow ?? .zero) < .watts(-100)
                if now != gives { turns += 1 }
                gives = now
            })
        #expect(!gives && turns <= 4, "\(turns) turns")
        #expect(site.piles[0].session.map { $0.delivered >= .wattHours(-500) } == true)
    }
}

@Suite("Group shares") struct GroupShareTests {
    @Test func `a quarter hour more or less to spare makes nobody change places, two do`() {
        func shares(_ laxity: [Int64], _ current: [Int64], _ total: Int64) -> [Int64] {
            GroupUnit.divide(
                total,
                among: zip(laxity, current).map {
                    GroupUnit(
                        lowest: -60_000, highest: 60_000, leastUp: 1_000, leastDown: 1_000, current: $1, laxity: $0)
                })
        }
        let running: [Int64] = [-60_000, -20_000]
        #expect(shares([20, 20], running, -80_000) == running)
        #expect(shares([19, 20], running, -80_000) == running)
        #expect(shares([18, 20], running, -80_000) == [-20_000, -60_000])
        // And not back at once.
        #expect(shares([19, 20], [-20_000, -60_000], -80_000) == [-20_000, -60_000])
        #expect(shares([20, 21], [60_000, 20_000], 80_000) == [60_000, 20_000])
        #expect(shares([21, 20], [60_000, 20_000], 80_000) == [60_000, 20_000])
        #expect(shares([22, 20], [60_000, 20_000], 80_000) == [20_000, 60_000])
    }

    @Test func `shares add up as far as the units can, within their bounds and above their least`() {
        for seed in 0..<2_000 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            let units = (0..<Int.random(in: 0...9, using: &random)).map { _ in
                GroupUnit(
                    lowest: -Int64.random(in: 0...60, using: &random),
                    highest: Int64.random(in: 0...60, using: &random),
                    leastUp: Int64.random(in: 0...8, using: &random),
                    leastDown: Int64.random(in: 0...8, using: &random),
                    current: Int64.random(in: -60...60, using: &random), laxity: Int64.random(in: 0...4, using: &random)
                )
            }
            let total = Int64.random(in: -700...700, using: &random)
            let shares = GroupUnit.divide(total, among: units)
            let sum = shares.reduce(0, +)
            let most = units.reduce(Int64(0)) { sum, unit in
                let (bound, least) = total > 0 ? (unit.highest, unit.leastUp) : (-unit.lowest, unit.leastDown)
                return sum + (bound >= max(1, least) ? bound : 0)
            }
            for (share, unit) in zip(shares, units) {
                #expect(share >= unit.lowest && share <= unit.highest && share * total >= 0, "seed \(seed)")
                #expect(share == 0 || abs(share) >= (share > 0 ? unit.leastUp : unit.leastDown), "seed \(seed)")
            }
            #expect(abs(sum) <= abs(total), "seed \(seed)")
            if abs(total) >= most { #expect(abs(sum) == most, "seed \(seed)") }
            // A rest smaller than the least of everyone left may stay.
            if abs(total) < most { #expect(abs(total) - abs(sum) < 8, "seed \(seed): \(total) of \(most) gave \(sum)") }
        }
    }
}
