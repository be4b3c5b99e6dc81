import Foundation
import Operations
import Synchronization

/// Makes plans and measures capacities on a thread of its own, one at a time, plans first; of several requests for one site the
/// newest wins.
///
/// Unchecked: all state lies behind `condition`, except the planner, which only the one thread touches.
final class SolverWorker: @unchecked Sendable {
    private let condition = NSCondition()
    private var waiting: [PlanRequest] = []
    private var measuring: [CapacityProblem] = []
    private var isStopping = false
    private var hasEnded = false
    /// The one thread's.
    private var planner = Planner()
    private let finished: @Sendable (Input) -> Void
    /// Seconds of the newest solve, for the metrics.
    let lastMilliseconds = Atomic<Int>(0)
    let solved = Atomic<Int>(0)

    init(finished: @escaping @Sendable (Input) -> Void) { self.finished = finished }

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

    func measure(_ problem: CapacityProblem) {
        condition.lock()
        measuring.removeAll { $0.site == problem.site }
        measuring.append(problem)
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
            while waiting.isEmpty && measuring.isEmpty && !isStopping { condition.wait() }
            if isStopping {
                hasEnded = true
                condition.broadcast()
                condition.unlock()
                return
            }
            guard !waiting.isEmpty else {
                let problem = measuring.removeFirst()
                condition.unlock()
                // A plan does not wait for it: what is left of it is measured anew a minute later.
                let capacity = problem.measured(isCancelled: { [self] in mayNotGoOn })
                if !mayNotGoOn { finished(.measured(capacity)) }
                continue
            }
            let request = waiting.removeFirst()
            condition.unlock()

            let began = DomainClock.monotonicNanoseconds()
            let outcome = planner.solve(request, isCancelled: { [self] in stopping })
            lastMilliseconds.store(
                Int((DomainClock.monotonicNanoseconds() - began) / 1_000_000), ordering: .relaxed)
            solved.add(1, ordering: .relaxed)
            finished(.planned(outcome))
        }
    }

    /// A plan is asked for, or all ends.
    private var mayNotGoOn: Bool {
        condition.lock()
        defer { condition.unlock() }
        return isStopping || !waiting.isEmpty
    }

    private var stopping: Bool {
        condition.lock()
        defer { condition.unlock() }
        return isStopping
    }
}
