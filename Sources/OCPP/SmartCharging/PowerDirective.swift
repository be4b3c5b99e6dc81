import OCPPMessages
public import Quantities

/// What the profiles of an EVSE add up to at one instant, both directions of power (2.1 part 2 §3.6, V2X.01 to V2X.04).
public struct PowerDirective: Hashable, Sendable {
    /// Of the profile that speaks of the transaction, or of an external system that goes before it.
    public let mode: ChargingProfile.Mode
    /// The most that may be charged; `nil`: only the hardware limits it.
    public let limit: ChargingLimit?
    /// Milliwatts over all phases, 0 or less: the most that may be discharged; `nil`: only hardware and vehicle limit it.
    public let dischargeLimit: Int64?
    /// Milliwatts over all phases, below 0 while discharging, within both limits; `nil`: there is no value to follow.
    public let setpoint: Int64?
    /// Of ``ChargingProfile/Mode/localFrequency``: what takes the place of a setpoint.
    public let response: FrequencyResponse?
    /// Of ``ChargingProfile/Mode/idle``.
    public let sleeps: Bool
    public let preconditions: Bool
}

extension ProfileStack {
    /// Who is followed when an external system and a profile of ours both name a setpoint (2.1 `SetpointPriority`).
    public enum SetpointPriority: Hashable, Sendable { case external, centralSystem }

    /// A setpoint from outside for the station as a whole is its sum's, not one EVSE's; local generation is not added.
    /// - Parameter evse: above 0.
    public func directive(
        evse: Int, at instant: Instant, transaction: Transaction?, supply: Supply,
        priority: SetpointPriority = .external
    ) -> PowerDirective {
        let leaders = leaders(evse: evse, at: instant, transaction: transaction)
        let own = leaders.own
        let isExternal =
            leaders.external.map { $0.namesSetpoint && (own?.period.setpoint == nil || priority == .external) } ?? false
        let leader = isExternal ? leaders.external : own
        let mode = leader?.period.mode ?? .chargingOnly

        // Nobody discharges who was only told how to charge.
        let isOneWay = mode == .chargingOnly || mode == .idle
        let all = leaders.others + [own].compactMap { $0 }
        let bounds = all.compactMap { $0.dischargeLimit(supply) }
        let dischargeLimit = isOneWay ? 0 : bounds.max()
        var setpoint = leader?.setpoint(supply)
        if let wanted = setpoint {
            if wanted > 0 {
                setpoint = min(wanted, all.compactMap { $0.statedLimit(supply) }.min() ?? wanted)
            } else {
                setpoint = max(wanted, dischargeLimit ?? wanted)
            }
        }
        let limits = all.map { ChargingLimit($0.period, $0.unit, supply, countsSetpoint: !isExternal) }
        let limit = limits.dropFirst().reduce(limits.first) { $0?.lowered(by: $1) }
        return PowerDirective(
            mode: mode, limit: limit.flatMap { $0.isUnlimited ? nil : $0 }, dischargeLimit: dischargeLimit,
            setpoint: setpoint, response: leader?.period.response, sleeps: leader?.period.sleeps ?? false,
            preconditions: leader?.period.preconditions ?? false)
    }
}

extension ProfileStack.Leading {
    private func milliwatts(_ value: Int64, _ supply: Supply) -> Int64 {
        let phases = max(1, min(period.phases ?? 3, supply.phases))
        return unit == .amperes ? value * Int64(supply.voltage * phases) : value
    }
    fileprivate func dischargeLimit(_ supply: Supply) -> Int64? { period.dischargeLimit.map { milliwatts($0, supply) } }
    fileprivate func setpoint(_ supply: Supply) -> Int64? { period.setpoint.map { milliwatts($0, supply) } }
    fileprivate func statedLimit(_ supply: Supply) -> Int64? {
        period.limit == ChargingProfile.Period.unlimited ? nil : milliwatts(period.limit, supply)
    }
}

extension ChargingLimit {
    fileprivate var isUnlimited: Bool { milliwatts >= ChargingProfile.Period.unlimited }
}

/// Directives over a span of time, each from `start` until the next one's or the span's end.
public struct PowerSchedule: Hashable, Sendable {
    public struct Step: Hashable, Sendable {
        public let start: Instant
        public let directive: PowerDirective
    }
    /// The first starts with the span; neighbours differ.
    public let steps: [Step]
    public let span: Interval

    public init(
        _ stack: ProfileStack, evse: Int, over span: Interval, transaction: ProfileStack.Transaction?, supply: Supply,
        priority: ProfileStack.SetpointPriority = .external
    ) {
        var steps: [Step] = []
        var at = span.start
        while at < span.end, steps.count < CompositeSchedule.longest {
            let directive = stack.directive(
                evse: evse, at: at, transaction: transaction, supply: supply, priority: priority)
            if steps.last.map({ $0.directive != directive }) ?? true {
                steps.append(Step(start: at, directive: directive))
            }
            guard let next = stack.nextChange(after: at, evse: evse, transaction: transaction) else { break }
            at = next
        }
        self.steps = steps
        self.span = span
    }

    /// As 2.1 answers GetCompositeSchedule; values with one decimal, limits towards 0.
    /// - Parameter hardware: what may be charged where no profile says anything.
    public func schedule(
        of evse: Int, in unit: V2.ChargingRateUnit, supply: Supply, hardware: ChargingLimit
    ) -> V2.CompositeSchedule {
        var periods: [V2.ChargingSchedulePeriod] = []
        for step in steps {
            let directive = step.directive
            let limit = directive.limit?.lowered(by: hardware) ?? hardware
            func told(_ milliwatts: Int64) -> JSONDecimal {
                let divisor = unit == .a ? Int64(supply.voltage * limit.phases) : 1
                return JSONDecimal(mantissa: milliwatts / divisor / 100, scale: 1)
            }
            let isFree = directive.mode != .chargingOnly && directive.limit == nil
            let period = V2.ChargingSchedulePeriod(
                startPeriod: Int((step.start - span.start).wholeMilliseconds / 1000),
                limit: isFree || directive.setpoint != nil ? nil : told(limit.milliwatts), numberPhases: limit.phases,
                dischargeLimit: directive.mode == .chargingOnly ? nil : directive.dischargeLimit.map(told),
                setpoint: directive.setpoint.map(told),
                preconditioningRequest: directive.preconditions ? true : nil,
                evseSleep: directive.sleeps ? true : nil,
                v2xBaseline: directive.response.map { JSONDecimal(mantissa: $0.baseline, scale: 3) },
                operationMode: directive.mode == .chargingOnly ? nil : V2.OperationMode(directive.mode),
                v2xFreqWattCurve: directive.response?.frequencyCurve,
                v2xSignalWattCurve: directive.response?.signalCurve)
            // Two changes within one second: the later one holds.
            if periods.last?.startPeriod == period.startPeriod { periods.removeLast() }
            periods.append(period)
        }
        return V2.CompositeSchedule(
            evseId: evse, duration: Int(span.duration.wholeMilliseconds / 1000), scheduleStart: span.start,
            chargingRateUnit: unit, chargingSchedulePeriod: periods)
    }
}
