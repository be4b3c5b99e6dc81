public import Quantities

extension Plan {
    /// The stay of `session`, if the plan knows it.
    public func stay(of session: String) -> Stay? { stays.first { $0.session == session } }

    /// Index of the slot that holds at `instant`, `nil` outside the plan.
    public func slot(at instant: Instant) -> Int? {
        guard instant >= start else { return nil }
        let index = Int((instant.milliseconds - start.milliseconds) / step.wholeMilliseconds)
        return index < count ? index : nil
    }

    /// Power to run at `instant`: the slot's mean over the whole slot, spread over the part of the slot in which the
    /// vehicle can take it (from the plan's making, until departure). `nil` outside the plan.
    public func power(of stay: Stay, at instant: Instant) -> Power? {
        guard let slot = slot(at: instant), slot < stay.setpoints.count else { return nil }
        let mean = stay.setpoints[slot]
        let whole = step.wholeMilliseconds
        let begins = start.milliseconds + Int64(slot) * whole
        let from = max(begins, min(computedAt.milliseconds, begins + whole - 1))
        let to = min(begins + whole, max(stay.departure.milliseconds, from + 1))
        // A sliver of presence must not blow a small mean up to nonsense; the rating caps the rest.
        let present = max(to - from, whole / 60)
        return Power(watts: mean.watts * whole / present)
    }
}
