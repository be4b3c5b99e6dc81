import Assets
import Documents
import Quantities
import Simulation

/// The park as its operator would set it up: through the public API, nothing else.
struct ParkSite: Sendable {
    static let site = SiteID("v2g-park")
    /// The transformer: the building's supply and the piles hang below it.
    static let node = NodeID("park-transformer")
    /// Meters of the building's side; nothing is steered there.
    static let building = NodeID("park-building")
    static let pv = NodeID("park-pv")
    static let storage = NodeID("park-battery")

    let scenario: ParkScenario
    let client: DemoClient

    func create(history: ParkBuilding, until start: Instant) async throws {
        let day = JSONValue.string(scenario.firstDay.adding(days: -31).description)
        let terms = scenario.battery
        try await client.put(
            "/api/v1/sites/\(Self.site)",
            [
                "name": "车网互动示范园区 V2G park", "kind": "depot", "zone": .string(scenario.zone.identifier),
                "operator": "Tidewatt", "region": "440100",
                "tariffs": [["from": day, "tariff": .string(scenario.buying.id)]],
                "export_tariffs": [["from": day, "tariff": .string(scenario.selling.id)]],
                "battery": [
                    "chemistry": .string(terms.chemistry.rawValue),
                    "value_yuan_per_kwh": .number(decimalText(Int128(terms.valuePerKilowattHour), scale: 6)),
                    "cycles": .int(terms.cycles),
                    "consumption_kwh_per_100km": terms.consumption.map {
                        .number(decimalText(Int128($0), scale: 1))
                    } ?? .null,
                    "round_trip": terms.roundTripPerMille.map { .number(decimalText(Int128($0), scale: 3)) } ?? .null,
                ],
            ])
        try await client.put(
            "/api/v1/nodes/\(Self.node)",
            [
                "site": .string(Self.site.value),
                "rating": [
                    "kva": .int(scenario.transformer.kilovoltAmperes),
                    "power_factor": .number(scenario.transformer.powerFactor),
                    "loading": .number(scenario.transformer.loading),
                ],
                "export_limit_kw": Self.kilowatts(scenario.exportLimit),
            ])
        for (node, serves) in [(Self.building, "building"), (Self.pv, "pv"), (Self.storage, "storage")] {
            try await client.put(
                "/api/v1/nodes/\(node)",
                ["site": .string(Self.site.value), "parent": .string(Self.node.value), "serves": .string(serves)])
        }
        try await reportHistory(history, until: start)
    }

    /// Ten piles and the vans' cards, which allow that energy is taken back.
    func createStations() async throws {
        for pile in 0..<scenario.piles {
            try await client.put(
                "/api/v1/stations/\(ParkScenario.identity(pile))",
                [
                    "site": .string(Self.site.value), "node": .string(Self.node.value), "model": "SIM-V2G-60",
                    "phases": 3, "voltage": 230, "max_current_a": 87,
                    "max_discharge_kw": Self.kilowatts(scenario.pilePower), "ownership": "private",
                    "ownership_evidence": "demo",
                ])
            try await client.put(
                "/api/v1/id-tokens/\(ParkScenario.tag(pile))",
                ["status": "Accepted", "allowed_energy_transfer": ["DC", "DC_BPT"]])
        }
    }

    /// Three weeks of the transformer's own meter before the piles came: quarter-hour means.
    private func reportHistory(_ building: ParkBuilding, until start: Instant) async throws {
        let before = Interval(start - .days(21), start)
        let readings = building.means(.net, in: before).enumerated().map { index, mean in
            Self.reading(mean, at: before.start + .minutes(15 * index))
        }
        try await client.post("/api/v1/nodes/\(Self.node)/readings", .array(readings))
    }

    /// One look at all meters.
    /// - Parameter vans: what the piles take together; below zero: give.
    func report(_ building: ParkBuilding, vans: Power, at now: Instant) async throws {
        async let grid: Void = report(building.net(at: now) + vans, of: Self.node, at: now)
        async let load: Void = report(building.load(at: now), of: Self.building, at: now)
        async let pv: Void = report(-building.pv(at: now), of: Self.pv, at: now)
        async let storage: Void = report(building.storage(at: now), of: Self.storage, at: now)
        _ = try await (grid, load, pv, storage)
    }

    private func report(_ power: Power, of node: NodeID, at now: Instant) async throws {
        try await client.post("/api/v1/nodes/\(node)/readings", Self.reading(power, at: now))
    }

    private static func reading(_ power: Power, at instant: Instant) -> JSONValue {
        ["at": .string(instant.description), "kw": kilowatts(power)]
    }
    private static func kilowatts(_ power: Power) -> JSONValue { .number(decimalText(Int128(power.watts), scale: 3)) }
}
