/// A problem with what the solver does not know said in vehicles that it knows: each helper is plugged in for one slot.
///
/// **A base load above its limit** is a helper at that node which wants to charge what is too much, where there is room for
/// nothing: whatever discharges feeds it, and what it misses is what stays above the limit. The solver's first feasible
/// schedule is still that nobody does anything.
///
/// **One meter for all.** Behind it everything trades at the import price b, and two helpers put that right where energy
/// leaves: one takes up what is given back beyond the load, at b − s a kWh (s: the sell price); the other is the surplus of
/// generation, which feeds the vehicles and earns b − s by not leaving. So a kWh of surplus costs a vehicle s, and one given
/// back beyond the load earns s. With s ≤ b never both.
///
/// **Commitments of a root** (``LoadSteps``). What was promised to be given back is a helper that wants to charge it; what was
/// promised to be drawn is one that earns by giving it; and what is drawn beyond a promise comes from one that is paid the fine.
struct Devices {
    private let original: PlanningProblem
    /// The original's vehicles first, then helpers.
    private(set) var problem: PlanningProblem
    private let covers: [Cover]
    private let meters: [Meter]
    private let promises: [Promise]
    /// Yuan that fines may have been reckoned with too high: where energy costs less than nothing, and for what is too little.
    private let surcharge: Double
    /// Yuan that a kWh above a limit costs in ``problem``: beyond what any vehicle could gain by leaving it.
    private let penalty: Double
    private let failed: [Int: [Int: Double]]

    /// A base load above its limit.
    private struct Cover {
        let node: Int
        let slot: Int
        let kilowatts: Double
    }
    /// The commitments of a root in one slot.
    private struct Promise {
        let node: Int
        let slot: Int
        let steps: LoadSteps
        var owed: Double { steps.owed.reduce(0) { $0 + $1.kilowatts } }
    }
    /// A root behind whose meter everything is one.
    private struct Meter {
        let node: Int
        /// kW, what covers want not counted: ``PlanningSettlement/behindMeter(load:)`` less them.
        let load: [Double]
        /// kW, what may leave; infinite without limit.
        let exportLimit: [Double]
    }

    /// - Returns: `nil` when the problem needs no helper.
    init?(for problem: PlanningProblem) { self.init(for: problem, failed: [:]) }

    /// - Parameter failed: kW by node and slot that nothing can cover.
    init?(for problem: PlanningProblem, failed: [Int: [Int: Double]]) {
        original = problem
        self.failed = failed
        let (able, draw) = Self.ability(problem)
        let order = PlanningNode.leavesFirst(problem.nodes)
        var nodes = problem.nodes
        var covers: [Cover] = []
        // kW that covers at and below a node want.
        var wanted = [[Double]](
            repeating: [Double](repeating: 0, count: problem.slotCount), count: problem.nodes.count)
        for n in order {
            for t in 0..<problem.slotCount where problem.nodes[n].importLimit[t] + wanted[n][t] < 0 {
                var most = min(-problem.nodes[n].importLimit[t], able[n][t]) - wanted[n][t]
                // What is given back here must not leave further up.
                for m in Self.path(from: n, problem) {
                    if let limit = problem.nodes[m].exportLimit { most = min(most, limit[t] - wanted[m][t]) }
                }
                most -= failed[n]?[t] ?? 0
                guard most > Self.nothing else { continue }
                covers.append(Cover(node: n, slot: t, kilowatts: most))
                for m in Self.path(from: n, problem) { wanted[m][t] += most }
            }
        }
        for n in nodes.indices {
            for t in 0..<problem.slotCount {
                nodes[n].importLimit[t] += wanted[n][t]
                nodes[n].exportLimit?[t] -= wanted[n][t]
            }
        }
        var promises: [Promise] = []
        var surcharge = 0.0
        for n in nodes.indices where !problem.nodes[n].commitments.isEmpty {
            for t in 0..<problem.slotCount {
                // What may be given back beyond what covers take.
                let back = min(able[n][t], problem.nodes[n].exportLimit?[t] ?? .infinity)
                guard let steps = LoadSteps(problem.nodes[n], t, draw: draw[n][t], back: back) else { continue }
                let promise = Promise(node: n, slot: t, steps: steps)
                promises.append(promise)
                // What covers of nodes below take is none of the promise's.
                let covered = wanted[n][t]
                if problem.nodes[n].importLimit[t] >= 0 {
                    nodes[n].importLimit[t] = (promise.owed > 0 ? 0 : steps.free) + covered
                }
                if let floor = steps.floor {
                    nodes[n].exportLimit = nodes[n].exportLimit ?? able[n].map { $0 + 1 }
                    nodes[n].exportLimit![t] = min(nodes[n].exportLimit![t], -floor - covered)
                }
                nodes[n].exportLimit?[t] -= promise.owed
                wanted[n][t] += promise.owed
                surcharge += steps.ignored * problem.stepHours
                for step in steps.owed {
                    surcharge += max(0, -step.price - problem.buyPrice[t]) * step.kilowatts * problem.stepHours
                }
            }
            nodes[n].commitments = []
        }
        var meters: [Meter] = []
        for n in nodes.indices where nodes[n].parent == nil {
            guard case .behindMeter(let load) = nodes[n].settlement else { continue }
            let limit = problem.nodes[n].exportLimit
            let rest = zip(load, wanted[n]).map { $0 - $1 }
            meters.append(
                Meter(
                    node: n, load: rest,
                    exportLimit: (0..<problem.slotCount).map { max(0, (limit?[$0] ?? .infinity) - load[$0]) }))
            for t in 0..<problem.slotCount { nodes[n].importLimit[t] += min(0, rest[t]) }
            nodes[n].exportLimit = rest.map { max(0, $0) }
            nodes[n].settlement = .atBuyPrice
        }
        if covers.isEmpty && meters.isEmpty && promises.isEmpty { return nil }
        self.covers = covers
        self.meters = meters
        self.promises = promises
        self.surcharge = surcharge
        penalty = Self.penalty(problem)
        var whole = problem
        whole.nodes = nodes
        self.problem = whole
        self.problem.vehicles += helpers(able).map(\.vehicle)
    }

    /// kW below which nobody is made to cover anything.
    private static let nothing = 1e-6

    /// kW that can be given back, and drawn, below each node in each slot.
    static func ability(_ problem: PlanningProblem) -> (back: [[Double]], draw: [[Double]]) {
        var back = [[Double]](
            repeating: [Double](repeating: 0, count: problem.slotCount), count: problem.nodes.count)
        var draw = back
        for vehicle in problem.vehicles {
            var node = vehicle.node
            while let n = node {
                for t in vehicle.slots {
                    let presence = vehicle.presence(t)
                    back[n][t] += vehicle.mostDischarge(t) * presence
                    draw[n][t] += vehicle.maxCharge * presence
                }
                node = problem.nodes[n].parent
            }
        }
        return (back, draw)
    }

    /// A node and all above it.
    private static func path(from node: Int, _ problem: PlanningProblem) -> [Int] {
        var path = [node]
        while let up = problem.nodes[path[path.count - 1]].parent { path.append(up) }
        return path
    }

    private static func penalty(_ problem: PlanningProblem) -> Double {
        let dearest = (problem.buyPrice + problem.sellPrice).reduce(0) { max($0, abs($1)) }
        let worth = problem.vehicles.reduce(0) { most, vehicle in
            max(most, (abs(vehicle.value) + vehicle.wear) / (vehicle.chargeEfficiency * vehicle.dischargeEfficiency))
        }
        let promised = problem.nodes.reduce(0) { most, node in
            max(most, node.commitments.reduce(0) { $0 + $1.yuanPerKilowattHour })
        }
        return 2 * (worth + promised + 2 * dearest)
    }

    /// The most that a surplus feeds, and what may leave, of one meter in one slot, kWh.
    private func ends(_ meter: Meter, _ t: Int, able: Double) -> (feeds: Double, forced: Double, takes: Double) {
        let surplus = max(0, -meter.load[t])
        let forced = max(0, surplus - meter.exportLimit[t])
        let beyond = max(0, able - max(0, meter.load[t]))
        return (surplus - forced, forced, min(beyond, max(0, meter.exportLimit[t] - surplus)))
    }

    private enum Role {
        case cover(Int)
        /// Takes up what leaves.
        case leaving(meter: Int, slot: Int)
        /// Generation that may leave.
        case surplus(meter: Int, slot: Int)
        /// Generation that must not leave.
        case forced(meter: Int, slot: Int)
        /// Takes what was promised to be given back, of `kilowatts` after `before`.
        case owed(promise: Int, before: Double)
        /// Gives for what was promised to be drawn.
        case rewarded(promise: Int, before: Double)
        /// Gives what is drawn beyond a promise.
        case fined(promise: Int, before: Double)
    }

    private func helpers(_ able: [[Double]]) -> [(role: Role, vehicle: PlanningVehicle)] {
        let hours = problem.stepHours
        func taking(_ slot: Int, _ kilowatts: Double, worth: Double, _ node: Int) -> PlanningVehicle {
            PlanningVehicle(
                slots: slot..<(slot + 1), maxCharge: kilowatts, wanted: kilowatts * hours, value: worth, node: node)
        }
        func giving(_ slot: Int, _ kilowatts: Double, wear: Double, _ node: Int) -> PlanningVehicle {
            let stored = kilowatts * hours
            return PlanningVehicle(
                slots: slot..<(slot + 1), maxCharge: 0, maxDischarge: kilowatts, wanted: -stored,
                battery: PlanningBattery(atArrival: stored, minimum: 0, maximum: stored), value: 0, wear: wear,
                node: node)
        }
        var list: [(role: Role, vehicle: PlanningVehicle)] = covers.enumerated().map { index, cover in
            (
                .cover(index),
                taking(
                    cover.slot, cover.kilowatts, worth: penalty + max(0, problem.buyPrice[cover.slot]), cover.node)
            )
        }
        for (m, meter) in meters.enumerated() {
            for t in 0..<problem.slotCount {
                let ends = ends(meter, t, able: able[meter.node][t])
                if ends.takes > Self.nothing {
                    list.append(
                        (.leaving(meter: m, slot: t), taking(t, ends.takes, worth: problem.sellPrice[t], meter.node)))
                }
                if ends.feeds > Self.nothing {
                    list.append(
                        (.surplus(meter: m, slot: t), giving(t, ends.feeds, wear: problem.sellPrice[t], meter.node)))
                }
                if ends.forced > Self.nothing {
                    list.append((.forced(meter: m, slot: t), giving(t, ends.forced, wear: -penalty, meter.node)))
                }
            }
        }
        for (k, promise) in promises.enumerated() {
            let (n, t) = (promise.node, promise.slot)
            let (buy, sell) = (problem.buyPrice[t], problem.sellPrices(under: n)[t])
            var before = 0.0
            for step in promise.steps.owed {
                list.append(
                    (
                        .owed(promise: k, before: before),
                        taking(t, step.kilowatts, worth: max(0, step.price + buy), n)
                    ))
                before += step.kilowatts
            }
            before = 0
            for step in promise.steps.rewards {
                list.append(
                    (
                        .rewarded(promise: k, before: before),
                        giving(t, step.kilowatts, wear: sell - step.price, n)
                    ))
                before += step.kilowatts
            }
            before += promise.steps.free
            for step in promise.steps.fines {
                list.append(
                    (.fined(promise: k, before: before), giving(t, step.kilowatts, wear: sell + step.price, n)))
                before += step.kilowatts
            }
        }
        return list
    }

    // MARK: - Back

    private var realCount: Int { original.vehicles.count }

    func keepsLimits(_ found: PlanningSolution) -> Bool {
        PlanCheck.violations(of: Array(found.vehicles.prefix(realCount)), in: original).isEmpty
    }

    /// By node and slot, kW that cannot be covered there, with what was known before; `nil`: `found` covers everything.
    /// - Parameter all: nothing is to be covered any more.
    func whatFailed(in found: PlanningSolution, all: Bool) -> [Int: [Int: Double]]? {
        var failed = failed
        var isMore = false
        for (k, cover) in covers.enumerated() {
            let missing = all ? .infinity : found.vehicles[realCount + k].undelivered / problem.stepHours
            guard missing > Self.nothing else { continue }
            // A little more, so that the next answer need not be sharper than this one.
            failed[cover.node, default: [:]][cover.slot, default: 0] += missing + 0.01
            isMore = true
        }
        return isMore ? failed : nil
    }

    /// What the answer says of the original problem.
    ///
    /// With helpers at their best for any schedule the two costs differ by a number that does not depend on the schedule,
    /// but for what stays above a limit. So the bound, less that number, holds for every schedule that leaves no more above
    /// the limits than this one.
    func solution(_ found: PlanningSolution, options: PlanningOptions) -> PlanningSolution {
        let real = Array(found.vehicles.prefix(realCount))
        let objective = PlanCheck.objective(of: real, in: original)
        let difference = PlanCheck.objective(of: ideal(found), in: problem) - objective
        let bound = min(objective, found.bound - difference - surcharge)
        let gap = original.gap(objective: objective, bound: bound, imported: real.imported)
        return PlanningSolution(
            vehicles: real, objective: objective, bound: bound, gap: gap, isOptimal: gap <= options.gap,
            nodePrices: found.nodePrices, passes: found.passes, isCancelled: found.isCancelled,
            fallback: found.fallback, kept: min(found.kept, realCount), state: found.state)
    }

    /// kW below which what is given back serves a promise: what is above a limit comes first.
    private func ground(_ promise: Promise) -> Double { min(0, original.nodes[promise.node].importLimit[promise.slot]) }
    private func load(_ loads: [[Double]], _ promise: Promise) -> Double { loads[promise.node][promise.slot] }

    /// The schedules found, with the helpers at meters and of promises as the vehicles' schedules ask them to be.
    private func ideal(_ found: PlanningSolution) -> [VehicleSchedule] {
        var schedules = found.vehicles
        var flow = problem.nodeLoads(
            zip(problem.vehicles, schedules).enumerated().map { index, pair in
                index < realCount + covers.count
                    ? pair.1 : VehicleSchedule(net: [0], undelivered: 0, binding: [])
            })
        // Covers are none of a promise's.
        let real = problem.nodeLoads(
            zip(problem.vehicles, schedules).enumerated().map { index, pair in
                index < realCount ? pair.1 : VehicleSchedule(net: [0], undelivered: 0, binding: [])
            })
        for promise in promises {
            // What is given back serves it first, and may leave behind a meter no more.
            flow[promise.node][promise.slot] += min(promise.owed, max(0, ground(promise) - load(real, promise)))
        }
        for (k, helper) in helpers(Self.ability(original).back).enumerated() {
            let index = realCount + k
            let most = max(helper.vehicle.maxCharge, helper.vehicle.maxDischarge)
            let net: Double
            switch helper.role {
            case .cover: continue
            case .leaving(let m, let t): net = min(most, max(0, -max(0, meters[m].load[t]) - flow[meters[m].node][t]))
            case .forced(let m, let t): net = -min(most, max(0, flow[meters[m].node][t]))
            case .surplus(let m, let t):
                let surplus = max(0, -meters[m].load[t])
                net = -min(most, max(0, flow[meters[m].node][t] - (surplus - most)))
            case .owed(let k, let before):
                net = min(most, max(0, ground(promises[k]) - load(real, promises[k]) - before))
            case .rewarded(let k, let before), .fined(let k, let before):
                net = -min(most, max(0, load(real, promises[k]) - before))
            }
            let energy = net * problem.stepHours
            schedules[index] = VehicleSchedule(
                net: [energy], undelivered: net < 0 ? 0 : max(0, helper.vehicle.wanted - energy), binding: [])
        }
        return schedules
    }
}

extension PlanningProblem {
    func root(of node: Int) -> Int {
        var n = node
        while let up = nodes[n].parent { n = up }
        return n
    }

    /// What a kWh given back by one vehicle earns under a root, as far as vehicles are paid one by one.
    func sellPrices(under root: Int) -> [Double] {
        if case .atBuyPrice = nodes[root].settlement { buyPrice } else { sellPrice }
    }
}
