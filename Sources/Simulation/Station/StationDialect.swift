import OCPP
import OCPPMessages
import Quantities

/// How a charge point speaks one version of OCPP: its words as messages, answers and questions as its words. Everything that
/// a version decides is here; what a charge point *is* stays with ``SimulatedChargePoint``, which is the same for all.
protocol StationDialect: Sendable {
    /// What a new charging profile replaces.
    var replacement: ProfileStack.Replacement { get }
    /// Whether a station boots anew on each connection. 2.x forbids it while nothing has changed.
    var bootsOnEachConnection: Bool { get }
    /// Whether the station names its transactions itself, and tells in them what the vehicle does.
    var namesTransactions: Bool { get }
    /// Whether a status says what is wrong.
    var tellsFaults: Bool { get }
    /// Whether the station as a whole has a status, as connector 0.
    var hasStationStatus: Bool { get }

    /// The settings of a new station, by this version's names.
    func configuration(_ settings: StationSettings) -> [StationConfiguration.Entry]
    /// What a status message can tell apart.
    func told(_ condition: ConnectorCondition) -> ConnectorCondition
    /// Whether this version has a word for it. In 1.6 an order without a number is one without the security whitepaper.
    func tells(_ step: FirmwareStep, request: Int?) -> Bool
    func call(_ message: StationMessage, of settings: StationSettings) -> (action: String, payload: [UInt8])

    /// What the central system said to a boot; `interval` in seconds. `nil` when it cannot be read.
    func registration(_ answer: [UInt8]) -> (Registration, interval: Int)?
    /// What it says of a token; `nil` when it cannot be read.
    func authorization(_ answer: [UInt8], byContract: Bool) -> StationHoldings.Listed?
    /// Whether the central system will send a schedule for what a vehicle needs.
    func bringsSchedule(_ answer: [UInt8]) -> Bool
    // Of 2.1 only; others never hear of it.
    /// What transfers of energy an answer allows; `nil`: it does not say so.
    func allowedTransfers(_ answer: [UInt8]) -> [EnergyTransfer]?
    /// Whether a transfer that was asked for is refused.
    func refusesTransfer(_ answer: [UInt8]) -> Bool
    /// New values of a Dynamic profile.
    func scheduleUpdate(_ answer: [UInt8]) -> V2.ChargingScheduleUpdate?
    /// What an answer to a transaction's message says of its end, and of its cost.
    func bounds(_ answer: [UInt8]) -> (limit: TransactionLimit?, cost: JSONDecimal?)

    /// What the central system said to the start of a transaction; `id`: its name for it. `nil` when it cannot be read.
    func start(_ answer: [UInt8]) -> (id: String?, standing: StationHoldings.Listed?)?
    /// What the answer to the end of a transaction says of the token that ended it.
    func stop(_ answer: [UInt8]) -> StationHoldings.Listed?

    /// Whether the central system will sign a certificate.
    func isSigning(_ answer: [UInt8]) -> Bool
    /// Answers a certificate that had to be judged first.
    func answer(certificate messageID: String, isTaken: Bool, by station: inout SimulatedChargePoint)

    /// Answers a call of the central system, and does what it asks.
    func answer(_ call: InboundCall, by station: inout SimulatedChargePoint)
}

extension StationDialect {
    func allowedTransfers(_ answer: [UInt8]) -> [EnergyTransfer]? { nil }
    func refusesTransfer(_ answer: [UInt8]) -> Bool { false }
    func scheduleUpdate(_ answer: [UInt8]) -> V2.ChargingScheduleUpdate? { nil }
    func bounds(_ answer: [UInt8]) -> (limit: TransactionLimit?, cost: JSONDecimal?) { (nil, nil) }
}

extension OCPPVersion {
    var stationDialect: any StationDialect {
        switch self {
        case .v16: Dialect16()
        case .v201: Dialect201()
        case .v21: Dialect201(version: .v21)
        }
    }
}
