public import Assets
public import Charging
public import Quantities

/// What people order of a session or a station that can give back (OCPP 2.1 block Q, K21). A call to the station follows.
public enum V2XOrder: Sendable {
    /// Another operation mode for a while, or the platform's own steering again.
    case mode(Session.ID, OperationWish, timeout: Duration)
    /// The session is charged at once, with at most `limit` (`nil`: all that its EVSE may have), or no longer.
    case priority(Session.ID, isOn: Bool, limit: Power?, timeout: Duration)
    /// A signal of the grid operator for automatic restoration of the frequency (Q08.FR.12). `at`: when it counts; `nil`: now.
    case signal(StationID, Int, at: Instant?, timeout: Duration)
}

/// An operation mode and what it needs (2.1 part 2, block Q: table of modes). Powers are positive into the vehicle.
public struct OperationWish: Hashable, Sendable {
    public enum Mode: String, Hashable, Sendable, CaseIterable {
        case chargingOnly = "ChargingOnly"
        /// The platform steers again.
        case centralSetpoint = "CentralSetpoint"
        case centralFrequency = "CentralFrequency"
        case externalSetpoint = "ExternalSetpoint"
        case externalLimits = "ExternalLimits"
        case localFrequency = "LocalFrequency"
        case localLoadBalancing = "LocalLoadBalancing"
        case idle = "Idle"
    }
    public struct FrequencyPoint: Hashable, Sendable {
        public let millihertz: Int64
        public let power: Power
        public init(millihertz: Int64, power: Power) {
            self.millihertz = millihertz
            self.power = power
        }
    }
    public struct SignalPoint: Hashable, Sendable {
        public let signal: Int
        public let power: Power
        public init(signal: Int, power: Power) {
            self.signal = signal
            self.power = power
        }
    }
    public var mode: Mode
    public var limit: Power?
    /// 0 or less.
    public var dischargeLimit: Power?
    public var setpoint: Power?
    public var baseline: Power?
    public var frequencyCurve: [FrequencyPoint] = []
    public var signalCurve: [SignalPoint] = []
    public var preconditions: Bool?
    public var sleeps: Bool?
    /// How long it holds; of a mode whose values change, for how long without a new one. `nil`: ``usualDuration``.
    public var duration: Duration?
    /// How long it holds without us; `nil`: ``usualOffline``.
    public var offline: Duration?
    public init(_ mode: Mode) { self.mode = mode }

    /// Nobody looks after a mode that was ordered by hand: it ends by itself, and soon where nobody hears the station.
    public static let usualDuration: Duration = .hours(1)
    public static let usualOffline: Duration = .minutes(1)
    /// Of a setpoint for the frequency that nobody renews.
    public static let usualFrequency: Duration = .minutes(5)
}

/// What holds an EVSE with a running session now, by the charging profiles that its station is known to hold.
public struct OperationState: Hashable, Sendable {
    /// In the standard's word.
    public let mode: String
    public let limit: Power?
    /// 0 or less; `nil`: only the hardware limits it.
    public let dischargeLimit: Power?
    public let setpoint: Power?
    /// A person ordered the mode; the platform does not steer meanwhile.
    public let isManual: Bool
    public init(mode: String, limit: Power?, dischargeLimit: Power?, setpoint: Power?, isManual: Bool) {
        self.mode = mode
        self.limit = limit
        self.dischargeLimit = dischargeLimit
        self.setpoint = setpoint
        self.isManual = isManual
    }
}
