import Foundation
import Quantities
import Testing

@testable import Scheduling

/// Fleets and signals from a seed.
enum RandomFleets {
    enum Kind: CaseIterable { case chargingOnly, lossless, mixed }

    static func fleet(seed: UInt64, _ kind: Kind, slots: Int = 24, vehicles: Int = 40) -> FlexibleFleet {
        var problem = RandomProblems.problem(seed: seed, slots: slots, vehicles: vehicles)
        for v in problem.vehicles.indices {
            if kind == .chargingOnly { problem.vehicles[v].maxDischarge = 0 }
            if kind == .lossless {
                (problem.vehicles[v].chargeEfficiency, problem.vehicles[v].dischargeEfficiency) = (1, 1)
            }
        }
        return FlexibleFleet(stepHours: problem.stepHours, slotCount: slots, vehicles: problem.vehicles)
    }

    /// kW: a mixture of what the fleet does at random prices (it can follow it), and one that is off by a little.
    static func signals(_ fleet: FlexibleFleet, _ random: inout SeededRandom) -> (can: [Double], off: [Double]) {
        let search = SignalSearch(fleet)
        let parts = 1 + Int(random.next() % 4)
        var total = [Double](repeating: 0, count: fleet.slotCount)
        for _ in 0..<parts {
            let answer = search.support(total.map { _ in -0.6 + 0.4 * (random.unit() - 0.5) }).total
            for t in total.indices { total[t] += answer[t] / Double(parts) / fleet.stepHours }
        }
        var off = total
        switch random.next() % 3 {
        case 0:
            let factor = 1 + 0.1 * (random.unit() - 0.5)
            off = off.map { $0 * factor }
        case 1:
            let power = 10 * random.unit()
            off[Int(random.next() % UInt64(off.count))] += power
            off[Int(random.next() % UInt64(off.count))] -= power
        default: off = off.map { $0 + 2 * (random.unit() - 0.5) }
        }
        return (total, off)
    }
}

@Suite("What a fleet can do")
struct FlexibilityTests {
    /// More at night, few under a sanitizer: `TIDEWATT_SEEDS`.
    static let seeds: UInt64 =
        ProcessInfo.processInfo.environment["TIDEWATT_SEEDS"].flatMap(UInt64.init).map { min($0, 500) } ?? 40

    // MARK: One stay

    @Test(arguments: 1...seeds)
    func `the nearest schedule keeps battery and departure, and nothing that keeps them is nearer`(seed: UInt64) {
        for kind in RandomFleets.Kind.allCases {
            let search = SignalSearch(RandomFleets.fleet(seed: seed, kind))
            let group = search.group
            var random = SeededRandom(seed: seed)
            let nearest = NearestResponse(longestStay: 24, arena: group.arena)
            let (scale, shift) = ([1.0, 10, 5000][Int(seed % 3)], [0.0, 1, -1][Int(seed / 3 % 3)])
            for car in group.cars where car.count > 0 {
                for j in 0..<car.count {
                    nearest.aim[j] = scale * (shift + random.unit() - 0.5)
                    nearest.most[j] = group.chargeLimit[car.offset + j]
                    nearest.least[j] = -group.dischargeLimit[car.offset + j]
                }
                nearest.respond(car)
                var (energy, outside, isFull) = (car.start, 0.0, false)
                var rest = [Double](repeating: 0, count: 24)
                for j in 0..<car.count {
                    let flow = nearest.net[j]
                    outside = max(outside, flow - nearest.most[j], nearest.least[j] - flow)
                    energy += flow > 0 ? flow * car.chargeEfficiency : flow / car.dischargeEfficiency
                    outside = max(outside, energy - car.high, car.least(after: j) - energy)
                    isFull = isFull || energy > car.high - 1e-6
                    rest[car.first + j] = nearest.aim[j] - flow
                }
                #expect(
                    outside < 1e-7 && energy > car.target - 1e-7,
                    "stay \(car.index): \(outside), \(energy) of \(car.target)")
                // Whoever loses on the way and is full would come nearer by burning energy.
                if isFull, car.discharges, car.chargeEfficiency * car.dischargeEfficiency < 1 { continue }
                // The gradient's best answer gains nothing: the condition of a nearest point of a convex set.
                for t in rest.indices { (group.response.buy[t], group.response.sell[t]) = (-rest[t], -rest[t]) }
                group.response.pricesChanged()
                group.freeLimits(car)
                _ = group.response.respond(car)
                var gain = 0.0
                for j in 0..<car.count {
                    gain +=
                        rest[car.first + j] * (group.response.charge[j] - group.response.discharge[j] - nearest.net[j])
                }
                #expect(gain < 1e-7 * scale * max(1, scale), "stay \(car.index): \(gain)")
            }
        }
    }

    // MARK: Signals

    @Test(arguments: 1...seeds)
    func `what a fleet can do it follows, each stay within its limits`(seed: UInt64) throws {
        for kind in RandomFleets.Kind.allCases {
            let fleet = RandomFleets.fleet(seed: 500 + seed, kind)
            var random = SeededRandom(seed: seed)
            let signal = RandomFleets.signals(fleet, &random).can
            let answer = fleet.follow(signal)
            guard case .followed(let schedules) = answer.verdict else {
                Issue.record("\(kind): \(answer.verdict), miss \(answer.miss)")
                continue
            }
            #expect(try FlexibilityTests.miss(fleet, schedules, signal) <= 0.001 + 1e-9)
        }
    }

    /// kW: the largest miss of schedules that hold, departures kept.
    private static func miss(_ fleet: FlexibleFleet, _ schedules: [[Double]], _ signal: [Double]) throws -> Double {
        var total = [Double](repeating: 0, count: fleet.slotCount)
        let stays = zip(fleet.vehicles, fleet.owed).map { vehicle, owed in
            var stay = vehicle
            (stay.wanted, stay.node) = (owed, nil)
            return stay
        }
        for (stay, schedule) in zip(stays, schedules) {
            for (energy, t) in zip(schedule, stay.slots) { total[t] += energy / fleet.stepHours }
        }
        let problem = PlanningProblem(
            stepHours: fleet.stepHours, buyPrice: signal, sellPrice: signal, vehicles: stays, nodes: [])
        let found = schedules.map { VehicleSchedule(net: $0, undelivered: 0, binding: []) }
        #expect(PlanCheck.violations(of: found, in: problem).isEmpty)
        return zip(total, signal).reduce(0) { max($0, abs($1.0 - $1.1)) }
    }

    @Test func `losses on the way are no sum of slots: the textbook's counterexample`() {
        let fleet = FlexibleFleet(
            stepHours: 0.25, slotCount: 2,
            vehicles: [
                PlanningVehicle(
                    slots: 0..<2, maxCharge: 4, maxDischarge: 4, chargeEfficiency: 0.9, dischargeEfficiency: 0.9,
                    wanted: 0, battery: PlanningBattery(atArrival: 0, minimum: 0, maximum: 10), node: nil)
            ])
        #expect(fleet.inexactness == [.lossesBothWays])
        #expect(fleet.follow([2, -1.6]).isFollowed)
        guard case .pricesProve(let prices, let by) = fleet.follow([2, -1.8]).verdict else {
            Issue.record("no set of slots proves this, prices do")
            return
        }
        // 0.5 kWh taken up, 0.405 given back at most: worth of the rest at these prices.
        #expect(by > 0 && abs(prices.map(abs).max()! - 1) < 1e-12)
        #expect(abs(prices[0] * 0.5 - prices[1] * 0.45 - by) < 1e-6 + max(0, prices[0] * 0.5 - prices[1] * 0.405))
    }

    @Test func `a total that falls short of what is owed names all slots and the energy`() {
        let fleet = RandomFleets.fleet(seed: 3, .chargingOnly)
        let search = SignalSearch(fleet)
        let signal = search.support([Double](repeating: -1, count: 24)).total.map { $0 / fleet.stepHours * 0.98 }
        let owed = signal.reduce(0, +) * fleet.stepHours / 0.98
        guard case .slotsProve(_, let isTooMuch, let by) = fleet.follow(signal).verdict else {
            Issue.record("the least total is known")
            return
        }
        #expect(!isTooMuch && by > 0.001 * owed && by < 0.0201 * owed)
    }

    @Test func `who arrives below the minimum climbs before it gives back`() throws {
        let fleet = FlexibleFleet(
            stepHours: 1, slotCount: 4,
            vehicles: [
                PlanningVehicle(
                    slots: 0..<4, maxCharge: 10, maxDischarge: 10, wanted: 0,
                    battery: PlanningBattery(atArrival: 5, minimum: 8, maximum: 40), node: nil)
            ])
        #expect(fleet.inexactness == [.arrivalBelowMinimum])
        #expect(fleet.follow([3, 6, -6, 0]).isFollowed)
        let answer = fleet.follow([3, -2, 3, 0])
        #expect(!answer.isFollowed, "\(answer.verdict)")
    }

    @Test func `a wish that no schedule can meet is named, and one that goes on behind the horizon is not`() {
        var stay = PlanningVehicle(slots: 0..<4, maxCharge: 7, chargeEfficiency: 0.9, wanted: 10, node: nil)
        let short = FlexibleFleet(stepHours: 0.25, slotCount: 4, vehicles: [stay])
        #expect(short.outOfReach.count == 1 && abs(short.outOfReach[0].missing - (10 - 6.3)) < 1e-9)
        let later = FlexibleFleet(stepHours: 0.25, slotCount: 4, vehicles: [stay], chargedLater: [6.3])
        #expect(later.outOfReach.isEmpty && abs(later.owed[0] - 3.7) < 1e-9)
        // It may take all power now or just what cannot be had later.
        #expect(later.follow([7, 7, 7, 7]).isFollowed)
        #expect(later.follow([0, 0, 7, 7]).isFollowed == false)
        #expect(later.follow([0, 7, 7, 3.7 / 0.9 / 0.25 - 14]).isFollowed)
        stay.wanted = 0
        #expect(FlexibleFleet(stepHours: 0.25, slotCount: 4, vehicles: [stay]).follow([0, 0, 0, 0]).isFollowed)
    }

    @Test func `nobody can follow nothing only`() {
        let nobody = FlexibleFleet(stepHours: 0.25, slotCount: 3, vehicles: [])
        #expect(nobody.follow([0, 0, 0]).isFollowed)
        #expect(!nobody.follow([0, 1, 0]).isFollowed && !nobody.follow([0, -1, 0]).isFollowed)
        #expect(nobody.equivalentStorage() == nil)
        #expect(nobody.envelope().mostPower == [0, 0, 0])
    }

    @Test func `a search that is stopped says so`() {
        let fleet = RandomFleets.fleet(seed: 5, .mixed)
        let answer = fleet.follow([Double](repeating: 0, count: 24), isCancelled: { true })
        #expect(answer.isCancelled && answer.rounds == 0)
    }

    // MARK: Envelope

    @Test(arguments: 1...seeds)
    func `nothing that can be done lies outside the envelope`(seed: UInt64) {
        for kind in RandomFleets.Kind.allCases {
            let fleet = RandomFleets.fleet(seed: 900 + seed, kind)
            let envelope = fleet.envelope()
            var random = SeededRandom(seed: seed)
            let search = SignalSearch(fleet)
            for _ in 0..<20 {
                let total = search.support(envelope.mostPower.map { _ in random.unit() - 0.5 }).total
                var sum = 0.0
                for t in total.indices {
                    sum += total[t]
                    let power = total[t] / fleet.stepHours
                    #expect(power < envelope.mostPower[t] + 1e-6 && power > envelope.leastPower[t] - 1e-6)
                    #expect(sum < envelope.mostEnergy[t] + 1e-6 && sum > envelope.leastEnergy[t] - 1e-6)
                }
            }
        }
    }

    @Test(arguments: 1...10)
    func `without losses each bound of power and energy is reached by some schedule`(seed: UInt64) {
        for kind in [RandomFleets.Kind.chargingOnly, .lossless] {
            let fleet = RandomFleets.fleet(seed: 950 + seed, kind)
            let envelope = fleet.envelope()
            let search = SignalSearch(fleet)
            for t in 0..<24 {
                for sign in [1.0, -1] {
                    let slot = search.support((0..<24).map { $0 == t ? sign : 0 }).most * sign / fleet.stepHours
                    let prefix = search.support((0..<24).map { $0 <= t ? sign : 0 }).most * sign
                    #expect(abs(slot - (sign > 0 ? envelope.mostPower : envelope.leastPower)[t]) < 1e-6)
                    #expect(abs(prefix - (sign > 0 ? envelope.mostEnergy : envelope.leastEnergy)[t]) < 1e-6)
                }
            }
        }
    }

    @Test func `limits of nodes cut the bounds of what hangs below them`() {
        let stay = PlanningVehicle(slots: 1..<3, maxCharge: 7, wanted: 2, node: 1)
        let fleet = FlexibleFleet(stepHours: 0.5, slotCount: 4, vehicles: [stay, stay, stay])
        let free = fleet.envelope()
        #expect(free.mostPower == [0, 12, 12, 0] && free.mostEnergy == [0, 6, 6, 6])
        let nodes = [
            PlanningNode(importLimit: [9, 9, 9, 9]), PlanningNode(parent: 0, importLimit: [20, 8, 20, 20]),
        ]
        let cut = fleet.envelope(under: nodes)
        #expect(cut.mostPower == [0, 8, 9, 0])
        #expect(cut.mostEnergy == [0, 4, 6, 6] && cut.leastEnergy == [0, 1.5, 6, 6])
    }

    // MARK: Blocks and storages

    @Test(arguments: 1...seeds)
    func `a block is held as long as it says, and no more is possible than it says`(seed: UInt64) throws {
        for kind in RandomFleets.Kind.allCases {
            let fleet = RandomFleets.fleet(seed: 700 + seed, kind)
            let even = fleet.evenBaseline
            let slots = Int(seed % 16)..<(Int(seed % 16) + 1 + Int(seed % 7))
            let band = try #require(fleet.largestBand(slots, baseline: even))
            for block in [band.more, band.less] {
                #expect(block.power <= block.provenMost + 0.001 && block.provenMost <= 1.02 * block.power + 0.05)
                let sign: Double = block.isMore ? 1 : -1
                for t in slots { #expect(abs(block.total[t] - even[t] - sign * block.power) < 0.0011) }
                #expect(fleet.follow(block.total, tolerance: 0.002).isFollowed)
                // A little more than what is proven cannot be held, whatever happens in other slots.
                let search = SignalSearch(fleet)
                search.follow(
                    (0..<24).map { t in
                        slots.contains(t) ? (even[t] + sign * (block.provenMost + 0.01)) * fleet.stepHours : nil
                    })
                #expect(!search.run(tolerance: 0.001 * fleet.stepHours).isFollowed)
            }
        }
    }

    @Test func `the power held from now on lies between what must be charged and what can be`() throws {
        // 7 kW for an hour, of which 15 minutes are over: 3 kWh are wanted, 5.25 can be had; another one gives back.
        let stay = PlanningVehicle(slots: 0..<3, firstPresence: 1, maxCharge: 7, wanted: 3, node: nil)
        let giver = PlanningVehicle(
            slots: 0..<12, maxCharge: 10, maxDischarge: 10, wanted: -2,
            battery: PlanningBattery(atArrival: 30, minimum: 10, maximum: 60), node: nil)
        let fleet = FlexibleFleet(stepHours: 0.25, slotCount: 12, vehicles: [stay, giver])
        let quarter = try #require(fleet.heldPower(parts: [1]))
        #expect(abs(quarter.most - 17) < 0.01 && abs(quarter.least + 10) < 0.01)
        let whole = try #require(fleet.heldPower(parts: [1, 1, 1]))
        // 3 kWh in three quarters of an hour are 4 kW, no more and no less.
        #expect(abs(whole.most - 14) < 0.01 && abs(whole.least + 6) < 0.01)
        let begun = try #require(fleet.heldPower(parts: [0.5]))
        #expect(begun.most > quarter.most)
    }

    /// What only burning energy could do is in the bound and not in the block.
    @Test func `full vehicles that lose on the way can give all they have, and take nothing`() throws {
        let full = PlanningVehicle(
            slots: 0..<8, maxCharge: 11, maxDischarge: 11, chargeEfficiency: 0.95, dischargeEfficiency: 0.95,
            wanted: -30,
            battery: PlanningBattery(atArrival: 60, minimum: 6, maximum: 60), node: nil)
        for others in [0, 3] {
            let car = PlanningVehicle(slots: 0..<8, maxCharge: 7, wanted: 5, node: nil)
            let fleet = FlexibleFleet(
                stepHours: 0.25, slotCount: 8,
                vehicles: [full, full, full] + [PlanningVehicle](repeating: car, count: others))
            let held = try #require(fleet.heldPower(parts: [1, 1, 1, 1]))
            #expect(abs(held.least + 33) < 0.1, "\(held)")
            #expect(held.most >= 5 * Double(others) - 0.1 && held.most < 5 * Double(others) + 4, "\(held)")
            let zero = [Double](repeating: 0, count: 8)
            let more = try #require(fleet.largestBlock(0..<4, isMore: true, baseline: zero))
            #expect(abs(more.power - held.most) < 0.1 && more.power <= more.provenMost)
        }
    }

    @Test func `a fleet of a thousand times the size stands for a storage of a thousand times the size`() throws {
        func fleet(_ scale: Double) -> FlexibleFleet {
            FlexibleFleet(
                stepHours: 0.25, slotCount: 40,
                vehicles: (0..<12).map { n in
                    PlanningVehicle(
                        slots: (n % 4)..<(36 + n % 4), maxCharge: 7 * scale, maxDischarge: 7 * scale,
                        chargeEfficiency: 0.95, dischargeEfficiency: 0.95, wanted: Double(5 + n) * scale,
                        battery: PlanningBattery(
                            atArrival: Double(15 + n) * scale, minimum: 6 * scale, maximum: 58 * scale), node: nil)
                })
        }
        let small = try #require(fleet(1).equivalentStorage())
        let large = try #require(fleet(1000).equivalentStorage(tolerance: 1))
        #expect(
            small.energy > 20 && abs(large.energy / 1000 / small.energy - 1) < 0.01, "\(small.energy), \(large.energy)")
    }

    @Test func `a baseline that cannot be followed has no block`() {
        let fleet = RandomFleets.fleet(seed: 701, .chargingOnly)
        #expect(fleet.largestBlock(3..<6, isMore: true, baseline: [Double](repeating: 1e5, count: 24)) == nil)
    }

    @Test(arguments: 1...max(1, seeds / 2))
    func `whatever a storage promises in mixtures, the fleet that stands for it does`(seed: UInt64) {
        for kind in RandomFleets.Kind.allCases {
            let fleet = RandomFleets.fleet(seed: 800 + seed, kind)
            guard let storage = fleet.equivalentStorage() else { continue }
            #expect(storage.energy > 0 && storage.charge > 0 && storage.discharge > 0)
            #expect(storage.roundTrip > 0 && storage.roundTrip <= 1)
            #expect(fleet.canStand(for: storage, tolerance: 0.002))
            var random = SeededRandom(seed: seed)
            let services = storage.services(stepHours: fleet.stepHours)
            for _ in 0..<3 {
                let weights = services.map { _ in random.unit() }
                let sum = weights.reduce(0, +) * (1 + random.unit())
                let search = SignalSearch(fleet)
                search.follow(
                    (0..<24).map { t in
                        guard storage.slots.contains(t) else { return nil }
                        let j = t - storage.slots.lowerBound
                        let service = zip(weights, services).reduce(0) { $0 + $1.0 / sum * $1.1[j] }
                        return (storage.baseline[t] + service) * fleet.stepHours
                    })
                let answer = search.run(tolerance: 0.003 * fleet.stepHours)
                #expect(answer.isFollowed, "\(kind): \(answer.verdict), \(answer.miss)")
            }
            var larger = storage
            (larger.charge, larger.discharge, larger.energy) = (
                1e4 * storage.charge, 1e4 * storage.discharge, 1e4 * storage.energy
            )
            #expect(!fleet.canStand(for: larger))
        }
    }
}

/// The linear programme as judge of what a fleet can do.
@Suite("Flexibility against HiGHS", .enabled(if: Highs.library != nil, "TIDEWATT_HIGHS names no library of HiGHS"))
struct FlexibilityHighsTests {
    @Test(arguments: 1...HighsTests.seeds)
    func `a signal is followed if and only if the linear programme can, and proofs hold`(seed: UInt64) throws {
        for kind in RandomFleets.Kind.allCases {
            let fleet = RandomFleets.fleet(seed: 300 + seed, kind, vehicles: seed % 10 == 0 ? 200 : 40)
            var random = SeededRandom(seed: seed)
            let (can, off) = RandomFleets.signals(fleet, &random)
            for signal in [can, off] {
                let energies = signal.map { $0 * fleet.stepHours }
                let distance = try #require(Highs.distance(of: fleet, to: energies))
                let answer = fleet.follow(signal)
                switch answer.verdict {
                case .followed: #expect(distance <= 0.001 * fleet.stepHours * Double(signal.count), "\(kind)")
                case .slotsProve(let slots, let isTooMuch, let by):
                    var weights = [Double](repeating: 0, count: signal.count)
                    for t in slots { weights[t] = isTooMuch ? 1 : -1 }
                    try FlexibilityHighsTests.check(fleet, energies, weights, by)
                    #expect(distance > 0.001 * fleet.stepHours, "\(kind)")
                case .pricesProve(let prices, let by):
                    #expect(!fleet.inexactness.isEmpty, "sets of slots say all here")
                    try FlexibilityHighsTests.check(fleet, energies, prices, by)
                    #expect(distance > 0.001 * fleet.stepHours, "\(kind)")
                case .undecided:
                    // Only burning energy, charging and discharging in one slot, could do it: nothing that is issued.
                    #expect(kind == .mixed && distance <= 0.001, "\(kind): \(answer.miss) kW, \(distance) kWh")
                }
            }
        }
    }

    private static func check(_ fleet: FlexibleFleet, _ signal: [Double], _ weights: [Double], _ by: Double) throws {
        let most = try #require(Highs.support(of: fleet, weights))
        let found = zip(signal, weights).reduce(0) { $0 + $1.0 * $1.1 } - most
        #expect(by > 0 && abs(found - by) < 1e-5 * max(1, abs(most)), "\(by) claimed, \(found) found")
    }
}

/// What is surely possible under limits of nodes.
@Suite("Guaranteed sets")
struct GuaranteedSetTests {
    static let seeds: UInt64 =
        ProcessInfo.processInfo.environment["TIDEWATT_SEEDS"].flatMap(UInt64.init).map { min($0, 100) } ?? 12

    /// There burning energy is no way out, and whatever can be done is handed out.
    static func isLossless(_ seed: UInt64) -> Bool { seed % 2 == 0 }

    /// Nodes that bind, and departures that can be kept below them.
    static func problem(seed: UInt64) -> PlanningProblem {
        var problem = RandomProblems.problem(seed: 4000 + seed, slots: 24, vehicles: 30)
        let fleet = FlexibleFleet(stepHours: problem.stepHours, slotCount: 24, vehicles: problem.vehicles)
        for v in problem.vehicles.indices {
            problem.vehicles[v].wanted = 0.8 * fleet.owed[v]
            guard isLossless(seed) else { continue }
            (problem.vehicles[v].chargeEfficiency, problem.vehicles[v].dischargeEfficiency) = (1, 1)
        }
        let search = SignalSearch(
            FlexibleFleet(stepHours: problem.stepHours, slotCount: 24, vehicles: problem.vehicles))
        search.stayEven()
        let even = problem.nodeLoads(
            problem.vehicles.indices.map {
                VehicleSchedule(net: search.schedule($0), undelivered: 0, binding: [])
            })
        for n in problem.nodes.indices {
            for t in 0..<24 {
                problem.nodes[n].importLimit[t] = max(problem.nodes[n].importLimit[t], 1.1 * even[n][t] + 1)
            }
        }
        return problem
    }

    @Test(arguments: 1...seeds)
    func `every mixture of columns is handed out within all limits`(seed: UInt64) throws {
        let problem = GuaranteedSetTests.problem(seed: seed)
        let set = try #require(GuaranteedSet(problem, blocks: 4, options: quick))
        #expect(set.columns.count > 4)
        var random = SeededRandom(seed: seed)
        for _ in 0..<3 {
            var weights = set.columns.map { _ in random.unit() * random.unit() }
            let sum = weights.reduce(0, +)
            weights = weights.map { $0 / sum }
            // Burning energy is not issued: where only that would do, nothing is.
            guard let schedules = set.schedules(weights) else {
                #expect(!GuaranteedSetTests.isLossless(seed))
                continue
            }
            try GuaranteedSetTests.check(set, schedules, set.total(weights))
        }
    }

    static func check(_ set: GuaranteedSet, _ schedules: [[Double]], _ signal: [Double]) throws {
        let found = schedules.map { VehicleSchedule(net: $0, undelivered: 0, binding: []) }
        #expect(PlanCheck.violations(of: found, in: set.problem).isEmpty)
        var total = [Double](repeating: 0, count: signal.count)
        for (vehicle, schedule) in zip(set.problem.vehicles, schedules) {
            for (energy, t) in zip(schedule, vehicle.slots) { total[t] += energy / set.problem.stepHours }
        }
        for t in total.indices { #expect(abs(total[t] - signal[t]) < 0.0011) }
    }

    @Test(arguments: 1...seeds)
    func `its columns come near the best at prices it has not seen`(seed: UInt64) throws {
        let problem = GuaranteedSetTests.problem(seed: seed)
        let set = try #require(GuaranteedSet(problem, blocks: 6, options: quick))
        var random = SeededRandom(seed: seed)
        let prices = problem.buyPrice.map { $0 * (0.9 + 0.2 * random.unit()) }
        var grown = set
        let added = grown.add(at: prices)
        let best = try #require(added)
        func cost(_ column: GuaranteedSet.Column) -> Double {
            zip(column.total, prices).reduce(0) { $0 + $1.0 * $1.1 }
        }
        let own = try #require(set.cheapest(at: prices))
        // The planner's own gap aside.
        #expect(cost(best) <= cost(own) + 0.002 * abs(cost(own)))
        let cheapest = try #require(grown.cheapest(at: prices))
        #expect(cost(cheapest) <= min(cost(best), cost(own)) + 1e-9)
    }

    /// Whoever discharges may feed such a load, and need not.
    @Test func `a base load above its limit is no reason to refuse a signal`() {
        func stay(_ node: Int?) -> PlanningVehicle {
            PlanningVehicle(slots: 0..<16, maxCharge: 7, wanted: 10, node: node)
        }
        let storage = PlanningVehicle(
            slots: 0..<16, maxCharge: 5, maxDischarge: 5, wanted: 0,
            battery: PlanningBattery(atArrival: 5, minimum: 0, maximum: 10), node: 0)
        let giver = PlanningVehicle(
            slots: 0..<16, maxCharge: 7, maxDischarge: 7, wanted: 0,
            battery: PlanningBattery(atArrival: 30, minimum: 6, maximum: 60), node: 2)
        let zero = [Double](repeating: 0, count: 16)
        let problem = PlanningProblem(
            stepHours: 0.25, buyPrice: zero, sellPrice: zero, vehicles: [storage, stay(1), stay(1), giver],
            nodes: [
                PlanningNode(parent: 2, importLimit: zero.map { _ in -2 }),
                PlanningNode(parent: 2, importLimit: zero.map { _ in 5 }),
                PlanningNode(importLimit: zero.map { _ in 100 }, exportLimit: zero.map { _ in 100 }),
            ])
        let signal = (0..<16).map { $0 < 8 ? 11.5 : -1.5 }
        let answer = FlexibleFleet.follow(signal, in: problem)
        #expect(answer.isFollowed, "\(answer.verdict)")
    }

    @Test func `limits that do not let a departure be kept have no set`() {
        var problem = GuaranteedSetTests.problem(seed: 1)
        for n in problem.nodes.indices { problem.nodes[n].importLimit = [Double](repeating: 0, count: 24) }
        #expect(GuaranteedSet(problem, blocks: 2, options: quick) == nil)
        let answer = FlexibleFleet.follow([Double](repeating: 1, count: 24), in: problem)
        #expect(!answer.isFollowed)
    }
}

@Suite("Guaranteed sets against HiGHS", .enabled(if: Highs.library != nil, "TIDEWATT_HIGHS names no library of HiGHS"))
struct GuaranteedSetHighsTests {
    @Test(arguments: 1...GuaranteedSetTests.seeds)
    func `under limits of nodes a signal is followed if and only if the linear programme can`(seed: UInt64) throws {
        let problem = GuaranteedSetTests.problem(seed: 50 + seed)
        let set = try #require(GuaranteedSet(problem, blocks: 3, options: quick))
        var random = SeededRandom(seed: seed)
        let weights = set.columns.map { _ in random.unit() }
        let can = set.total(weights.map { $0 / weights.reduce(0, +) })
        var off = can
        off[Int(seed % 24)] += 3 * random.unit()
        off[Int(seed / 2 % 24)] -= 3 * random.unit()
        for signal in [can, off] {
            let energies = signal.map { $0 * problem.stepHours }
            let distance = try #require(Highs.distance(of: set.fleet, to: energies, under: problem.nodes))
            let answer = FlexibleFleet.follow(signal, in: problem)
            switch answer.verdict {
            case .followed(let schedules):
                #expect(distance <= 0.001 * problem.stepHours * 24)
                try GuaranteedSetTests.check(set, schedules, signal)
            case .slotsProve: #expect(distance > 0.001 * problem.stepHours)
            case .pricesProve(let prices, let by):
                let most = try #require(Highs.support(of: set.fleet, prices, under: problem.nodes))
                // The planner's bound is within its gap of the best.
                #expect(zip(prices, energies).reduce(0) { $0 + $1.0 * $1.1 } - most > by - 1e-5)
                #expect(distance > 0.001 * problem.stepHours)
            case .undecided:
                #expect(!GuaranteedSetTests.isLossless(50 + seed) && distance < 0.5, "miss \(answer.miss)")
            }
        }
    }
}
