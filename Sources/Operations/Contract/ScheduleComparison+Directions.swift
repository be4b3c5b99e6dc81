import Charging
public import Quantities

/// What holds an EVSE at an instant in both directions of power, in the standard's words (2.1).
public struct TwoWayLimit: Hashable, Sendable {
    public var mode: String
    /// `nil`: only the hardware limits it.
    public var limit: Power?
    /// 0 or less; `nil`: only the hardware limits it.
    public var dischargeLimit: Power?
    public var setpoint: Power?
    public init(mode: String, limit: Power?, dischargeLimit: Power?, setpoint: Power?) {
        self.mode = mode
        self.limit = limit
        self.dischargeLimit = dischargeLimit
        self.setpoint = setpoint
    }

    fileprivate var givesNothingBack: Bool { mode == "ChargingOnly" || mode == "Idle" }
}

extension ScheduleComparison {
    /// A station of 2.1: mode, limits and setpoints each beside ours, looked at once a minute like ``init(of:asked:with:rating:tolerance:)``.
    ///
    /// A setpoint says all of a moment that has one: limits are compared where there is none.
    public init?(
        of reported: ReportedSchedule, asked: Interval, with ours: (Instant) -> TwoWayLimit, rating: Power,
        tolerance: Power
    ) {
        guard let compared = reported.span.intersection(asked),
            reported.steps.contains(where: { $0.start < compared.end })
        else { return nil }
        var differences: [Difference] = []
        func add(_ difference: Difference) {
            let i = differences.lastIndex {
                $0.field == difference.field && $0.span.end == difference.span.start && $0.isSame(as: difference)
            }
            if let i {
                differences[i] = differences[i].lasting(until: difference.span.end)
            } else {
                differences.append(difference)
            }
        }
        let step: Duration = .minutes(1)
        var moment = compared.start
        while moment < compared.end {
            defer { moment += step }
            guard let told = reported.twoWay(at: moment) else { continue }
            let near = [moment, moment - step, moment + step].map(ours)
            let span = Interval(moment, min(moment + step, compared.end))
            // A step that comes so much earlier or later than ours is the same step.
            let found = near.map { Self.differences(told, $0, span, rating, tolerance) }
            if let least = found.min(by: { $0.count < $1.count }), !least.isEmpty { for one in found[0] { add(one) } }
        }
        self.init(at: asked.start, span: compared, differences: differences)
    }

    private static func differences(
        _ theirs: TwoWayLimit, _ ours: TwoWayLimit, _ span: Interval, _ rating: Power, _ tolerance: Power
    ) -> [Difference] {
        var list: [Difference] = []
        func compare(_ field: Difference.Field, _ ours: Power, _ theirs: Power) {
            guard abs(ours.watts - theirs.watts) > tolerance.watts else { return }
            list.append(Difference(span: span, ours: ours, theirs: theirs, field: field))
        }
        if ours.mode != theirs.mode {
            list.append(
                Difference(
                    span: span, ours: ours.setpoint ?? .zero, theirs: theirs.setpoint ?? .zero, field: .mode,
                    ourMode: ours.mode, theirMode: theirs.mode))
        }
        if ours.setpoint != nil || theirs.setpoint != nil {
            if let a = ours.setpoint, let b = theirs.setpoint { compare(.setpoint, a, b) }
            return list
        }
        compare(.limit, min(ours.limit ?? rating, rating), min(theirs.limit ?? rating, rating))
        func least(_ side: TwoWayLimit) -> Power {
            side.givesNothingBack ? .zero : max(side.dischargeLimit ?? -rating, -rating)
        }
        compare(.dischargeLimit, least(ours), least(theirs))
        return list
    }
}

extension ScheduleComparison.Difference {
    fileprivate func isSame(as other: ScheduleComparison.Difference) -> Bool {
        (ours, theirs, ourMode, theirMode) == (other.ours, other.theirs, other.ourMode, other.theirMode)
    }
    fileprivate func lasting(until end: Instant) -> ScheduleComparison.Difference {
        ScheduleComparison.Difference(
            span: Interval(span.start, end), ours: ours, theirs: theirs, field: field, ourMode: ourMode,
            theirMode: theirMode)
    }
}

extension ReportedSchedule {
    fileprivate func twoWay(at instant: Instant) -> TwoWayLimit? {
        guard span.contains(instant), let step = steps.last(where: { $0.start <= instant }) else { return nil }
        return TwoWayLimit(
            mode: step.mode, limit: step.isUnlimited ? nil : step.limit, dischargeLimit: step.dischargeLimit,
            setpoint: step.setpoint)
    }
}
