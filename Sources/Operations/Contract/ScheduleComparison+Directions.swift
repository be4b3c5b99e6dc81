import Charging
import OCPP
import Quantities

/// What holds an EVSE at an instant in both directions of power, in the standard's words (2.1).
struct TwoWayLimit: Hashable, Sendable {
    var mode: String
    /// `nil`: only the hardware limits it.
    var limit: Power?
    /// 0 or less; `nil`: only the hardware limits it.
    var dischargeLimit: Power?
    var setpoint: Power?
    /// LocalFrequency: what takes the place of a setpoint.
    var response: FrequencyResponse?
    /// Idle: whether the EVSE may sleep, and the battery is kept at its temperature.
    var sleeps = false
    var preconditions = false

    fileprivate var givesNothingBack: Bool { mode == "ChargingOnly" || mode == "Idle" }
}

extension ScheduleComparison {
    /// A station of 2.1: mode, limits and setpoints each beside ours, and what LocalFrequency and Idle have in their place; looked
    /// at once a minute like ``init(of:asked:with:rating:tolerance:)``.
    ///
    /// A setpoint says all of a moment that has one: limits are compared where there is none.
    init?(
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
        } else if ours.mode == "LocalFrequency" {
            let nothing = FrequencyResponse(baseline: 0, frequency: [])
            list += differences(theirs.response ?? nothing, ours.response ?? nothing, span, tolerance)
        } else if ours.mode == "Idle" {
            func compare(_ field: Difference.Field, _ ours: Bool, _ theirs: Bool) {
                guard ours != theirs else { return }
                list.append(
                    Difference(span: span, ours: .zero, theirs: .zero, field: field, isOnAtStation: theirs))
            }
            compare(.sleep, ours.sleeps, theirs.sleeps)
            compare(.preconditioning, ours.preconditions, theirs.preconditions)
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

    /// Of two curves the point that differs most: curves are straight between points, so that it is a point of one of both. One
    /// at which the station would let more flow goes before others.
    private static func differences(
        _ theirs: FrequencyResponse, _ ours: FrequencyResponse, _ span: Interval, _ tolerance: Power
    ) -> [Difference] {
        func power(_ milliwatts: Int64) -> Power { Power(watts: milliwatts / 1000) }
        func worst(
            _ field: Difference.Field, _ points: [FrequencyResponse.Point],
            _ answer: (FrequencyResponse, Int64) -> Int64
        ) -> Difference? {
            Set(points.map(\.at)).sorted().map { at in
                Difference(
                    span: span, ours: power(answer(ours, at)), theirs: power(answer(theirs, at)), field: field, at: at)
            }.filter { abs($0.ours.watts - $0.theirs.watts) > tolerance.watts }.max { a, b in
                if a.allowsMore != b.allowsMore { return b.allowsMore }
                return abs(a.ours.watts - a.theirs.watts) < abs(b.ours.watts - b.theirs.watts)
            }
        }
        let baseline = Difference(
            span: span, ours: power(ours.baseline), theirs: power(theirs.baseline), field: .baseline)
        return [
            abs(baseline.ours.watts - baseline.theirs.watts) > tolerance.watts ? baseline : nil,
            worst(.frequencyCurve, ours.frequency + theirs.frequency) { $0.answer(millihertz: $1) },
            worst(.signalCurve, ours.signal + theirs.signal) { $0.answer(signal: $1) },
        ].compactMap { $0 }
    }
}

extension ScheduleComparison.Difference {
    fileprivate func isSame(as other: ScheduleComparison.Difference) -> Bool {
        self == other.lasting(until: span.end, from: span.start)
    }
    fileprivate func lasting(
        until end: Instant, from start: Instant? = nil
    ) -> ScheduleComparison.Difference {
        ScheduleComparison.Difference(
            span: Interval(start ?? span.start, end), ours: ours, theirs: theirs, field: field, ourMode: ourMode,
            theirMode: theirMode, at: at, isOnAtStation: isOnAtStation)
    }
}

extension ReportedSchedule {
    fileprivate func twoWay(at instant: Instant) -> TwoWayLimit? {
        guard span.contains(instant), let step = steps.last(where: { $0.start <= instant }) else { return nil }
        return TwoWayLimit(
            mode: step.mode, limit: step.isUnlimited ? nil : step.limit, dischargeLimit: step.dischargeLimit,
            setpoint: step.setpoint, response: step.curves?.response, sleeps: step.sleeps,
            preconditions: step.preconditions)
    }
}
