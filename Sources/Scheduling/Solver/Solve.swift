/// Schedules a fleet.
///
/// Pure and deterministic: the answer depends on the arguments alone. There is always an answer; what cannot be delivered
/// is `undelivered`.
/// - Parameters:
///   - warm: prices of an earlier solution of a similar problem (same nodes, same slots).
///   - isCancelled: asked between passes; once true, the best schedule so far is returned.
///   - progress: part of the work that is done, 0…1.
public func solve(
    _ problem: PlanningProblem, options: PlanningOptions = PlanningOptions(),
    warm: PlanningState? = nil,
    isCancelled: () -> Bool = { false }, progress: (Double) -> Void = { _ in }
) -> PlanningSolution {
    FleetSolver(problem, options: options, warm: warm).run(
        isCancelled: isCancelled, progress: progress)
}
