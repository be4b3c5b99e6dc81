import Assets
import Charging
import Documents
import Quantities
import Simulation

/// The demo's site as its operator would set it up: through the public API, nothing else.
struct DemoSite: Sendable {
    static let site = SiteID("demo-community")
    static let node = NodeID("demo-transformer")
    static let tariff = "cn/hubei/residential-charging"

    let scenario: DemoScenario
    let client: DemoClient

    static func identity(_ index: Int) -> String { "PILE-" + padded(index + 1) }
    static func tag(_ index: Int) -> String { "DRIVER-" + padded(index + 1) }
    private static func padded(_ number: Int) -> String {
        String(repeating: "0", count: max(0, 3 - String(number).count)) + String(number)
    }

    /// The site with its transformer, and what its meter recorded before.
    func createGrid() async throws {
        try await client.put(
            "/api/v1/sites/\(Self.site)",
            [
                "name": "示范小区 Demo community", "kind": "community", "zone": .string(scenario.zone.identifier),
                "operator": "Tidewatt", "region": "420000",
                "tariffs": [["from": "2024-01-01", "tariff": .string(Self.tariff)]],
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
            ])
        try await reportHistory()
    }

    func createStations() async throws {
        var rows = ["identity,site,node,model,phases,voltage,max_current_a,ownership,evidence"]
        for index in 0..<scenario.piles {
            rows.append("\(Self.identity(index)),\(Self.site),\(Self.node),SIM-7,1,220,32,private,demo")
        }
        try await client.send("POST", "/api/v1/stations:import", "text/csv", rows.joined(separator: "\n") + "\n")
        for index in 0..<scenario.piles {
            try await client.put("/api/v1/id-tokens/\(Self.tag(index))", ["status": "Accepted"])
        }
    }

    /// Three weeks of the transformer's own meter before the piles came, as an operator would bring them: quarter-hour means.
    private func reportHistory() async throws {
        let before = Interval(scenario.start - .days(21), scenario.start)
        let means = scenario.householdMeans(in: before, step: .minutes(15))
        let readings = means.enumerated().map { index, mean -> JSONValue in
            [
                "at": .string((before.start + .minutes(15 * index)).description),
                "kw": .number(decimalText(Int128(mean.watts), scale: 3)),
            ]
        }
        try await client.send(
            "POST", "/api/v1/nodes/\(Self.node)/readings", "application/json", JSONValue.array(readings).text())
    }

    /// One reading of the site meter.
    func report(_ power: Power, at instant: Instant) async throws {
        let reading: JSONValue = [
            "at": .string(instant.description), "kw": .number(decimalText(Int128(power.watts), scale: 3)),
        ]
        try await client.send("POST", "/api/v1/nodes/\(Self.node)/readings", "application/json", reading.text())
    }

    func state(departure: Instant, energy: Energy, of session: Session.ID) async throws {
        try await client.put(
            "/api/v1/sessions/\(session)/needs",
            [
                "departure": .string(departure.description), "energy_kwh": .number(energy.kilowattHoursText),
                "charge_now": false,
            ])
    }
}
