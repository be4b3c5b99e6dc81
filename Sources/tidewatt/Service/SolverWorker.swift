import Assets
import Foundation
import GridDispatch
import Operations
import Quantities
import Scheduling
import Synchronization

/// Makes plans on a thread of its own, one at a time; of several requests for one site the newest wins.
///
/// Unchecked: all state lies behind `condition`, except the warm states, which only the one thread touches.
final class SolverWorker: @unchecked Sendable {
    private let condition = NSCondition()
    private var waiting: [PlanRequest] = []
    private var isStopping = false
    private var hasEnded = false
    private let finished: @Sendable (PlanOutcome) -> Void
    /// Seconds of the newest solve, for the metrics.
    let lastMilliseconds = Atomic<Int>(0)
    let solved = Atomic<Int>(0)

    init(finished: @escaping @Sendable (PlanOutcome) -> Void) { self.finished = finished }

    func start() {
        let thread = Thread { [self] in run() }
        thread.name = "planner"
        thread.stackSize = 16 << 20
        thread.start()
    }

    func solve(_ request: PlanRequest) {
        condition.lock()
        waiting.removeAll { $0.site == request.site }
        waiting.append(request)
        condition.signal()
        condition.unlock()
    }

    func stop() {
        condition.lock()
        isStopping = true
        condition.broadcast()
        while !hasEnded { condition.wait() }
        condition.unlock()
    }

    private func run() {
        while true {
            condition.lock()
            while waiting.isEmpty && !isStopping { condition.wait() }
            if isStopping {
                hasEnded = true
                condition.broadcast()
                condition.unlock()
                return
            }
            let request = waiting.removeFirst()
            condition.unlock()

            let began = DomainClock.monotonicNanoseconds()
            let solution = Scheduling.solve(
                request.problem, options: PlanningOptions(), isCancelled: { [self] in stopping })
            lastMilliseconds.store(
                Int((DomainClock.monotonicNanoseconds() - began) / 1_000_000), ordering: .relaxed)
            solved.add(1, ordering: .relaxed)
            finished(PlanOutcome(request: request, solution: solution))
        }
    }

    // MARK: - Warm start (the planner's thread only)

    private struct Warm {
        let start: Instant
        let step: Duration
        let nodes: [NodeID]
        let state: PlanningState
    }
    private var warm: [SiteID: Warm] = [:]

    /// Prices of the site's last plan, moved to the new horizon; `nil` when nodes or slots changed.
    private func warmState(for request: PlanRequest) -> PlanningState? {
        guard let last = warm[request.site], last.step == request.step, last.nodes == request.nodes.map(\.node),
            last.start <= request.start, last.state.nodePrices.first?.count == request.problem.slotCount
        else { return nil }
        let moved = (request.start - last.start).wholeMilliseconds / request.step.wholeMilliseconds
        return last.state.shifted(by: Int(moved), period: Int(86_400_000 / request.step.wholeMilliseconds))
    }

    private var stopping: Bool {
        condition.lock()
        defer { condition.unlock() }
        return isStopping
    }
}
