public import Quantities

// What a station watches by itself and tells of it (2.0.1 part 2 block N). 1.6 has nothing of the kind.

/// A monitor on a variable, as the station told it or as it was set.
public struct DeviceMonitor: Hashable, Sendable {
    /// The station's number of it.
    public let id: Int
    public let name: VariableName
    /// OCPP's word: `UpperThreshold`, `LowerThreshold`, `Delta`, `Periodic`, `PeriodicClockAligned` …
    public let kind: String
    /// Decimal text, exact: the threshold, the difference, or seconds.
    public let value: String
    /// 0 danger, 1 hardware failure, 2 system failure, 3 critical, 4 error, 5 alert, 6 warning, 7 notice, 8 informational,
    /// 9 debug (2.0.1 `SetMonitoringDataType.severity`).
    public let severity: Int
    /// Only during transactions.
    public let isTransactional: Bool
    /// `HardWiredMonitor`, `PreconfiguredMonitor`, `CustomMonitor`; `nil` where the station did not say (2.0.1).
    public let origin: String?
    public init(
        id: Int, name: VariableName, kind: String, value: String, severity: Int, isTransactional: Bool,
        origin: String? = nil
    ) {
        self.id = id
        self.name = name
        self.kind = kind
        self.value = value
        self.severity = severity
        self.isTransactional = isTransactional
        self.origin = origin
    }

    /// Of one station are not kept more.
    public static let most = 1000
    /// Set over OCPP, by us or by a system before us.
    public static let custom = "CustomMonitor"
    public static let severities = 0...9
    /// Severities up to this one call a person.
    public static let alarming = 3
}

/// A monitor in the picture of its station.
public struct KnownMonitor: Hashable, Sendable {
    public let monitor: DeviceMonitor
    public let at: Instant
    public init(monitor: DeviceMonitor, at: Instant) {
        self.monitor = monitor
        self.at = at
    }
}

/// Something that a monitor saw, or that the station tells unasked.
public struct DeviceEvent: Hashable, Sendable {
    /// The station's number of it.
    public let number: Int
    /// By the station's clock.
    public let at: Instant
    /// `Alerting`, `Delta`, `Periodic`.
    public let trigger: String
    /// `HardWiredNotification`, `HardWiredMonitor`, `PreconfiguredMonitor`, `CustomMonitor`.
    public let notification: String
    public let name: VariableName
    public let value: String
    /// What was told before is over.
    public let isCleared: Bool
    /// The monitor's, or the event's own (2.1); `nil`: nobody knows.
    public var severity: Int?
    public let monitor: Int?
    /// Number of the event that led to this one.
    public let cause: Int?
    public let techCode: String?
    public let techInfo: String?
    public let transaction: String?
    public init(
        number: Int, at: Instant, trigger: String, notification: String, name: VariableName, value: String,
        isCleared: Bool = false, severity: Int? = nil, monitor: Int? = nil, cause: Int? = nil, techCode: String? = nil,
        techInfo: String? = nil, transaction: String? = nil
    ) {
        self.number = number
        self.at = at
        self.trigger = trigger
        self.notification = notification
        self.name = name
        self.value = value
        self.isCleared = isCleared
        self.severity = severity
        self.monitor = monitor
        self.cause = cause
        self.techCode = techCode
        self.techInfo = techInfo
        self.transaction = transaction
    }

    /// What it is about: an event that clears says it of the open ones of the same subject.
    public var subject: String { monitor.map { "monitor \($0)" } ?? name.text }
    /// An alarm that lasts until it is cleared; the other triggers tell of a moment.
    public var lasts: Bool { trigger == "Alerting" }
}

/// What an order asks a station to watch.
public struct MonitorWish: Hashable, Sendable {
    /// `nil`: a new one.
    public let id: Int?
    public let name: VariableName
    public let kind: String
    public let value: String
    public let severity: Int
    public let isTransactional: Bool
    public init(
        id: Int? = nil, name: VariableName, kind: String, value: String, severity: Int, isTransactional: Bool = false
    ) {
        self.id = id
        self.name = name
        self.kind = kind
        self.value = value
        self.severity = severity
        self.isTransactional = isTransactional
    }
}
