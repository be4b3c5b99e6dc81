/// One stay's schedule nearest to what is asked of it: min Σ (z − aim)² within its power, battery and departure.
///
/// With a price θ on stored energy every slot answers by itself, z = aim + θ·η within its limits; θ is found for the whole stay,
/// and where the battery then leaves its band the stay is split at the slot where it does so most, with the edge as its energy
/// there (van der Klauw, Gerards, Hurink 2017). Exact, but for vehicles with losses whose full battery binds: burning energy by
/// charging and discharging at once would be nearer still, and is not issued.
final class NearestResponse {
    /// kWh in each slot of the stay: set before ``respond(_:)``.
    let aim: Vector
    let most: Vector
    let least: Vector
    /// The answer.
    let net: Vector

    /// The stretch at work, from its first slot; zeros behind it.
    private let target: Vector
    private let up: Vector
    private let down: Vector
    private typealias Quad = SIMD4<Double>

    init(longestStay: Int, arena: Arena) {
        aim = arena.vector(longestStay)
        most = arena.vector(longestStay)
        least = arena.vector(longestStay)
        net = arena.vector(longestStay)
        target = arena.vector(longestStay)
        up = arena.vector(longestStay)
        down = arena.vector(longestStay)
    }

    /// The battery has at least ``Car/target`` at departure.
    func respond(_ car: Car) {
        var (first, begin) = (0, car.start)
        // Ends still to be reached, the next one last.
        var ends: [(slot: Int, energy: Double)] = []
        while true {
            let end = ends.last
            let to = end?.slot ?? car.count
            let least = end?.energy ?? car.target
            settle(car, first, to, least - begin, (end?.energy ?? car.high) - begin)
            if let edge = worstEdge(car, first, to, begin), ends.count < car.count {
                ends.append(edge)
                continue
            }
            guard let end else { return }
            ends.removeLast()
            (first, begin) = (end.slot, end.energy)
        }
    }

    /// The slot after which the battery is furthest outside its band, and the edge there; `nil`: nowhere.
    private func worstEdge(_ car: Car, _ first: Int, _ to: Int, _ begin: Double) -> (slot: Int, energy: Double)? {
        guard car.discharges, to - first > 1 else { return nil }
        var energy = begin
        var worst = 1e-9
        var found: (Int, Double)?
        for j in first..<(to - 1) {
            let flow = net[j]
            energy += flow > 0 ? flow * car.chargeEfficiency : flow / car.dischargeEfficiency
            let low = car.least(after: j)
            if energy - car.high > worst {
                worst = energy - car.high
                found = (j + 1, car.high)
            } else if low - energy > worst {
                worst = low - energy
                found = (j + 1, low)
            }
        }
        return found
    }

    /// Answers for slots `first ..< to` so that they bring between `lowest` and `highest` kWh into the battery.
    private func settle(_ car: Car, _ first: Int, _ to: Int, _ lowest: Double, _ highest: Double) {
        let count = to - first
        for j in 0..<count {
            target[j] = aim[first + j]
            up[j] = most[first + j]
            down[j] = least[first + j]
        }
        for j in count..<min(target.count, (count + 3) / 4 * 4) { (target[j], up[j], down[j]) = (0, 0, 0) }
        let free = energy(car, 0, count).stored
        var price = 0.0
        if free < lowest - Self.near {
            price = root(car, lowest, count, free)
        } else if free > highest + Self.near {
            price = root(car, highest, count, free)
        }
        // The same operations as in ``energy(_:_:_:)``: at a jump the last bit decides.
        let (charging, discharging) = (price * car.chargeEfficiency, price * (1 / car.dischargeEfficiency))
        for j in 0..<count {
            let asked = target[j]
            let charges = !car.discharges || asked + (price >= 0 ? charging : 0.5 * (charging + discharging)) > 0
            net[first + j] =
                charges ? min(max(asked + charging, 0), up[j]) : max(min(asked + discharging, 0), down[j])
        }
        if price < 0, car.discharges { fill(car, first, to, highest) }
    }

    /// Where a price below zero makes slots jump from charging to discharging no price fills the battery: those that miss most
    /// are raised until it is full.
    private func fill(_ car: Car, _ first: Int, _ to: Int, _ highest: Double) {
        var stored = 0.0
        for j in first..<to { stored += net[j] > 0 ? net[j] * car.chargeEfficiency : net[j] / car.dischargeEfficiency }
        for _ in first..<to where highest - stored > 1e-9 {
            var next: Int?
            for j in first..<to where most[j] - net[j] > 1e-12 {
                if next.map({ aim[j] - net[j] > aim[$0] - net[$0] }) ?? true { next = j }
            }
            guard let j = next else { return }
            var room = highest - stored
            if net[j] < 0 {
                let less = min(-net[j], room * car.dischargeEfficiency)
                net[j] += less
                room -= less / car.dischargeEfficiency
                stored += less / car.dischargeEfficiency
            }
            if room > 0, net[j] >= 0 {
                let more = min(most[j] - net[j], room / car.chargeEfficiency)
                net[j] += more
                stored += more * car.chargeEfficiency
            }
        }
    }
    /// kWh.
    private static let near = 1e-11

    /// The price at which the stretch brings `wanted` into the battery; Newton's, kept between what is known to be too low and
    /// too high. What no price reaches is left to the nearest that one does.
    private func root(_ car: Car, _ wanted: Double, _ count: Int, _ free: Double) -> Double {
        var (below, above) = (-Double.infinity, Double.infinity)
        if free < wanted { below = 0 } else { above = 0 }
        var price = 0.0
        var stride = 1.0
        for _ in 0..<100 {
            let (stored, slope) = energy(car, price, count)
            let excess = stored - wanted
            if abs(excess) <= Self.near { return price }
            if excess < 0 { below = price } else { above = price }
            let isBounded = below.isFinite && above.isFinite
            var next = price
            if slope > 0 {
                next -= excess / slope
                // As near as rounding lets it come.
                if next == price { return price }
            } else if !isBounded {
                next += excess < 0 ? stride : -stride
                stride *= 4
                if stride > 1e12 { return price }
            }
            if isBounded, slope == 0 || next <= below || next >= above {
                next = 0.5 * (below + above)
                if next <= below || next >= above { break }
            }
            price = next
        }
        // Of a jump the side with less in the battery.
        return below.isFinite ? below : price
    }

    /// What the stretch brings into the battery at `price`, and how fast that grows with it.
    private func energy(_ car: Car, _ price: Double, _ count: Int) -> (stored: Double, slope: Double) {
        let quads = (count + 3) / 4
        let (ec, ed) = (car.chargeEfficiency, 1 / car.dischargeEfficiency)
        let zero = Quad()
        var (charged, slope) = (zero, zero)
        let charging = Quad(repeating: price * ec)
        guard car.discharges else {
            for g in 0..<quads {
                let (flow, highest) = (target[quad: g] + charging, up[quad: g])
                let isFree = (flow .> zero) .& (flow .< highest)
                charged += flow.clamped(lowerBound: zero, upperBound: highest)
                slope += zero.replacing(with: 1, where: isFree)
            }
            return (charged.sum() * ec, slope.sum() * ec * ec)
        }
        var (given, slopeDown) = (zero, zero)
        let discharging = Quad(repeating: price * ed)
        let between = price >= 0 ? charging : 0.5 * (charging + discharging)
        for g in 0..<quads {
            let asked = target[quad: g]
            let charges = (asked + between) .> zero
            let plus = (asked + charging).clamped(lowerBound: zero, upperBound: up[quad: g])
            let minus = (asked + discharging).clamped(lowerBound: down[quad: g], upperBound: zero)
            charged += zero.replacing(with: plus, where: charges)
            given += minus.replacing(with: zero, where: charges)
            slope += zero.replacing(with: 1, where: charges .& (plus .> zero) .& (plus .< up[quad: g]))
            slopeDown += zero.replacing(
                with: 1, where: (.!charges) .& (minus .< zero) .& (minus .> down[quad: g]))
        }
        return (charged.sum() * ec + given.sum() * ed, slope.sum() * ec * ec + slopeDown.sum() * ed * ed)
    }
}
