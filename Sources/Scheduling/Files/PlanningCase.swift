public import Assets
public import Documents
public import Quantities
public import Rulebook

/// Fleet, grid and tariffs brought onto one row of slots: the problem, and what its answer is reported against.
public struct PlanningCase: Sendable {
    public let start: Instant
    /// The tariff's: in which times are shown.
    public let zone: Zone
    public let step: Duration
    public let problem: PlanningProblem
    public let fleet: FleetFile
    public let grid: GridFile
    /// kW, base load less generation of each node with that of all nodes below, in the order of ``GridFile/nodes``.
    public let baseLoads: [[Double]]
    /// kW, generation of each node with that of all nodes below.
    public let generation: [[Double]]
    /// kW by which the base load of a node with all below may be higher and lower than ``baseLoads``, at the node's chance; errors
    /// are taken to come together.
    public let margins: [(above: [Double], below: [Double])]
    /// Stationary batteries; in ``problem`` they stand behind the stays.
    public let storages: [StationaryStorage]
    /// Part of each slot in valley hours; `nil` when the tariff has none.
    public let valley: [Double]?

    public var end: Instant { start + step * problem.slotCount }

    /// More slots are a typing error in a year: ten years of hours, or one of quarter hours.
    public static let slotLimit = 90_000

    /// - Parameters:
    ///   - wear: yuan for each kWh discharged.
    ///   - from, to: the horizon; without them from the first arrival, floored to a step counted from local midnight, to
    ///     the last departure, ceiled.
    public init(
        fleet: FleetFile, grid: GridFile, tariff: Tariff, exportTariff: Tariff?, wear: Rational, from: Instant?,
        to: Instant?, step: Duration
    ) throws(Problems) {
        self.fleet = fleet
        self.grid = grid
        self.step = step
        zone = tariff.zone
        try PlanningCase.match(fleet, grid)
        let horizon = try PlanningCase.horizon(fleet, tariff.zone, from, to, step)
        start = horizon.start
        let count = horizon.count
        let prices = try PlanningCase.prices(tariff, start, step, count)
        let earnings = try exportTariff.map { tariff throws(Problems) in
            try PlanningCase.prices(tariff, horizon.start, step, count)
        }
        let version = try? tariff.version(on: tariff.zone.civilDay(at: start))
        valley = version?.uses([.valley, .deepValley]) == true ? prices.map { $0.valleyShare.approximate } : nil
        generation = PlanningCase.summedUp(grid, count) { node in
            node.generation?.means(start: horizon.start, step: step, count: count, zone: tariff.zone)
        }
        baseLoads = zip(
            PlanningCase.summedUp(grid, count) { $0.baseLoad.means(start: horizon.start, step: step, count: count) },
            generation
        ).map { zip($0, $1).map { $0 - $1 } }
        margins = PlanningCase.margins(grid, start, step, count)
        storages = grid.nodes.flatMap(\.storages)
        let hours = Double(step.wholeMilliseconds) / 3_600_000
        let wear = wear.approximate
        let (baseLoads, margins) = (baseLoads, margins)
        let charges = try PlanningCase.charges(grid, version, tariff.file)
        let sellPrice = earnings?.map { $0.price?.approximate ?? 0 } ?? [Double](repeating: 0, count: count)
        let oneMeter = grid.nodes.indices.filter {
            grid.nodes[$0].parent == nil && grid.settlement(ofRoot: $0) == .net
        }
        if let root = oneMeter.first,
            let slot = (0..<count).first(where: {
                sellPrice[$0] < 0 || sellPrice[$0] > (prices[$0].price?.approximate ?? 0)
            })
        {
            throw Problems(
                Problem(
                    file: grid.file, line: 0,
                    message: .meterEarnsMore(grid.nodes[root].id, at: tariff.zone.iso8601(horizon.start + step * slot)))
            )
        }
        problem = PlanningProblem(
            stepHours: hours, buyPrice: prices.map { $0.price?.approximate ?? 0 },
            sellPrice: sellPrice,
            vehicles: fleet.stays.map {
                PlanningVehicle(
                    $0, start: horizon.start, step: step, count: count, wear: wear, node: grid.nodeOfEVSE[$0.evse])
            }
                + grid.nodes.enumerated().flatMap { index, node in
                    node.storages.map { PlanningVehicle($0, slots: 0..<count, node: index) }
                },
            nodes: grid.nodes.indices.map { index in
                let (node, base) = (grid.nodes[index], baseLoads[index])
                let limits = PlanningCase.limits(node, base, margins[index])
                return PlanningNode(
                    parent: node.parent, importLimit: limits.most, exportLimit: limits.least,
                    settlement: oneMeter.contains(index) ? .behindMeter(load: base) : .apart,
                    demand: node.demand.map {
                        DemandCharge(
                            yuanPerKilowatt: charges[index], soFar: $0.soFar.approximate, load: base)
                    },
                    commitments: PlanningCase.commitments(node, base, horizon.start, step))
            })
        try PlanningCase.refuseUnkept(grid, oneMeter)
    }

    /// What the fleet may draw and give back, kW a slot.
    static func limits(
        _ node: GridFile.Node, _ base: [Double], _ margins: (above: [Double], below: [Double])
    ) -> (most: [Double], least: [Double]?) {
        let (limit, export) = (node.limit.approximate, node.exportLimit?.approximate)
        return (
            zip(base, margins.above).map { limit - $0 - $1 },
            export.map { export in zip(base, margins.below).map { export + $0 - $1 } }
        )
    }

    static func margins(
        _ grid: GridFile, _ start: Instant, _ step: Duration, _ count: Int
    ) -> [(above: [Double], below: [Double])] {
        let none = [Double](repeating: 0, count: count)
        var margins = [(above: [Double], below: [Double])](repeating: (none, none), count: grid.nodes.count)
        for node in grid.nodes.indices where !grid.nodes[node].baseLoad.levels.isEmpty {
            var above: Int? = node
            while let n = above {
                let own = grid.nodes[node].baseLoad.margins(
                    start: start, step: step, count: count, chance: grid.nodes[n].chance)
                for slot in 0..<count {
                    margins[n].above[slot] += own.above[slot].approximate
                    margins[n].below[slot] += own.below[slot].approximate
                }
                above = grid.nodes[n].parent
            }
        }
        return margins
    }

    /// Yuan/kW of each node's ``GridFile/Node/demand``, as its file says or else the tariff.
    private static func charges(
        _ grid: GridFile, _ version: Tariff.Version?, _ tariff: String
    ) throws(Problems) -> [Double] {
        var charges: [Double] = []
        for node in grid.nodes {
            guard let demand = node.demand else {
                charges.append(0)
                continue
            }
            guard let charge = demand.yuanPerKilowatt ?? version?.demand?.yuanPerKilowattMonth else {
                throw Problems(Problem(file: grid.file, line: 0, message: .demandUnpriced(node.id, tariff: tariff)))
            }
            charges.append(max(0, charge.approximate))
        }
        return charges
    }

    /// Of the fleet: less the base load.
    private static func commitments(
        _ node: GridFile.Node, _ base: [Double], _ start: Instant, _ step: Duration
    ) -> [LoadCommitment] {
        node.commitments.compactMap { promise in
            let slots = slots(promise.interval, start, step, base.count)
            if slots.isEmpty { return nil }
            return LoadCommitment(
                slots: slots, level: slots.map { promise.kilowatts.approximate - base[$0] },
                side: promise.side == .atMost ? .atMost : .atLeast,
                yuanPerKilowattHour: promise.yuanPerKilowattHour.approximate)
        }
    }

    /// Slots that `interval` touches.
    static func slots(_ interval: Interval, _ start: Instant, _ step: Duration, _ count: Int) -> Range<Int> {
        let length = step.wholeMilliseconds
        let from = max(0, interval.start.milliseconds - start.milliseconds) / length
        let to = (min(interval.end.milliseconds - start.milliseconds, length * Int64(count)) + length - 1) / length
        return from < to ? Int(from)..<Int(to) : 0..<0
    }

    /// Behind one meter only what is drawn can be promised away.
    private static func refuseUnkept(_ grid: GridFile, _ oneMeter: [Int]) throws(Problems) {
        var problems = ProblemList()
        for n in oneMeter
        where grid.nodes[n].commitments.contains(where: { $0.side == .atLeast || $0.kilowatts < .zero }) {
            problems.add(file: grid.file, line: 0, .promiseBehindMeter(grid.nodes[n].id))
        }
        try problems.throwIfAny()
    }

    /// Every stay has its EVSE in the grid, and a name of its own.
    static func match(_ fleet: FleetFile, _ grid: GridFile) throws(Problems) {
        var problems = ProblemList()
        for stay in fleet.stays where grid.nodeOfEVSE[stay.evse] == nil {
            problems.add(
                file: fleet.file, line: stay.line,
                .evseUnknown(stay.evse, grid: grid.file))
        }
        let storageNames = Set(grid.nodes.flatMap(\.storages).map(\.id))
        for stay in fleet.stays where storageNames.contains(stay.session) {
            problems.add(file: fleet.file, line: stay.line, .stayNamedAsStorage(stay.session, grid: grid.file))
        }
        try problems.throwIfAny()
    }

    static func horizon(
        _ fleet: FleetFile, _ zone: Zone, _ from: Instant?, _ to: Instant?, _ step: Duration
    ) throws(Problems) -> (start: Instant, count: Int) {
        func refuse(_ message: Message) -> Problems { Problems(Problem(file: fleet.file, line: 0, message: message)) }
        guard let arrival = fleet.stays.map(\.interval.start).min() ?? from,
            let departure = fleet.stays.map(\.interval.end).max() ?? to
        else { throw refuse(.noStays) }
        let first = from ?? arrival.floored(to: step, from: zone.midnight(of: zone.civilDay(at: arrival)))
        let last = to ?? departure.ceiled(to: step, from: first)
        guard first < last else {
            throw refuse(.emptyHorizon(first, last))
        }
        let length = last.milliseconds - first.milliseconds
        guard length % step.wholeMilliseconds == 0 else {
            throw refuse(.brokenHorizon(first, last))
        }
        let count = Int(length / step.wholeMilliseconds)
        guard count <= slotLimit else {
            throw refuse(.tooManySlots(count, limit: slotLimit))
        }
        return (first, count)
    }

    /// Yuan/kWh of each slot.
    public static func slotPrices(
        _ tariff: Tariff, start: Instant, step: Duration, count: Int
    ) throws(Problems) -> [Double] {
        try prices(tariff, start, step, count).map { $0.price?.approximate ?? 0 }
    }

    private static func prices(
        _ tariff: Tariff, _ start: Instant, _ step: Duration, _ count: Int
    ) throws(Problems) -> [SlotPrice] {
        let slots: [SlotPrice]
        do throws(TariffGap) {
            slots = try tariff.slotPrices(start: start, step: step, count: count).values
        } catch {
            throw Problems(Problem(file: tariff.file, line: 0, message: error.message))
        }
        if let unknown = slots.firstIndex(where: { $0.price == nil }) {
            let at = start + step * unknown
            throw Problems(
                Problem(
                    file: tariff.file, line: 0,
                    message: .priceUnknown(at: tariff.zone.iso8601(at))))
        }
        return slots
    }

    /// Of each node with that of all nodes below.
    static func summedUp(
        _ grid: GridFile, _ count: Int, _ ownMeans: (GridFile.Node) -> [Rational]?
    ) -> [[Double]] {
        var loads = [[Double]](repeating: [Double](repeating: 0, count: count), count: grid.nodes.count)
        for node in grid.nodes.indices {
            guard let own = ownMeans(grid.nodes[node])?.map(\.approximate) else { continue }
            var above: Int? = node
            while let n = above {
                for slot in 0..<count { loads[n][slot] += own[slot] }
                above = grid.nodes[n].parent
            }
        }
        return loads
    }
}

extension PlanningVehicle {
    /// A battery that is always there. What its end asks beyond its start is wanted, what it allows below is offered.
    public init(_ storage: StationaryStorage, slots: Range<Int>, node: Int?) {
        let capacity = storage.capacity.approximate
        self.init(
            slots: slots, maxCharge: storage.maxCharge.approximate, maxDischarge: storage.maxDischarge.approximate,
            chargeEfficiency: storage.chargeEfficiency.approximate,
            dischargeEfficiency: storage.dischargeEfficiency.approximate,
            wanted: (storage.leastAtEnd - storage.start).approximate * capacity,
            battery: PlanningBattery(
                atArrival: storage.start.approximate * capacity, minimum: storage.minimum.approximate * capacity,
                maximum: storage.maximum.approximate * capacity), wear: storage.wear.approximate, node: node,
            name: storage.id)
    }

    /// A stay on slots of `step` from `start`; what lies outside them is cut off.
    public init(_ stay: ChargingStay, start: Instant, step: Duration, count: Int, wear: Double, node: Int?) {
        let length = step.wholeMilliseconds
        let end = start.milliseconds + Int64(count) * length
        let arrival = max(stay.interval.start.milliseconds, start.milliseconds) - start.milliseconds
        let departure = min(stay.interval.end.milliseconds, end) - start.milliseconds
        var slots = 0..<0
        var (first, last) = (1.0, 1.0)
        if arrival < departure {
            slots = Int(arrival / length)..<Int((departure + length - 1) / length)
            let beginEnd = min(departure, Int64(slots.lowerBound + 1) * length)
            first = Double(beginEnd - arrival) / Double(length)
            last = Double(departure - Int64(slots.upperBound - 1) * length) / Double(length)
        }
        let battery = stay.battery.map { battery in
            let capacity = battery.capacity.approximate
            return PlanningBattery(
                atArrival: battery.atArrival.approximate * capacity, minimum: battery.minimum.approximate * capacity,
                maximum: battery.maximum.approximate * capacity)
        }
        self.init(
            slots: slots, firstPresence: first, lastPresence: last, maxCharge: stay.maxCharge.approximate,
            maxDischarge: stay.maxDischarge.approximate,
            dischargeBudget: stay.dischargeBudget?.approximate ?? .infinity, minCharge: stay.minCharge.approximate,
            chargeEfficiency: stay.chargeEfficiency.approximate,
            dischargeEfficiency: stay.dischargeEfficiency.approximate, wanted: stay.energy.approximate,
            battery: battery, value: stay.value.approximate, wear: wear, node: node)
    }
}
