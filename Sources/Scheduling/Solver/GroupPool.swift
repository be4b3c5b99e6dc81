import Dispatch
import Synchronization

/// What came out of one group of nodes.
struct SolvedGroup: Sendable {
    /// Indices of its vehicles in the problem, and their schedules.
    let order: [Int]
    let schedules: [VehicleSchedule]
    /// Node by node, one a slot.
    let prices: [Double]
    let bound: Double
    let passes: Int
    let isCancelled: Bool
    /// It is one node without others above or below.
    let isAlone: Bool
}

/// Solves groups on several threads. What comes out does not depend on their number: the first groups are solved one after the
/// other, and where those that are one node ended is where all later ones begin.
struct GroupPool {
    let threads: Int
    /// So many groups are solved before all others.
    private static let leaders = 8

    /// - Parameters:
    ///   - isCancelled: asked from any thread, one at a time, and no more once it was true.
    ///   - progress: told which group is ready, from any thread, one at a time.
    ///   - solve: a group by its index, with likely prices and whether to stop.
    /// - Returns: in the order of the groups.
    func solve(
        _ count: Int, isCancelled: @escaping () -> Bool, progress: (Int) -> Void,
        with solve: (Int, [Double]?, @escaping () -> Bool) -> SolvedGroup
    ) -> [SolvedGroup] {
        let stop = Stop(isCancelled)
        var found: [SolvedGroup] = []
        var likely: [Double]?
        let first = threads > 1 ? min(count, Self.leaders) : count
        for k in 0..<first {
            let group = solve(k, likely, stop.isAsked)
            if k < Self.leaders, likely == nil, group.isAlone, group.passes > 0 { likely = group.prices }
            found.append(group)
            progress(k)
        }
        guard first < count else { return found }
        let rest = Mutex((next: first, found: [SolvedGroup?](repeating: nil, count: count - first)))
        let prices = likely
        withoutActuallyEscaping(progress) { progress in
            withoutActuallyEscaping(solve) { solve in
                let work = Shared((progress: progress, solve: solve))
                DispatchQueue.concurrentPerform(iterations: threads) { _ in
                    while let k = rest.withLock({ state in
                        state.next < count
                            ? {
                                defer { state.next += 1 }; return state.next
                            }() : nil
                    }) {
                        let group = work.value.solve(k, prices, stop.isAsked)
                        rest.withLock { state in
                            state.found[k - first] = group
                            work.value.progress(k)
                        }
                    }
                }
            }
        }
        return found + rest.withLock { $0.found.map { $0! } }
    }

    /// Whether to stop: for all groups at once.
    private final class Stop: Sendable {
        private let isStopped = Mutex(false)
        private let isCancelled: Shared<() -> Bool>
        init(_ isCancelled: @escaping () -> Bool) { self.isCancelled = Shared(isCancelled) }

        func isAsked() -> Bool {
            isStopped.withLock { stopped in
                stopped = stopped || isCancelled.value()
                return stopped
            }
        }
    }

    /// Lets closures that are not marked for it go to other threads. Sound here: `progress` and `isCancelled` run under a lock each,
    /// `solve` reads values only and makes all that it changes.
    private struct Shared<Value>: @unchecked Sendable {
        let value: Value
        init(_ value: Value) { self.value = value }
    }
}
