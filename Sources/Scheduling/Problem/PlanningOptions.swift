/// What is asked of a plan beside its problem.
public struct PlanningOptions: Hashable, Sendable {
    /// Which of several schedules of equal cost.
    public enum Preference: String, Hashable, Sendable, CaseIterable {
        /// As soon as possible: robust to an early departure.
        case early
        /// As late as possible.
        case late
        /// Evenly over equally cheap neighbouring slots.
        case spread
    }
    /// The relative gap at which a plan counts as optimal.
    public var gap: Double
    public var preference: Preference
    /// Shares a shortage by a convex penalty: the last fifth of a wish counts less than the first four.
    public var fairness: Bool
    /// At most so many interior-point steps for each group of nodes that hang together.
    public var maxPasses: Int
    /// Operations, about one a nanosecond, that may be spent on what is not convex (least powers, one direction at a time)
    /// when it costs more than the gap. Counted, so that the answer does not depend on the machine.
    public var effort: Double
    /// Groups of nodes that hang together are solved on so many threads; the answer does not depend on it.
    public var threads: Int

    public init(
        gap: Double = 0.001, preference: Preference = .early, fairness: Bool = false, maxPasses: Int = 80,
        effort: Double = 3e8, threads: Int = 1
    ) {
        self.gap = gap
        self.preference = preference
        self.fairness = fairness
        self.maxPasses = maxPasses
        self.effort = effort
        self.threads = max(1, threads)
    }
}
