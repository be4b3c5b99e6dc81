/// Prices and a nearly feasible schedule for the vehicles under one node: an augmented Lagrangian, vehicle by vehicle.
///
/// Each vehicle in turn takes its exact best schedule against true prices and what its own power adds to the price of a full
/// slot (optimisation of one column at a time, Gauss–Seidel). After each round the price of a slot moves with what its load is
/// above or below the limit. Single precision: what it finds is repaired and proven in double precision by ``Group``.
final class NodeLagrangian {
    typealias Lanes = SIMD8<Float>
    private let arena = Arena()
    private let slotCount: Int
    /// Groups of eight slots in the horizon.
    private let width: Int

    // Of each slot
    let buy: LaneVector
    let sell: LaneVector
    let highest: LaneVector
    let lowest: LaneVector
    let load: LaneVector
    /// Price of the import limit, at least 0, and of the export limit, at most 0.
    let importPrice: LaneVector
    let exportPrice: LaneVector
    /// What vehicles felt of both in the last round, with what their own power added.
    private let felt: LaneVector
    /// How much a kWh above a limit adds to the price, and the slope of a slot's answer beyond a limit and within it.
    let stiffness: LaneVector
    let stiff: LaneVector
    let loose: LaneVector
    /// What nodes above ask: a price of power, and how much each kWh of it adds to that price (``TreeLagrangian``).
    let toll: LaneVector
    let pull: LaneVector
    /// Step of the prices, and the sign of the last one.
    private let step: LaneVector
    private let trend: LaneVector

    // Of one vehicle while it chooses: prices with what nodes above ask of it, then its own node
    let cost: LaneVector
    let gain: LaneVector
    let alpha: LaneVector
    let beta: LaneVector
    let most: LaneVector
    let least: LaneVector

    // Of all: limits of net power and what is chosen
    let upper: LaneVector
    let lower: LaneVector
    let net: LaneVector
    /// The mean of what was chosen in the last rounds, where it is kept; a round's turns cancel out there.
    private var mean: (net: LaneVector, load: LaneVector)?
    var members: [Member] = []
    private(set) var passes = 0
    /// By how much limits push harder than at first.
    private var stiffened: Float = 1

    struct Member {
        let car: Int
        /// Groups of slots, and where they begin in the flat vectors.
        let from: Int
        let to: Int
        let at: Int
        /// Of the horizon.
        let first: Int
        let end: Int
        let bothWays: Bool
        let ec: Float
        /// One over the efficiency of discharging.
        let ed: Float
        let wear: Float
        /// kWh in the battery against its state at arrival.
        let low: Float
        let high: Float
        let floor: Float
        let target: Float
        let knee: Float
        let value: Float
        let lastValue: Float
        var price: Float
    }

    /// Removes ties: yuan/kWh a kWh.
    static let bend: Float = 4e-4

    /// - Precondition: one node, and every vehicle hangs under it.
    init(_ group: Group) {
        slotCount = group.slotCount
        let slots = group.slotCount
        width = (slots + 7) / 8
        buy = arena.lanes(width)
        sell = arena.lanes(width)
        highest = arena.lanes(width)
        lowest = arena.lanes(width)
        load = arena.lanes(width)
        importPrice = arena.lanes(width)
        exportPrice = arena.lanes(width)
        felt = arena.lanes(width)
        stiffness = arena.lanes(width)
        stiff = arena.lanes(width)
        loose = arena.lanes(width)
        toll = arena.lanes(width)
        pull = arena.lanes(width)
        cost = arena.lanes(width)
        gain = arena.lanes(width)
        step = arena.lanes(width)
        trend = arena.lanes(width)
        alpha = arena.lanes(width)
        beta = arena.lanes(width)
        most = arena.lanes(width)
        least = arena.lanes(width)
        var size = 0
        for car in group.cars { size += (car.first + car.count + 7) / 8 - car.first / 8 }
        upper = arena.lanes(size)
        lower = arena.lanes(size)
        net = arena.lanes(size)
        var widest: Float = 0
        for t in 0..<slots { widest = max(widest, Float(group.highest[t])) }
        for t in 0..<(8 * width) {
            let isThere = t < slots
            buy[at: t] = isThere ? Float(group.buy[t]) : 0
            sell[at: t] = isThere ? Float(group.sell[t]) : 0
            highest[at: t] = isThere ? Float(group.highest[t]) : 0
            lowest[at: t] = isThere ? Float(group.lowest[t]) : 0
            let scale = max(highest[at: t], 0.05 * widest, 1e-3)
            stiffness[at: t] = 0.5 / scale
            step[at: t] = stiffness[at: t]
        }
        setSlopes()
        var at = 0
        for i in group.turn {
            let car = group.cars[i]
            let (from, to) = (car.first / 8, (car.first + car.count + 7) / 8)
            for j in 0..<car.count {
                let k = 8 * at + car.first - 8 * from + j
                let (c, d) = (group.chargeLimit[car.offset + j], group.dischargeLimit[car.offset + j])
                let (f, g) = (group.chargeFloor[car.offset + j], group.dischargeFloor[car.offset + j])
                upper[at: k] = Float(g > 0 ? -g : c)
                lower[at: k] = Float(f > 0 ? f : -d)
            }
            members.append(
                Member(
                    car: i, from: from, to: to, at: at, first: car.first, end: car.first + car.count,
                    bothWays: car.discharges, ec: Float(car.chargeEfficiency), ed: Float(1 / car.dischargeEfficiency),
                    wear: Float(car.wear), low: Float(car.low - car.start), high: Float(car.high - car.start),
                    floor: Float(car.floor - car.start), target: Float(car.target - car.start),
                    knee: Float(car.knee - car.start), value: Float(car.value), lastValue: Float(car.lastValue),
                    price: Float(car.value) / 8))
            at += to - from
        }
    }

    /// Begins at these prices, one a slot.
    func start(at prices: Vector) {
        for t in 0..<slotCount {
            importPrice[at: t] = max(0, Float(prices[t]))
            exportPrice[at: t] = min(0, Float(prices[t]))
        }
    }

    // MARK: - Rounds

    /// All vehicles choose once, and prices follow.
    func advance() {
        if Self.reviews.contains(passes) { stiffen() }
        for i in members.indices { choose(i) }
        movePrices()
        if let mean {
            let weight = Lanes(repeating: passes < Self.unsettled ? 1 : Self.newest)
            for k in 0..<net.count { mean.net[k] += weight * (net[k] - mean.net[k]) }
            for g in 0..<width { mean.load[g] += weight * (load[g] - mean.load[g]) }
        }
        passes += 1
    }

    /// Keeps the mean of what is chosen from now on.
    func keepMean() { mean = (arena.lanes(net.count), arena.lanes(width)) }
    private static let newest: Float = 0.5
    /// Rounds of which nothing is kept.
    private static let unsettled = 6
    /// kWh, of the schedule that is written.
    func settledLoad(_ t: Int) -> Double { Double((mean?.load ?? load)[at: t]) }

    /// Where wishes stay open, prices are those of what is missing, many times those of energy: there a limit pushes as much
    /// harder.
    private func stiffen() {
        var (most, mean) = (Float(0), Float(0))
        for t in 0..<slotCount {
            most = max(most, abs(felt[at: t]))
            mean += abs(buy[at: t]) / Float(slotCount)
        }
        let wanted = max(stiffened, 3 * most / max(0.05, mean))
        let factor = wanted / stiffened
        stiffened = wanted
        for t in 0..<(8 * width) {
            stiffness[at: t] *= factor
            step[at: t] *= factor
        }
        setSlopes()
    }

    /// After ``stiffness`` or ``pull`` changed.
    func setSlopes() {
        for t in 0..<(8 * width) {
            loose[at: t] = 1 / (pull[at: t] + Self.bend)
            stiff[at: t] = 1 / (stiffness[at: t] + pull[at: t] + Self.bend)
        }
    }
    /// After so many rounds.
    private static let reviews = [4, 10]

    private func movePrices() {
        for t in 0..<slotCount {
            let above = load[at: t] - highest[at: t]
            let below = load[at: t] - lowest[at: t]
            felt[at: t] =
                max(0, importPrice[at: t] + stiffness[at: t] * above)
                + min(0, exportPrice[at: t] + stiffness[at: t] * below)
            if above > 0 || importPrice[at: t] > 0 {
                follow(t, above)
                importPrice[at: t] = max(0, importPrice[at: t] + step[at: t] * above)
            }
            if below < 0 || exportPrice[at: t] < 0 {
                follow(t, below)
                exportPrice[at: t] = min(0, exportPrice[at: t] + step[at: t] * below)
            }
        }
    }

    /// A step that goes on in one direction grows.
    private func follow(_ t: Int, _ excess: Float) {
        let sign: Float = excess < 0 ? -1 : 1
        step[at: t] *= trend[at: t] == sign ? 1.3 : trend[at: t] == 0 ? 1 : 0.5
        trend[at: t] = sign
        step[at: t] = min(max(step[at: t], stiffness[at: t]), 6 * stiffness[at: t])
    }

    func writePrices(_ prices: Vector) {
        for t in 0..<slotCount { prices[t] = Double(felt[at: t]) }
    }

    /// Makes what was chosen the schedule of `group`, which has the vehicles that this was made of.
    func writeSchedule(to group: Group) {
        let net = mean?.net ?? self.net
        for member in members {
            let car = group.cars[member.car]
            var energy = car.start
            for j in 0..<car.count {
                let flow = Double(net[at: 8 * member.at + car.first - 8 * member.from + j])
                let at = car.offset + j
                group.charge[at] = min(group.chargeLimit[at], max(group.chargeFloor[at], flow))
                group.discharge[at] = min(group.dischargeLimit[at], max(group.dischargeFloor[at], -flow))
                energy += group.charge[at] * car.chargeEfficiency - group.discharge[at] / car.dischargeEfficiency
                // What single precision leaves beyond an edge.
                if energy > car.high {
                    let cut = min((energy - car.high) / car.chargeEfficiency, group.charge[at] - group.chargeFloor[at])
                    group.charge[at] -= cut
                    energy -= cut * car.chargeEfficiency
                } else if car.discharges, energy < car.least(after: j) {
                    let cut = min(
                        (car.least(after: j) - energy) * car.dischargeEfficiency,
                        group.discharge[at] - group.dischargeFloor[at])
                    group.discharge[at] -= cut
                    energy += cut / car.dischargeEfficiency
                }
            }
            group.ending[member.car] = energy
        }
    }
}
