import Dispatch
import Synchronization

/// Works on several threads. What comes out does not depend on their number, as long as the work on one item does not depend on
/// the others.
struct WorkPool {
    let threads: Int
    /// Once true, nobody is asked again.
    let stop: Stop

    /// - Parameters:
    ///   - isCancelled: asked from any thread, one at a time.
    init(threads: Int, isCancelled: @escaping () -> Bool) {
        self.threads = threads
        stop = Stop(isCancelled)
    }

    /// - Parameters:
    ///   - isDone: told which item is ready, from any thread, one at a time.
    ///   - work: on one item, with whether to stop.
    /// - Returns: in the order of the items.
    func map<Answer: Sendable>(
        _ items: [Int], isDone: (Int) -> Void, _ work: (Int, @escaping () -> Bool) -> Answer
    ) -> [Answer] {
        guard threads > 1, items.count > 1 else {
            return items.map { item in
                defer { isDone(item) }
                return work(item, stop.isAsked)
            }
        }
        let state = Mutex((next: 0, answers: [Answer?](repeating: nil, count: items.count)))
        withoutActuallyEscaping(isDone) { isDone in
            withoutActuallyEscaping(work) { work in
                let shared = Shared((isDone: isDone, work: work))
                DispatchQueue.concurrentPerform(iterations: min(threads, items.count)) { _ in
                    while let k = state.withLock({ state in
                        defer { state.next += 1 }
                        return state.next < items.count ? state.next : nil
                    }) {
                        let answer = shared.value.work(items[k], stop.isAsked)
                        state.withLock { state in
                            state.answers[k] = answer
                            shared.value.isDone(items[k])
                        }
                    }
                }
            }
        }
        return state.withLock { $0.answers.map { $0! } }
    }

    /// Whether to stop: for all at once.
    final class Stop: Sendable {
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

    /// Lets closures that are not marked for it go to other threads. Sound here: `isDone` and `isCancelled` run under a lock each,
    /// `work` reads values only and makes all that it changes.
    private struct Shared<Value>: @unchecked Sendable {
        let value: Value
        init(_ value: Value) { self.value = value }
    }
}
