import Foundation
import Operations
import Synchronization

/// Makes plans on a thread of its own, one at a time; of several requests for one site the newest wins.
///
/// Unchecked: all state lies behind `condition`, except the planner, which only the one thread touches.
final class SolverWorker: @unchecked Sendable {
    private let condition = NSCondition()
    private var waiting: [PlanRequest] = []
    private var isStopping = false
    private var hasEnded = false
    /// The one thread's.
    private var planner = Planner()
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
            let outcome = planner.solve(request, isCancelled: { [self] in stopping })
            lastMilliseconds.store(
                Int((DomainClock.monotonicNanoseconds() - began) / 1_000_000), ordering: .relaxed)
            solved.add(1, ordering: .relaxed)
            finished(outcome)
        }
    }

    private var stopping: Bool {
        condition.lock()
        defer { condition.unlock() }
        return isStopping
    }
}
