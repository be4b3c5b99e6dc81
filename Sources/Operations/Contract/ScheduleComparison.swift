public import Charging
import GridDispatch
public import Quantities

/// A station's own reckoning of what its profiles allow, beside what we hold it to.
///
/// A profile that somebody else put into it, or a stack that it reckons otherwise than the standard, shows here before it
/// shows in the meter.
public struct ScheduleComparison: Hashable, Sendable {
    /// A span in which both say something else.
    public struct Difference: Hashable, Sendable {
        public let span: Interval
        public let ours: Power
        public let theirs: Power
        public let field: Field
        /// Of a difference of modes, in the standard's word.
        public let ourMode: String?
        public let theirMode: String?
        /// Of a curve: millihertz, or the signal, at which it differs most.
        public let at: Int64?
        /// Of what is on or off: `true`, it is on by the station and off by the platform.
        public let isOnAtStation: Bool?

        public enum Field: String, Hashable, Sendable, CaseIterable {
            case limit
            case dischargeLimit = "discharge_limit"
            case setpoint, mode, baseline
            case frequencyCurve = "frequency_curve"
            case signalCurve = "signal_curve"
            case sleep = "evse_sleep"
            case preconditioning
        }

        /// More power in either direction than we reckon with.
        public var allowsMore: Bool {
            switch field {
            case .limit: theirs > ours
            case .dischargeLimit: theirs < ours
            case .setpoint, .baseline, .frequencyCurve, .signalCurve:
                theirs > max(ours, .zero) || theirs < min(ours, .zero)
            case .mode: theirMode != "ChargingOnly" && theirMode != "Idle"
            case .sleep: false
            // Heat for the battery comes from the grid.
            case .preconditioning: isOnAtStation == true
            }
        }
        public init(
            span: Interval, ours: Power, theirs: Power, field: Field = .limit, ourMode: String? = nil,
            theirMode: String? = nil, at: Int64? = nil, isOnAtStation: Bool? = nil
        ) {
            self.span = span
            self.ours = ours
            self.theirs = theirs
            self.field = field
            self.ourMode = ourMode
            self.theirMode = theirMode
            self.at = at
            self.isOnAtStation = isOnAtStation
        }
    }
    public enum Verdict: String, Hashable, Sendable, CaseIterable {
        case agrees
        /// Somewhere the station would allow more than we reckon with: limits of nodes rest on it.
        case allowsMore = "allows_more"
        /// Something else binds it too.
        case allowsLess = "allows_less"
    }
    public let at: Instant
    /// What was compared.
    public let span: Interval
    /// In order of time.
    public let differences: [Difference]

    public init(at: Instant, span: Interval, differences: [Difference]) {
        self.at = at
        self.span = span
        self.differences = differences
    }

    public var verdict: Verdict {
        if differences.isEmpty { return .agrees }
        return differences.contains(where: \.allowsMore) ? .allowsMore : .allowsLess
    }

    /// It is looked at once a minute; a step that comes so much earlier or later than ours is the same step.
    private static let step: Duration = .minutes(1)

    /// - Parameters:
    ///   - asked: what the question was about; whatever else the station tells (as old as its profiles, or years ahead) is
    ///     left alone. `nil` results where it tells nothing of it.
    ///   - ours: what holds the EVSE at an instant by what the station confirmed.
    ///   - rating: bounds both.
    ///   - tolerance: what rounding may make of a limit.
    public init?(
        of reported: ReportedSchedule, asked: Interval, with ours: (Instant) -> Power, rating: Power, tolerance: Power
    ) {
        guard let compared = reported.span.intersection(asked),
            reported.steps.contains(where: { $0.start < compared.end })
        else { return nil }
        var differences: [Difference] = []
        let moments = stride(
            from: compared.start.milliseconds, to: compared.end.milliseconds, by: Int(Self.step.wholeMilliseconds)
        ).map(Instant.init(milliseconds:))
        for moment in moments {
            guard let theirs = reported[at: moment].map({ min($0, rating) }) else { continue }
            let near = [moment, moment - Self.step, moment + Self.step].map { min(ours($0), rating) }
            guard near.allSatisfy({ abs($0.watts - theirs.watts) > tolerance.watts }) else { continue }
            let span = Interval(moment, min(moment + Self.step, compared.end))
            if let last = differences.last, last.span.end == span.start, last.ours == near[0], last.theirs == theirs {
                differences[differences.count - 1] = Difference(
                    span: Interval(last.span.start, span.end), ours: near[0], theirs: theirs)
            } else {
                differences.append(Difference(span: span, ours: near[0], theirs: theirs))
            }
        }
        self.init(at: asked.start, span: compared, differences: differences)
    }
}

extension HeldLimits {
    /// What holds by what the station confirmed; `nil` while something is under way or in doubt.
    func certain(for session: String) -> ((Instant) -> Power)? {
        guard setpoints.count == 1, let setpoint = setpoints.first, setpoint.state == .confirmed,
            setpoint.session == session, fallbacks.count == 1, let fallback = fallbacks.first,
            fallback.state == .confirmed
        else { return nil }
        return { $0 < setpoint.until ? setpoint.limit : fallback.profile[at: $0] }
    }
}
