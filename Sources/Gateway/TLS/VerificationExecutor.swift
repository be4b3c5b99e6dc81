import Dispatch

/// Threads on which stations' certificates are verified. The pool of Swift's tasks is as wide as the machine has cores
/// and shared with everything: a page that takes long must not keep stations from coming in.
final class VerificationExecutor: TaskExecutor {
    static let shared = VerificationExecutor()
    private let queue = DispatchQueue(label: "certificates", attributes: .concurrent)

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
