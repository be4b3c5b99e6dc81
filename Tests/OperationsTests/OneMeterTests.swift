import Assets
import Charging
import Quantities
import Scheduling
import Testing

@testable import Operations

/// One meter for building, generation and vehicles (V2B, V2H): what the plan reckons with, and what it makes of it.
@Suite("One meter for all") struct OneMeterTests {
    /// A site of one pile whose building takes 20 kW, sends 12 kW of its PV out at noon, and takes 60 kW, which is above the
    /// limit, for two hours in the evening.
    private static func planned(_ settlement: GridFile.Settlement) throws -> (PlanRequest, PlanOutcome) {
        var (d, _) = try V2XTests.bidirectional()
        var site = Site(
            id: SiteID("S"), name: "Yard",
            tariffs: [.init(from: CivilDay(year: 2024, month: 1, day: 1)!, tariff: tariff)],
            energyTransfer: ["DC_BPT"])
        site.settlement = settlement
        d.order(.putSite(site))
        let history = (0..<(21 * 96)).map { quarter -> NodeReading in
            let at = d.now - .days(21) + .minutes(15 * quarter)
            let hour = Zone.shanghai.millisecondOfDay(at: at) / 3_600_000
            let power: Power =
                switch hour {
                case 10..<14: .kilowatts(-12)
                case 18..<20: .kilowatts(60)
                default: .kilowatts(20)
                }
            return NodeReading(at: at, power: power)
        }
        d.give(.nodeReadings(request: 901, NodeID("N"), history, by: .platform))
        var request: PlanRequest?
        for _ in 0..<700 {
            d.pass(.seconds(1), answering: true)
            for case .solve(let asked) in d.last where asked.problem.vehicles.first?.battery != nil { request = asked }
        }
        let found = try #require(request)
        var planner = Planner()
        return (found, planner.solve(found))
    }
    private static let tariff = "cn/hubei/residential-charging"

    @Test func `what can give back serves the building and covers what is above its limit`() throws {
        let (request, answer) = try Self.planned(.net)
        guard case .behindMeter(let load) = request.problem.nodes[0].settlement else {
            Issue.record("the root is paid for as one")
            return
        }
        // The session lasts eight hours, from eight in the morning.
        #expect(load.dropFirst().contains { abs($0 - 20) < 3 } && load.contains { abs($0 + 12) < 3 }, "\(load)")
        #expect(request.problem.nodes[0].importLimit.contains { $0 < 0 }, "the evening is above the limit")
        #expect(zip(request.problem.sellPrice, request.problem.buyPrice).allSatisfy { 0 <= $0 && $0 <= $1 })
        // What PV leaves over costs nothing: the vehicle takes it first.
        let net = answer.solution.vehicles[0].net
        let noon = zip(request.problem.vehicles[0].slots, net).filter { load[$0.0] < -5 }.reduce(0) {
            $0 + max(0, $1.1)
        }
        #expect(noon > 15, "\(net)")
    }

    @Test func `with meters of their own vehicles do not see the building`() throws {
        let (request, _) = try Self.planned(.apart)
        #expect(request.problem.nodes.allSatisfy { $0.settlement == .apart && $0.importLimit.allSatisfy { $0 >= 0 } })
    }
}
