import Assets
import Quantities
import Scheduling

/// Answers plan requests one after another and remembers each site's last plan: the next one begins from its prices, and
/// a vehicle whose new schedule the checker refuses keeps what the last plan said.
public struct Planner: Sendable {
    private struct Last {
        let start: Instant
        let step: Duration
        let nodes: [NodeID]
        let outside: [EVSEID]
        let state: PlanningState
    }
    private var last: [SiteID: Last] = [:]

    public init() {}

    public mutating func solve(
        _ request: PlanRequest, options: PlanningOptions = PlanningOptions(),
        isCancelled: @escaping () -> Bool = { false }
    ) -> PlanOutcome {
        let solution = Scheduling.solve(
            request.problem, options: options, warm: state(for: request), isCancelled: isCancelled)
        if !solution.isCancelled {
            last[request.site] = Last(
                start: request.start, step: request.step, nodes: request.nodes.map(\.node), outside: request.outside,
                state: solution.state)
        }
        return PlanOutcome(request: request, solution: solution)
    }

    /// The site's last plan moved to the new horizon; `nil` when nodes, step or number of slots are others.
    private func state(for request: PlanRequest) -> PlanningState? {
        guard let last = last[request.site], last.step == request.step, last.nodes == request.nodes.map(\.node),
            last.outside == request.outside, last.start <= request.start,
            last.state.nodePrices.first?.count == request.problem.slotCount
        else { return nil }
        let moved = (request.start - last.start).wholeMilliseconds / request.step.wholeMilliseconds
        return last.state.shifted(by: Int(moved), period: Int(86_400_000 / request.step.wholeMilliseconds))
    }
}
