/// The schedules of a fleet whose sum is nearest to a signal (disaggregation): Σₜ (Σᵢ zᵢₜ − Zₜ)² is made least by one stay after
/// the other, each exactly (a projection onto its own set), until the sum is the signal or the rest proves that none can be.
///
/// What remains, w = Z − Σ zᵢ, tends to the direction in which Z leaves F. Any direction proves by itself: w·Z > h(w), where
/// h(w) = Σᵢ hᵢ(w) is the most that the fleet can do in it, each stay answering exactly (``PriceResponse``). So neither a yes nor
/// a no depends on how far the search has come.
final class SignalSearch {
    let stepHours: Double
    let group: Group
    /// kWh a slot; followed where `isFollowed`, free elsewhere.
    private(set) var signal: [Double]
    private(set) var isFollowed: [Bool]
    /// The fleet's net energy.
    private(set) var total: [Double]
    /// Of each car, at ``Car/offset``.
    private let net: Vector
    private let nearest: NearestResponse
    /// Cars that must climb to their minimum first were made to: no longer the whole set is searched.
    private(set) var isRestricted = false

    init(_ fleet: FlexibleFleet) {
        stepHours = fleet.stepHours
        let slots = fleet.slotCount
        let problem = PlanningProblem(
            stepHours: fleet.stepHours, buyPrice: [Double](repeating: 0, count: slots),
            sellPrice: [Double](repeating: 0, count: slots),
            vehicles: zip(fleet.vehicles, fleet.owed).map { vehicle, owed in
                var stay = vehicle
                // A stay without battery data takes its wish and no more, also where a part of it may come later.
                stay.battery =
                    vehicle.battery ?? PlanningBattery(atArrival: 0, minimum: 0, maximum: max(0, vehicle.wanted))
                stay.wanted = owed
                // Nothing is worth leaving without.
                stay.value = .infinity
                (stay.wear, stay.minCharge, stay.node, stay.committed) = (0, 0, nil, [])
                return stay
            }, nodes: [])
        group = Group(
            problem, vehicles: Array(fleet.vehicles.indices), nodes: [], localNode: [], options: PlanningOptions())
        signal = [Double](repeating: 0, count: slots)
        isFollowed = [Bool](repeating: true, count: slots)
        total = signal
        net = group.arena.vector(group.charge.count)
        nearest = NearestResponse(longestStay: group.cars.map(\.count).max() ?? 1, arena: group.arena)
    }

    /// - Parameter signal: kWh a slot; `nil`: this slot is free.
    func follow(_ signal: [Double?]) {
        self.signal = signal.map { $0 ?? 0 }
        isFollowed = signal.map { $0 != nil }
    }

    // MARK: Rounds

    /// kWh a slot: what is still asked, positive, or too much.
    var residual: [Double] { signal.indices.map { isFollowed[$0] ? signal[$0] - total[$0] : 0 } }
    var worstMiss: Double { residual.reduce(0) { max($0, abs($1)) } }

    /// Every stay chooses once.
    func advance() {
        for i in group.turn { choose(i) }
        // Sums of differences drift.
        sumUp()
    }

    /// Every stay takes the schedule with the smallest powers.
    func stayEven() {
        net.fill(0)
        isFollowed = [Bool](repeating: false, count: signal.count)
        advance()
    }

    private func sumUp() {
        for t in total.indices { total[t] = 0 }
        for car in group.cars {
            for j in 0..<car.count { total[car.first + j] += net[car.offset + j] }
        }
    }

    private func choose(_ i: Int) {
        let car = group.cars[i]
        for j in 0..<car.count {
            let (at, t) = (car.offset + j, car.first + j)
            nearest.aim[j] = isFollowed[t] ? net[at] + signal[t] - total[t] : net[at]
            nearest.most[j] = group.chargeLimit[at]
            nearest.least[j] = -group.dischargeLimit[at]
        }
        nearest.respond(car)
        for j in 0..<car.count {
            total[car.first + j] += nearest.net[j] - net[car.offset + j]
            net[car.offset + j] = nearest.net[j]
        }
    }

    // MARK: Mixtures

    /// Looks for the signal among mixtures of extreme schedules, beginning with the one that is there: slower a step than
    /// ``advance()``, and at the edge of what the fleet can do there in a number of steps that does not grow without end. The
    /// mixture found, near or not, becomes the schedule; it may charge and discharge at once, which the next round takes out.
    ///
    /// - Returns: a proof, if the search ended with one.
    func mix(tolerance: Double, isCancelled: () -> Bool, progress: () -> Void) -> Proof? {
        var directions: [Int: [Double]] = [:]
        var steps = 0
        let start = Array((0..<net.count).map { net[$0] })
        var mixture = NearestMixture(residual.map { -$0 }, number: -1)
        var proof: Proof?
        for _ in 0..<(Self.stepsASlot * signal.count) {
            let rest = mixture.rest
            if rest.allSatisfy({ abs($0) <= 0.5 * tolerance }) || isCancelled() { break }
            let weights = rest.map { -$0 }
            let answer = support(weights)
            let by = zip(weights, signal).reduce(0) { $0 + $1.0 * $1.1 } - answer.most
            if by > FlexibleFleet.dust * rest.reduce(0, { max($0, abs($1)) }),
                by > tolerance * rest.reduce(0, { $0 + abs($1) })
            {
                let scale = rest.reduce(0) { max($0, abs($1)) }
                proof =
                    self.proof(along: weights, tolerance: tolerance)
                    ?? .prices(weights.map { $0 / scale }, by: by / scale)
                break
            }
            directions[steps] = weights
            let point = signal.indices.map { isFollowed[$0] ? answer.total[$0] - signal[$0] : 0 }
            guard mixture.add(point, number: steps) else { break }
            steps += 1
            directions = directions.filter { mixture.numbers.contains($0.key) }
            progress()
        }
        net.fill(0)
        for (number, weight) in zip(mixture.numbers, mixture.weights) {
            if number < 0 {
                for k in start.indices { net[k] += weight * start[k] }
            } else {
                visitAnswers(to: directions[number]!) { car in
                    for j in 0..<car.count {
                        net[car.offset + j] += weight * (group.response.charge[j] - group.response.discharge[j])
                    }
                }
            }
        }
        sumUp()
        return proof
    }
    private static let stepsASlot = 16

    // MARK: What is found

    func schedule(_ i: Int) -> [Double] {
        let car = group.cars[i]
        return (0..<car.count).map { net[car.offset + $0] }
    }

    /// Makes stays climb to their minimum before they give back, where they do not: at most once each.
    /// - Returns: whether some had to.
    func climbFirst() -> Bool {
        var found = false
        for i in group.cars.indices {
            let car = group.cars[i]
            guard car.mustClimbFirst, car.low < car.dischargeAbove else { continue }
            var energy = car.start
            var climbed: Int?
            var isWrong = false
            for j in 0..<car.count {
                let flow = net[car.offset + j]
                energy += flow > 0 ? flow * car.chargeEfficiency : flow / car.dischargeEfficiency
                if climbed == nil, energy >= car.dischargeAbove { climbed = j }
                if flow < -1e-9, energy < car.dischargeAbove - 1e-9 { isWrong = true }
            }
            guard isWrong else { continue }
            found = true
            isRestricted = true
            let slot = climbed ?? car.count
            for j in 0..<min(slot + 1, car.count) { group.dischargeLimit[car.offset + j] = 0 }
            if slot < car.count { group.climb(i, by: slot) }
        }
        return found
    }

    // MARK: Proof

    /// The most that the fleet can do in direction `weights`, h(w) = max w·Z over F, and the total that does it.
    func support(_ weights: [Double]) -> (most: Double, total: [Double]) {
        var sum = [Double](repeating: 0, count: weights.count)
        visitAnswers(to: weights) { car in
            for j in 0..<car.count {
                sum[car.first + j] += group.response.charge[j] - group.response.discharge[j]
            }
        }
        return (zip(weights, sum).reduce(0) { $0 + $1.0 * $1.1 }, sum)
    }

    /// Every stay does most in direction `weights`; `take` finds it in the group's response.
    private func visitAnswers(to weights: [Double], _ take: (Car) -> Void) {
        for t in weights.indices {
            group.response.buy[t] = -weights[t]
            group.response.sell[t] = -weights[t]
        }
        group.response.pricesChanged()
        for car in group.cars {
            group.freeLimits(car)
            _ = group.response.respond(car)
            take(car)
        }
    }

    /// By how much the signal leaves what the fleet can do in direction `weights`; not above 0: it does not.
    func excess(_ weights: [Double]) -> Double {
        zip(weights, signal).reduce(0) { $0 + $1.0 * $1.1 } - support(weights).most
    }

    /// A direction that proves that no total within `tolerance` (kWh in each slot) of the signal can be followed.
    ///
    /// Where slot sets say all, the level sets of the residual are tried first: F lies within p(A) ≤ Z(A) ≤ b(A), and if the
    /// residual proves, one of them does. They are proofs elsewhere too.
    func proof(tolerance: Double) -> Proof? { proof(along: residual, tolerance: tolerance) }

    private func proof(along rest: [Double], tolerance: Double) -> Proof? {
        var best: Proof?
        func consider(_ weights: [Double], _ make: (Double) -> Proof) {
            let by = excess(weights)
            guard by > tolerance * weights.reduce(0, { $0 + abs($1) }), by > FlexibleFleet.dust else { return }
            if by > best?.by ?? 0 { best = make(by) }
        }
        for set in levelSets(rest) {
            var weights = [Double](repeating: 0, count: rest.count)
            for t in set.slots { weights[t] = set.isTooMuch ? 1 : -1 }
            consider(weights) { .slots(set.slots, isTooMuch: set.isTooMuch, by: $0) }
        }
        if best != nil { return best }
        let scale = rest.reduce(0) { max($0, abs($1)) }
        guard scale > 0 else { return nil }
        let prices = rest.map { $0 / scale }
        consider(prices) { .prices(prices, by: $0) }
        return best
    }

    enum Proof {
        /// kWh.
        case slots([Int], isTooMuch: Bool, by: Double)
        /// Yuan/kWh, the largest is 1; yuan.
        case prices([Double], by: Double)
        var by: Double {
            switch self {
            case .slots(_, _, let by), .prices(_, let by): by
            }
        }
    }

    /// {t : residual ≥ level > 0} and {t : residual ≤ level < 0}, a level for each value; at most ``mostLevels`` each.
    private func levelSets(_ rest: [Double]) -> [(slots: [Int], isTooMuch: Bool)] {
        var sets: [(slots: [Int], isTooMuch: Bool)] = []
        for isTooMuch in [true, false] {
            let sign: Double = isTooMuch ? 1 : -1
            let order = rest.indices.filter { sign * rest[$0] > 0 && isFollowed[$0] }
                .sorted { (sign * rest[$1], $0) < (sign * rest[$0], $1) }
            let largest = order.first.map { sign * rest[$0] } ?? 0
            // Values that differ by noise are one level.
            var ends = order.indices.filter {
                $0 == order.count - 1 || sign * (rest[order[$0]] - rest[order[$0 + 1]]) > 1e-6 * largest
            }
            if ends.count > Self.mostLevels {
                let all = ends
                ends = (1...Self.mostLevels).map { all[all.count * $0 / Self.mostLevels - 1] }
            }
            sets += ends.map { (order[...$0].sorted(), isTooMuch) }
        }
        return sets
    }
    private static let mostLevels = 96
}
