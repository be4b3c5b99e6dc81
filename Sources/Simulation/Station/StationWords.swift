import Credentials
import OCPP
import OCPPMessages
import Quantities

// What a charge point says and means, in its own words. What a version of OCPP makes of them, its dialect knows.

/// What a connector is doing.
public enum ConnectorCondition: Hashable, Sendable {
    case available
    /// Kept free for a token.
    case reserved
    /// A vehicle is plugged in and no transaction runs yet.
    case preparing
    case charging, suspendedEV, suspendedEVSE
    /// The transaction is over and the cable still in.
    case finishing
    case unavailable
    case faulted
}

/// Why a station starts.
enum BootCause: Hashable, Sendable {
    case powerUp
    case reset
    /// A reset that waited for the end of the transactions.
    case scheduledReset
    /// New firmware was installed.
    case firmware
    /// The central system asked for the message.
    case triggered
}

/// Why a transaction begins.
enum StartCause: Hashable, Sendable {
    /// The driver's tag is accepted, or nobody could be asked.
    case authorized
    case remote
    /// The cable came after a remote start.
    case cable
}

/// Why a transaction ends.
enum StopCause: Hashable, Sendable {
    case evDisconnected, local, remote, deAuthorized, unlockCommand
    /// Power is cut at once, or the station goes down in good order.
    case hardReset, softReset
    /// Protection has cut it off.
    case groundFault
    /// Somebody whose token may stop everything (2.x).
    case masterPass
    /// What the vehicle asked for is not allowed (2.1).
    case transferRefused
}

enum Registration: Hashable, Sendable { case accepted, pending, rejected }

enum FirmwareStep: Hashable, Sendable {
    case idle, downloadScheduled, downloading, downloaded, downloadFailed
    case signatureVerified, invalidSignature
    case installScheduled, installing, installRebooting, installed, installationFailed
}
enum UploadStep: Hashable, Sendable { case idle, uploading, uploaded, failed }

/// Why a station does not take a charging profile.
enum ProfileRefusal: Hashable, Sendable {
    case unknownEVSE, rateUnit, schedule
    /// A purpose, a kind or a stack level that has no place there.
    case profile
    case transactionNotFound
    // 2.1: a mode, a purpose or a kind that the station does not know; something that it cannot do; parts of a schedule or of
    // its configuration that are missing; phases where there are none.
    case mode, purpose, kind, unsupported, frequencyCurve, signalCurve, missingConfiguration, phaseForDC, phases
    /// It overlaps another one of its purpose and level (2.x).
    case conflict
    case tooMany
}

/// What a station tells its central system.
enum StationMessage: Hashable, Sendable {
    case boot(BootCause)
    case heartbeat
    /// `contract`: in the vehicle, its account is `idTag`.
    /// `evccID`: of the vehicle that is plugged in (2.1).
    case authorize(idTag: String, contract: VehicleSpeech.Contract?, evccID: String?)
    /// Connector 0 is the station as a whole.
    case status(connector: Int, ConnectorCondition, StationFault?, at: Instant)
    /// `id`: what both sides call the transaction; `nil` while it has no such name.
    case transaction(TransactionMessage, id: String?)
    /// Readings that were asked for.
    case readings(connector: Int, MeterSample, transaction: String?)
    /// `request`: the number of the order that led to it.
    case firmware(FirmwareStep, request: Int?)
    case upload(UploadStep, request: Int?)
    /// A reservation is over without a transaction (2.x).
    case reservationEnded(Int, isExpired: Bool)
    /// Somebody else than the central system limits an EVSE, or the whole station: 0 (2.x).
    case outsideLimit(ChargingProfile, evse: Int, isCritical: Bool)
    case outsideLimitEnded
    /// What a vehicle needs, and how it will charge (2.x).
    case needs(connector: Int, SimulatedVehicle)
    case vehiclePlan(connector: Int, VehiclePlan)
    /// The same of a vehicle that can give energy back (2.1).
    case v2xNeeds(connector: Int, V2XNeeds)
    case v2xPlan(connector: Int, PowerSchedule)
    /// New values for a Dynamic profile are asked for (2.1).
    case pull(profile: Int)
    case securityEvent(StationSecurityEvent)
    /// A request in PEM.
    case signCertificate(String, CertificateAuthority.StationUse)
}
