import Assets
import GridDispatch
import Operations
import Quantities
import Rulebook
import Testing

@testable import Scheduling

@Suite("Planner") struct PlannerTests {
    /// A site with two vehicles that charge, and the newest request that the core made of it.
    private func planning() throws -> (Dialogue, PlanRequest) {
        var d = Dialogue()
        d.solvesPlans = false
        d.community(piles: 2, limit: .kilowatts(100))
        d.pass(.seconds(60), answering: true)
        var request: PlanRequest?
        for pile in ["P1", "P2"] {
            d.status(pile, "Preparing")
            d.start(pile, tag: pile == "P1" ? "T1" : "T2", meter: 0)
            d.status(pile, "Charging")
        }
        for _ in 0..<60 {
            d.now += .seconds(1)
            d.give(.tick)
            for case .solve(let asked) in d.last { request = asked }
            d.answerCalls()
        }
        return (d, try #require(request))
    }

    @Test func `the next plan begins from the last one, unless nodes or time went back`() throws {
        let (_, request) = try planning()
        #expect(request.problem.vehicles.count == 2)
        func again(start: Instant, nodes: [(node: NodeID, limit: Power?, base: [Power])]) -> PlanRequest {
            PlanRequest(
                id: Plan.ID(99), site: request.site, trigger: "periodic", requestedAt: start, start: start,
                step: request.step, problem: request.problem, keys: request.keys, nodes: nodes,
                pricesAreKnown: request.pricesAreKnown)
        }
        func kept(_ next: PlanRequest) -> Int {
            var planner = Planner()
            #expect(planner.solve(request).solution.kept == 0, "nothing is known before the first plan")
            return planner.solve(next).solution.kept
        }
        #expect(kept(again(start: request.start, nodes: request.nodes)) == 2)
        #expect(kept(again(start: request.start - request.step, nodes: request.nodes)) == 0)
        let other = request.nodes.map { (node: NodeID("OTHER"), limit: $0.limit, base: $0.base) }
        #expect(kept(again(start: request.start, nodes: other)) == 0)
    }

    @Test func `a plan that the checker refused is told until one is not`() throws {
        var (d, request) = try planning()
        var planner = Planner()
        let good = planner.solve(request)
        let s = good.solution
        let refused = PlanningSolution(
            vehicles: s.vehicles, objective: s.objective, bound: s.bound, gap: s.gap, isOptimal: s.isOptimal,
            nodePrices: s.nodePrices, passes: s.passes, isCancelled: false,
            fallback: .init(kind: .standingStill, violations: [.shape(vehicle: 0)]), kept: 0, state: s.state)
        d.give(.planned(PlanOutcome(request: request, solution: refused)))
        let alarm = d.disk.alarms.values.first { $0.code == "plan-refused" }
        #expect(alarm?.priority == .high && alarm?.values["kind"] == "standingStill" && alarm?.endedAt == nil)
        request = PlanRequest(
            id: Plan.ID(request.id.value + 1), site: request.site, trigger: "periodic",
            requestedAt: request.requestedAt, start: request.start, step: request.step, problem: request.problem,
            keys: request.keys, nodes: request.nodes, pricesAreKnown: true)
        d.give(.planned(PlanOutcome(request: request, solution: good.solution)))
        #expect(d.disk.alarms.values.first { $0.code == "plan-refused" }?.endedAt != nil)
    }

    @Test func `prices are those of the tariff that is in force on each day`() throws {
        var (d, _) = try planning()
        let today = Zone.shanghai.civilDay(at: d.now)
        let names = ["cn/hubei/residential-charging", "cn/guizhou/commercial-10kv-two-part"]
        let entries = names.enumerated().map { Site.TariffEntry(from: today.adding(days: $0), tariff: $1) }
        d.order(.putSite(Site(id: SiteID("S"), name: "Community", tariffs: entries)))
        var request: PlanRequest?
        for _ in 0..<30 where request == nil {
            d.now += .seconds(1)
            d.give(.tick)
            for case .solve(let asked) in d.last { request = asked }
        }
        let asked = try #require(request)
        let midnight = Zone.shanghai.midnight(of: today.adding(days: 1))
        let (first, second) = (RulePacks.builtIn.tariff(names[0])!, RulePacks.builtIn.tariff(names[1])!)
        for (slot, price) in asked.problem.buyPrice.enumerated() {
            let at = asked.start + asked.step * slot
            let tariff = at < midnight ? first : second
            let said = try tariff.slotPrices(start: at, step: asked.step, count: 1).values[0].price?.approximate
            #expect(price == said ?? 0.5, "\(at)")
        }
    }
}
