extension FlexibleFleet {
    /// Whether the fleet can follow a total within the limits of nodes.
    ///
    /// What the stays alone cannot do they cannot do under limits. What they can is a yes if the schedules found keep the limits;
    /// else mixtures of complete schedules are sought (``GuaranteedSet``).
    /// - Parameter problem: this fleet's stays with their nodes; prices do not matter.
    public static func follow(
        _ signal: [Double], in problem: PlanningProblem, chargedLater: [Double] = [], tolerance: Double = 0.001,
        threads: Int = 1, isCancelled: () -> Bool = { false }, progress: (Int) -> Void = { _ in }
    ) -> FollowAnswer {
        let fleet = FlexibleFleet(
            stepHours: problem.stepHours, slotCount: problem.slotCount, vehicles: problem.vehicles,
            chargedLater: chargedLater)
        let alone = fleet.follow(signal, tolerance: tolerance, isCancelled: isCancelled, progress: progress)
        guard case .followed(let schedules) = alone.verdict, !fleet.keepsLimits(schedules, problem) else {
            return alone
        }
        var flat = problem
        (flat.buyPrice, flat.sellPrice) = (signal.map { _ in 1 }, signal.map { _ in 1 })
        var rounds = alone.rounds
        func answer(_ verdict: FollowAnswer.Verdict, _ nearest: [Double]) -> FollowAnswer {
            FollowAnswer(
                verdict: verdict, nearest: nearest,
                miss: zip(nearest, signal).reduce(0) { max($0, abs($1.0 - $1.1)) }, rounds: rounds,
                isCancelled: isCancelled())
        }
        guard
            var set = GuaranteedSet(
                flat, chargedLater: chargedLater, blocks: 8, options: PlanningOptions(threads: threads),
                isCancelled: isCancelled)
        else { return answer(.undecided, signal.map { _ in 0 }) }
        let reach = set.reach(signal, tolerance: 0.5 * tolerance, isCancelled: isCancelled) { step in
            rounds = alone.rounds + step
            progress(rounds)
        }
        switch reach {
        case .reached(let weights):
            guard let found = set.schedules(weights, tolerance: 0.5 * tolerance, isCancelled: isCancelled),
                fleet.keepsLimits(found, problem)
            else {
                return answer(.undecided, set.total(weights))
            }
            return answer(.followed(schedules: found), set.total(weights))
        case .refused(let prices, let by, let nearest):
            return answer(.pricesProve(prices: prices, by: by), set.total(nearest))
        case .undecided(let weights, _): return answer(.undecided, set.total(weights))
        }
    }

    private func keepsLimits(_ schedules: [[Double]], _ problem: PlanningProblem) -> Bool {
        var loads = problem.nodes.map { _ in [Double](repeating: 0, count: slotCount) }
        for (vehicle, schedule) in zip(problem.vehicles, schedules) {
            var node = vehicle.node
            while let n = node {
                for (energy, t) in zip(schedule, vehicle.slots) { loads[n][t] += energy }
                node = problem.nodes[n].parent
            }
        }
        return problem.nodes.indices.allSatisfy { n in
            (0..<slotCount).allSatisfy { t in
                let node = problem.nodes[n]
                let down = node.exportLimit.map { max(0, $0[t]) * stepHours } ?? .infinity
                return loads[n][t] <= max(0, node.importLimit[t]) * stepHours + PlanCheck.tolerance
                    && loads[n][t] >= -down - PlanCheck.tolerance
            }
        }
    }
}
