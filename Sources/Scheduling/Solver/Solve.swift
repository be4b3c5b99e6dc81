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
    if problem.nodes.contains(where: { $0.demand != nil }) {
        return PeakSearch(problem, options: options, warm: warm).run(isCancelled: isCancelled, progress: progress)
    }
    return solveWithoutPeaks(
        problem, options: options, warm: warm, isCancelled: isCancelled, progress: progress)
}

/// No node has a charge on its peak.
func solveWithoutPeaks(
    _ problem: PlanningProblem, options: PlanningOptions, warm: PlanningState?, isCancelled: () -> Bool,
    progress: (Double) -> Void
) -> PlanningSolution {
    if var search = BudgetSearch(problem, options: options) {
        return search.run(warm: warm, isCancelled: isCancelled, progress: progress)
    }
    return solveWithDevices(problem, options: options, warm: warm, isCancelled: isCancelled, progress: progress)
}

/// Nor does any vehicle have a budget that could be too small.
func solveWithDevices(
    _ problem: PlanningProblem, options: PlanningOptions, warm: PlanningState?, isCancelled: () -> Bool,
    progress: (Double) -> Void
) -> PlanningSolution {
    guard var devices = Devices(for: problem) else {
        return FleetSolver(problem, options: options, warm: warm).run(isCancelled: isCancelled, progress: progress)
    }
    for attempt in 1... {
        let found = FleetSolver(devices.problem, options: options, warm: warm).run(
            isCancelled: isCancelled, progress: progress)
        if devices.keepsLimits(found) { return devices.solution(found, options: options) }
        // What cannot be covered below a node is known now, and the nodes above have to bear it.
        guard let failed = devices.whatFailed(in: found, all: attempt == 3) else {
            return devices.solution(found, options: options)
        }
        guard let rest = Devices(for: problem, failed: failed) else {
            return FleetSolver(problem, options: options, warm: warm).run(isCancelled: isCancelled, progress: progress)
        }
        devices = rest
    }
    preconditionFailure("the third attempt has nothing left to cover")
}
