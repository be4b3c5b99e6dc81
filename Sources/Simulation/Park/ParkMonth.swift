import Assets
import Charging
import Operations
import Quantities
import Rulebook
import Scheduling

/// The park's days planned one by one and followed to the letter, without piles or a network: what a perfect link would
/// make of them. Energy is counted like a pile's registers would and judged by the platform's own report.
public struct ParkMonth: Sendable {
    public let scenario: ParkScenario
    public let summary: ParkSummary

    static let step = ParkScenario.step
    /// A plan looks so far and is followed for a day.
    private static let horizonSlots = 144
    private static let daySlots = 96

    /// - Parameter progress: days done.
    public init(_ scenario: ParkScenario, progress: (Int) -> Void = { _ in }) throws(TariffGap) {
        let interval = scenario.interval
        let count = scenario.days * Self.daySlots
        let ahead = count + Self.horizonSlots - Self.daySlots
        let prices = try scenario.buying.slotPrices(start: interval.start, step: Self.step, count: ahead).values
        let buy = prices.map { $0.price?.approximate ?? 0 }
        let sell = try scenario.selling.slotPrices(start: interval.start, step: Self.step, count: ahead).values
            .map { $0.price?.approximate ?? 0 }
        func mean(_ power: (Instant) -> Power) -> [Double] {
            (0..<ahead).map { power(interval.start + Self.step * $0 + .seconds(450)).kilowatts }
        }
        let building = mean(scenario.building)
        let pv = mean(scenario.pv)
        var vans = scenario.stays.map { Van($0, scenario) }
        var stored = scenario.storage.start.approximate
        var battery = [Double](repeating: 0, count: count)
        for day in 0..<scenario.days {
            let first = day * Self.daySlots
            let slots = first..<min(first + Self.horizonSlots, ahead)
            let net = slots.map { building[$0] - pv[$0] }
            let course = Self.planStorage(scenario, stored: stored, net: net, buy: Array(buy[slots]))
            for (k, energy) in course.prefix(Self.daySlots).enumerated() {
                battery[first + k] = energy / 0.25
                stored += (energy > 0 ? energy * 0.95 : energy / 0.95) / scenario.storage.capacity.approximate
            }
            let base = zip(net, course).map { $0 + $1 / 0.25 }
            Self.planVans(&vans, scenario, slots, base: base, buy: Array(buy[slots]), sell: Array(sell[slots]))
            progress(day + 1)
        }
        self.scenario = scenario
        let site = Site(
            id: SiteID("v2g-park"), name: "V2G park",
            tariffs: [.init(from: scenario.firstDay, tariff: scenario.buying.id)],
            exportTariffs: [.init(from: scenario.firstDay, tariff: scenario.selling.id)], battery: scenario.battery)
        let stations = (0..<scenario.piles).map { pile in
            (
                Station(
                    id: StationID(ParkScenario.identity(pile)),
                    electrical: .init(
                        voltage: 230, phases: 3, maxCurrentMilliamperes: 87_000, maxDischarge: scenario.pilePower),
                    createdAt: interval.start), evses: 1
            )
        }
        let report = V2GReport(
            site: site, interval: interval, sessions: vans.enumerated().map { $1.evidence($0, interval.start) },
            isCut: false, stations: stations, before: (.zero, 0)
        ) { $0 == scenario.buying.id ? scenario.buying : $0 == scenario.selling.id ? scenario.selling : nil }
        let missed = vans.reduce(0) { $0 + max(0, $1.stay.target.kilowattHours - $1.stored) }
        var charging = [Double](repeating: 0, count: count)
        for van in vans { for (slot, energy) in van.net where slot < count { charging[slot] += energy / 0.25 } }
        func powers(_ kilowatts: some Sequence<Double>) -> [Power] { kilowatts.map(Power.init(roundingKilowatts:)) }
        summary = try ParkSummary(
            scenario, in: interval, report: report, vans: powers(charging), storage: powers(battery),
            building: powers(building.prefix(count)), pv: powers(pv.prefix(count)),
            missed: Energy(roundingKilowattHours: missed))
    }

    /// Building, PV and battery behind the building's meter: what is left over earns a little, so it is kept.
    private static func planStorage(_ scenario: ParkScenario, stored: Double, net: [Double], buy: [Double]) -> [Double]
    {
        var storage = PlanningVehicle(scenario.storage, slots: 0..<net.count, node: 0)
        storage.battery?.atArrival = stored * scenario.storage.capacity.approximate
        storage.wanted = (scenario.storage.leastAtEnd.approximate - stored) * scenario.storage.capacity.approximate
        let problem = PlanningProblem(
            stepHours: 0.25, buyPrice: buy, sellPrice: buy.map { min(0.2, $0) }, vehicles: [storage],
            nodes: [
                PlanningNode(
                    importLimit: net.map { scenario.limit.kilowatts - $0 }, settlement: .behindMeter(load: net))
            ])
        return solve(problem).vehicles[0].net
    }

    /// Vans have meters of their own and are paid for what they give back.
    private static func planVans(
        _ vans: inout [Van], _ scenario: ParkScenario, _ slots: Range<Int>, base: [Double], buy: [Double],
        sell: [Double]
    ) {
        var present: [Int] = []
        var vehicles: [PlanningVehicle] = []
        for (index, van) in vans.enumerated() {
            guard let vehicle = van.planned(slots, scenario) else { continue }
            present.append(index)
            vehicles.append(vehicle)
        }
        let problem = PlanningProblem(
            stepHours: 0.25, buyPrice: buy, sellPrice: sell, vehicles: vehicles,
            nodes: [
                PlanningNode(
                    importLimit: base.map { scenario.limit.kilowatts - $0 },
                    exportLimit: base.map { scenario.exportLimit.kilowatts + $0 })
            ])
        let plan = solve(problem, options: PlanningOptions(gap: 0.002))
        for (k, index) in present.enumerated() {
            for (net, slot) in zip(plan.vehicles[k].net, vehicles[k].slots) where slot < daySlots && net != 0 {
                vans[index].follow(slots.lowerBound + slot, net, scenario)
            }
        }
    }
}

/// A stay as it goes. kWh.
private struct Van {
    let stay: ParkScenario.Stay
    /// Whole slots from the month's start.
    let slots: Range<Int>
    var stored: Double
    private(set) var net: [(slot: Int, kilowattHours: Double)] = []

    init(_ stay: ParkScenario.Stay, _ scenario: ParkScenario) {
        self.stay = stay
        stored = stay.stored.kilowattHours
        slots = scenario.wholeSlots(of: stay)
    }

    /// The stay within a horizon; `nil`: it is not there. A stay that goes on behind it keeps what it wants at its end.
    func planned(_ horizon: Range<Int>, _ scenario: ParkScenario) -> PlanningVehicle? {
        let own = slots.clamped(to: horizon)
        guard !own.isEmpty else { return nil }
        let efficiency = Double(scenario.efficiencyPerMille) / 1000
        return PlanningVehicle(
            slots: (own.lowerBound - horizon.lowerBound)..<(own.upperBound - horizon.lowerBound),
            maxCharge: scenario.pilePower.kilowatts, maxDischarge: scenario.pilePower.kilowatts,
            chargeEfficiency: efficiency, dischargeEfficiency: efficiency, wanted: stay.target.kilowattHours - stored,
            battery: PlanningBattery(
                atArrival: stored, minimum: stay.minimum.kilowattHours,
                maximum: scenario.capacity.kilowattHours * 0.95),
            wear: scenario.battery.wearPrice.approximate, node: 0)
    }

    mutating func follow(_ slot: Int, _ energy: Double, _ scenario: ParkScenario) {
        let efficiency = Double(scenario.efficiencyPerMille) / 1000
        net.append((slot, energy))
        stored += energy > 0 ? energy * efficiency : energy / efficiency
    }

    /// Two registers, read every quarter of an hour.
    func evidence(_ number: Int, _ start: Instant) -> V2GReport.Evidence {
        let (begin, end) = (start + ParkMonth.step * slots.lowerBound, start + ParkMonth.step * slots.upperBound)
        var readings: [Reading] = []
        var (taken, given) = (Energy.zero, Energy.zero)
        let flow = Dictionary(uniqueKeysWithValues: net.map { ($0.slot, $0.kilowattHours) })
        func read(_ at: Instant) {
            for (name, energy) in [("Import", taken), ("Export", given)] {
                readings.append(
                    Reading(
                        at: at, measurand: "Energy.Active.\(name).Register", mantissa: energy.milliwattHours, scale: 3,
                        unit: "Wh"))
            }
        }
        read(begin)
        for slot in slots {
            let energy = Energy(roundingKilowattHours: flow[slot] ?? 0)
            if energy > .zero { taken += energy } else { given += -energy }
            read(start + ParkMonth.step * (slot + 1))
        }
        let session = Session(
            id: .init("S-\(number + 1)"), evse: EVSEID(StationID(ParkScenario.identity(stay.pile)), 1), connector: 1,
            transactionID: String(number + 1), idToken: nil, status: .ended, startedAt: begin, endedAt: end,
            imported: taken, exported: given)
        return .init(session, readings: readings)
    }
}

extension ParkScenario {
    public static func identity(_ pile: Int) -> String { "V2G-" + (pile < 9 ? "0" : "") + String(pile + 1) }
}
