import Assets
import Charging
import GridDispatch
import Quantities

// Vehicles in scheduled control that may give back (2.1 K18, Q03): they are told a schedule of powers, both ways, that ends by
// itself. A new one is negotiated with the vehicle, so one goes out when the power changes and before the old one ends.
extension Core {
    /// What the plan has for a session until a schedule for it ends. What follows the first power lies between nothing and
    /// that power, so that the dispatcher, which reckons with the first until the end, reckons with all of it: floors, and the
    /// limits of nodes in both directions, hold whatever step runs.
    /// - Parameter isPlanned: the first power is the plan's; `false`: somebody asks for it, and it stays.
    func scheduleSteps(
        of session: Session.ID, _ power: Power, isPlanned: Bool, _ site: Int, in interval: Interval
    ) -> [PowerStep] {
        var steps = [PowerStep(start: .zero, power: power)]
        guard isPlanned, power != .zero, let plan = sites[site].plan, let stay = plan.stay(of: session.value) else {
            return steps
        }
        var next = plan.start
        if next <= interval.start {
            let passed = (interval.start - plan.start).wholeMilliseconds / plan.step.wholeMilliseconds
            next = plan.start + plan.step * Int(passed + 1)
        }
        while next < interval.end, steps.count < Self.mostSteps {
            guard let planned = plan.power(of: stay, at: next) else { break }
            let bounded = power > .zero ? min(max(.zero, planned), power) : max(min(.zero, planned), power)
            if bounded != steps.last?.power {
                steps.append(PowerStep(start: next - interval.start, power: bounded))
            }
            next = next + plan.step
        }
        return steps
    }
    /// Of the ten minutes that are told a plan of quarter hours has two, one of minutes has ten.
    private static let mostSteps = 12
}
