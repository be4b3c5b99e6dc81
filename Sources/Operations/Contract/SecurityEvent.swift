public import Assets
public import Quantities

/// Something that bears on a station's security: told by it (SecurityEventNotification), or seen by the platform.
public struct SecurityEvent: Hashable, Sendable {
    public enum Source: String, Hashable, Sendable, CaseIterable { case station, platform }

    public let station: StationID
    public let source: Source
    /// OCPP's word (2.0.1 part 2 appendix 1, 1.6 security whitepaper), a word of the station's own, or a ``Seen``.
    public let type: String
    /// By the clock of whoever saw it.
    public let at: Instant
    public let receivedAt: Instant
    public let info: String?
    public var isCritical: Bool { Self.priority(of: type) != nil }

    public init(station: StationID, source: Source, type: String, at: Instant, receivedAt: Instant, info: String?) {
        self.station = station
        self.source = source
        self.type = type
        self.at = at
        self.receivedAt = receivedAt
        self.info = info
    }

    /// What the platform sees by itself.
    public enum Seen: String, Hashable, Sendable, CaseIterable {
        /// A certificate was asked for with a request that cannot be signed.
        case invalidCsr = "InvalidCsr"
        /// A wrong password, or none.
        case loginFailed = "LoginFailed"
        /// On a way weaker than the station's security profile.
        case weakerProfile = "WeakerProfile"
        /// With a certificate that is not this station's, or that is over.
        case foreignCertificate = "ForeignCertificate"
        /// More events than are kept came in an hour; `info` says how many.
        case eventsNotKept = "EventsNotKept"
    }

    /// Priority of the alarm that a critical event raises; `nil` for those that raise none.
    ///
    /// Critical are those that OCPP calls so (2.0.1 part 2 appendix 1; the names of the 1.6 whitepaper with them), and a
    /// signing request that needs a person (1.6 whitepaper A02, error handling). What comes with every restart ranks low.
    public static func priority(of type: String) -> Alarm.Priority? {
        switch type {
        case "TamperDetectionActivated": .critical
        case "InvalidFirmwareSignature", "InvalidFirmwareSigningCertificate", "InvalidCsmsCertificate",
            "InvalidCentralSystemCertificate", "InvalidChargingStationCertificate", "InvalidChargePointCertificate",
            "InvalidTLSVersion", "InvalidTLSCipherSuite", "SecurityLogWasCleared", "MaintenanceLoginFailed",
            Seen.invalidCsr.rawValue:
            .high
        case "MemoryExhaustion", "MaintenanceLoginAccepted", "SettingSystemTime": .medium
        case "FirmwareUpdated", "StartupOfTheDevice", "ResetOrReboot": .low
        default: nil
        }
    }
}

/// An event as it is kept.
public struct StoredSecurityEvent: Hashable, Sendable {
    public let id: Int64
    public let event: SecurityEvent
    public init(id: Int64, event: SecurityEvent) {
        self.id = id
        self.event = event
    }
}
