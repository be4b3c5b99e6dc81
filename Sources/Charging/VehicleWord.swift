public import Quantities

/// What a vehicle said through its station that it needs (ISO 15118 by OCPP 2.x K15, K17).
public struct VehicleNeeds: Hashable, Sendable {
    public let evse: Int
    /// `nil`: it did not say.
    public let departure: Instant?
    /// From now on; `nil`: it did not say.
    public let energy: Energy?
    /// Its energies count from now on, not from plug-in; `nil`: it said nothing of giving back.
    public let v2x: V2XParameters?
    /// `nil`: it spoke as before 2.1.
    public let offer: VehicleOffer?
    public init(
        evse: Int, departure: Instant?, energy: Energy?, v2x: V2XParameters? = nil, offer: VehicleOffer? = nil
    ) {
        self.evse = evse
        self.departure = departure
        self.energy = energy
        self.v2x = v2x
        self.offer = offer
    }
}

/// How a vehicle means to charge under the limits that it was given.
public struct VehicleSchedule: Hashable, Sendable {
    public struct Step: Hashable, Sendable {
        /// From the schedule's start.
        public let start: Duration
        /// Thousandths of an ampere or of a watt; below 0 it gives back (2.1).
        public let limit: Int64
        /// `nil`: all that there are.
        public let phases: Int?
        public init(start: Duration, limit: Int64, phases: Int?) {
            self.start = start
            self.limit = limit
            self.phases = phases
        }
    }
    public let evse: Int
    public let start: Instant
    /// `nil`: without end.
    public let duration: Duration?
    public let unit: LimitForm.Unit
    public let steps: [Step]
    /// Of those that the vehicle was offered, the one it follows (2.1).
    public let selected: Int?
    /// Whether it keeps to the tolerance that was asked for (2.1); `nil`: not said.
    public let keepsTolerance: Bool?
    public init(
        evse: Int, start: Instant, duration: Duration?, unit: LimitForm.Unit, steps: [Step], selected: Int? = nil,
        keepsTolerance: Bool? = nil
    ) {
        self.evse = evse
        self.start = start
        self.duration = duration
        self.unit = unit
        self.steps = steps
        self.selected = selected
        self.keepsTolerance = keepsTolerance
    }
}

extension VehicleSchedule {
    /// In watts, at the voltage and with at most the phases of the EVSE.
    public func reported(voltage: Int, phases: Int) -> ReportedSchedule {
        ReportedSchedule(
            span: Interval(start, start + (duration ?? Self.longest)),
            steps: steps.map { step in
                let used = Int64(max(1, min(step.phases ?? 3, phases)))
                let milliwatts = unit == .amperes ? step.limit * Int64(voltage) * used : step.limit
                return ReportedSchedule.Step(start: start + step.start, limit: Power(watts: milliwatts / 1_000))
            })
    }
    private static let longest: Duration = .days(1)
}
