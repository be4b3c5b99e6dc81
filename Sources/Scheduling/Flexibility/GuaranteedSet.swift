/// Totals that a fleet can surely do: complete schedules under everything (batteries with losses, departures, limits of nodes) and
/// all their mixtures. An INNER approximation of what it can do.
///
/// Every constraint is convex, so a mixture of columns is again a schedule; it is handed out node by node, each node's vehicles
/// following the mixture of what the columns do there, so that whatever limits the columns keep the mixture keeps too. Columns
/// are added where somebody asks for more than they hold (column generation with the planner as oracle).
public struct GuaranteedSet: Sendable {
    /// A complete schedule of the whole fleet, known by what each node's vehicles do.
    public struct Column: Sendable {
        /// kW of the fleet in each slot.
        public let total: [Double]
        /// Yuan at the prices of ``GuaranteedSet/problem``, wear included.
        public let cost: Double
        public let kind: Kind
        /// kWh in each slot of the vehicles directly under each node, those without a node last.
        let ofNodes: [[Double]]

        public enum Kind: Hashable, Sendable {
            /// Cheapest at the problem's prices.
            case cheapest
            /// As much, or as little, as can be in these slots, the rest cheapest.
            case most(Range<Int>)
            case least(Range<Int>)
            /// Asked for by a signal.
            case asked
        }
    }

    public let problem: PlanningProblem
    public let fleet: FlexibleFleet
    public private(set) var columns: [Column] = []
    private let options: PlanningOptions

    /// The first columns: cheapest, and most and least in each of `blocks` equal parts of the horizon.
    ///
    /// - Parameters:
    ///   - problem: prices, vehicles and nodes; what a missing kWh is worth does not matter, nothing may be missing.
    ///   - chargedLater: as for ``FlexibleFleet/init(stepHours:slotCount:vehicles:chargedLater:)``.
    /// - Returns: `nil` where the limits of nodes do not let every departure be kept, or it was cancelled at once.
    public init?(
        _ problem: PlanningProblem, chargedLater: [Double] = [], blocks: Int = 24,
        options: PlanningOptions = PlanningOptions(), isCancelled: () -> Bool = { false },
        progress: (Double) -> Void = { _ in }
    ) {
        self.init(problem, chargedLater, options)
        guard let first = column(at: problem.buyPrice, sell: problem.sellPrice, .cheapest, isCancelled) else {
            return nil
        }
        columns = [first.column]
        let push = 10 * problem.buyPrice.reduce(0.1) { max($0, abs($1)) }
        let count = min(blocks, problem.slotCount)
        for k in 0..<count where !isCancelled() {
            let slots = (problem.slotCount * k / count)..<(problem.slotCount * (k + 1) / count)
            for isMost in [true, false] {
                var (buy, sell) = (problem.buyPrice, problem.sellPrice)
                for t in slots {
                    buy[t] += isMost ? -push : push
                    sell[t] += isMost ? -push : push
                }
                if let found = column(at: buy, sell: sell, isMost ? .most(slots) : .least(slots), isCancelled) {
                    columns.append(found.column)
                }
            }
            progress(Double(k + 1) / Double(count))
        }
    }

    private init(_ problem: PlanningProblem, _ chargedLater: [Double], _ options: PlanningOptions) {
        let fleet = FlexibleFleet(
            stepHours: problem.stepHours, slotCount: problem.slotCount, vehicles: problem.vehicles,
            chargedLater: chargedLater)
        self.fleet = fleet
        self.options = options
        var own = problem
        // A base load above its limit leaves the fleet no import there, and asks nothing of it.
        for n in own.nodes.indices { own.nodes[n].importLimit = own.nodes[n].importLimit.map { max(0, $0) } }
        for v in own.vehicles.indices {
            own.vehicles[v].minCharge = 0
            own.vehicles[v].battery =
                own.vehicles[v].battery
                ?? PlanningBattery(atArrival: 0, minimum: 0, maximum: max(0, own.vehicles[v].wanted))
            own.vehicles[v].wanted = fleet.owed[v]
        }
        self.problem = own
    }

    /// The cheapest complete schedule at these prices, and a lower bound of what any costs.
    private func column(
        at buy: [Double], sell: [Double], _ kind: Column.Kind, _ isCancelled: () -> Bool
    ) -> (column: Column, bound: Double)? {
        var priced = problem
        (priced.buyPrice, priced.sellPrice) = (buy, zip(buy, sell).map { min($0, $1) })
        // Beyond any gain of leaving without.
        let worth = 40 * buy.reduce(1) { max($0, abs($1)) }
        for v in priced.vehicles.indices {
            priced.vehicles[v].value = worth
            // A signal asks what can be done, whatever it costs.
            if kind == .asked { priced.vehicles[v].wear = 0 }
        }
        let plan = solve(priced, options: options, isCancelled: isCancelled)
        guard !plan.isCancelled, plan.fallback == nil,
            plan.vehicles.allSatisfy({ $0.undelivered < GuaranteedSet.missing })
        else { return nil }
        var ofNodes = [[Double]](
            repeating: [Double](repeating: 0, count: problem.slotCount), count: problem.nodes.count + 1)
        for (vehicle, schedule) in zip(problem.vehicles, plan.vehicles) {
            for (energy, t) in zip(schedule.net, vehicle.slots) {
                ofNodes[vehicle.node ?? problem.nodes.count][t] += energy
            }
        }
        let total = (0..<problem.slotCount).map { t in
            ofNodes.reduce(0) { $0 + $1[t] } / problem.stepHours
        }
        let found = Column(
            total: total, cost: PlanCheck.objective(of: plan.vehicles, in: problem), kind: kind, ofNodes: ofNodes)
        return (found, plan.bound)
    }
    /// kWh a stay.
    private static let missing = 1e-3

    // MARK: Asking

    /// The cheapest column at these prices (yuan/kWh): what the fleet surely does for no more. Mixtures are no cheaper.
    public func cheapest(at prices: [Double]) -> Column? {
        columns.min { value($0, prices) < value($1, prices) }
    }
    private func value(_ column: Column, _ prices: [Double]) -> Double {
        zip(column.total, prices).reduce(0) { $0 + $1.0 * $1.1 }
    }

    /// Adds what is cheapest at these prices, if it is new: the exact answer to them.
    public mutating func add(at prices: [Double], isCancelled: () -> Bool = { false }) -> Column? {
        guard let found = column(at: prices, sell: prices, .asked, isCancelled)?.column else { return nil }
        columns.append(found)
        return found
    }

    /// What comes of a signal.
    public enum Reach: Sendable {
        /// Weights of ``columns`` (sum 1) whose mixture is the signal within the tolerance.
        case reached(weights: [Double])
        /// At these prices (the largest is 1 or −1) the signal is worth `by` yuan more than anything that can be done; with
        /// the weights of the nearest mixture found.
        case refused(prices: [Double], by: Double, nearest: [Double])
        /// The nearest mixture found misses it by so many kW.
        case undecided(weights: [Double], miss: Double)
    }

    /// Looks for a mixture that is the signal, and adds columns until there is one or it is proven that none can be.
    ///
    /// - Parameters:
    ///   - signal: kW in each slot.
    ///   - tolerance: kW a slot may miss.
    public mutating func reach(
        _ signal: [Double], tolerance: Double, isCancelled: () -> Bool = { false }, progress: (Int) -> Void = { _ in }
    ) -> Reach {
        precondition(signal.count == problem.slotCount, "one power for each slot")
        func point(_ column: Column) -> [Double] { zip(column.total, signal).map { $0 - $1 } }
        var mixture = NearestMixture(point(columns[0]), number: 0)
        // What is there already.
        for _ in 0..<columns.count {
            let rest = mixture.rest
            guard let best = columns.indices.min(by: { value(columns[$0], rest) < value(columns[$1], rest) }),
                !mixture.numbers.contains(best), mixture.add(point(columns[best]), number: best)
            else { break }
        }
        for step in 0..<GuaranteedSet.mostSteps {
            let rest = mixture.rest
            if rest.allSatisfy({ abs($0) <= tolerance }) { return .reached(weights: weights(of: mixture)) }
            if isCancelled() { break }
            let scale = rest.reduce(0) { max($0, abs($1)) }
            let prices = rest.map { $0 / scale }
            guard let found = column(at: prices, sell: prices, .asked, isCancelled) else { break }
            // The signal's own cost at these prices is below that of anything that can be done.
            let own = zip(prices, signal).reduce(0) { $0 + $1.0 * $1.1 } * problem.stepHours
            if found.bound - own > FlexibleFleet.dust,
                found.bound - own > tolerance * problem.stepHours * prices.reduce(0, { $0 + abs($1) })
            {
                return .refused(
                    prices: prices.map { -$0 }, by: found.bound - own, nearest: weights(of: mixture))
            }
            columns.append(found.column)
            guard mixture.add(point(found.column), number: columns.count - 1) else { break }
            progress(step + 1)
        }
        return .undecided(
            weights: weights(of: mixture), miss: mixture.rest.reduce(0) { max($0, abs($1)) })
    }
    private static let mostSteps = 1000

    private func weights(of mixture: NearestMixture) -> [Double] {
        var weights = [Double](repeating: 0, count: columns.count)
        for (number, weight) in zip(mixture.numbers, mixture.weights) { weights[number] = weight }
        return weights
    }

    /// kW of the fleet in each slot.
    public func total(_ weights: [Double]) -> [Double] {
        (0..<problem.slotCount).map { t in zip(weights, columns).reduce(0) { $0 + $1.0 * $1.1.total[t] } }
    }

    /// Net kWh in each slot of each vehicle: the mixture, node by node.
    /// - Returns: `nil` where a node's vehicles would have to charge and discharge at once for it (full batteries with losses).
    public func schedules(
        _ weights: [Double], tolerance: Double = 0.001, isCancelled: () -> Bool = { false }
    ) -> [[Double]]? {
        var schedules = [[Double]](repeating: [], count: problem.vehicles.count)
        for n in 0...problem.nodes.count {
            let members = problem.vehicles.indices.filter { (problem.vehicles[$0].node ?? problem.nodes.count) == n }
            guard !members.isEmpty else { continue }
            let below = FlexibleFleet(
                stepHours: problem.stepHours, slotCount: problem.slotCount,
                vehicles: members.map { problem.vehicles[$0] })
            let signal = (0..<problem.slotCount).map { t in
                zip(weights, columns).reduce(0) { $0 + $1.0 * $1.1.ofNodes[n][t] } / problem.stepHours
            }
            // Within the limits of nodes as the last gate judges them.
            let share = min(tolerance, 0.5 * PlanCheck.tolerance / problem.stepHours)
            guard case .followed(let found) = below.follow(signal, tolerance: share, isCancelled: isCancelled).verdict
            else {
                return nil
            }
            for (v, schedule) in zip(members, found) { schedules[v] = schedule }
        }
        return schedules
    }
}
