public import Quantities

/// One message of a transaction that the station numbers and names itself (OCPP 2.x TransactionEvent, part 2 block E).
///
/// Any of them may be the first that arrives; `evse` and `token` come once, in the first message in which they are known.
public struct TransactionReport: Hashable, Sendable {
    public let stage: SequenceRecord.Stage
    /// The station's own id of the transaction.
    public let transaction: String
    /// As the station says it; ``SequenceRecord`` bounds it.
    public let sequence: Int
    public let at: Instant
    /// Why it was sent, in the standard's word.
    public let trigger: String
    /// It happened while the station could not reach us.
    public let wasOffline: Bool
    public let evse: Int?
    public let connector: Int?
    public let token: String?
    /// EVCCID of the vehicle (2.1 Q01.FR.02).
    public let vehicle: String?
    /// Nobody needs to be authorized for it: a station for all, or a battery in its slot (2.1 S04.FR.03).
    public let isFree: Bool
    /// What the vehicle does, in the standard's word; `nil`: unchanged.
    public let chargingState: String?
    public let stopReason: String?
    /// The number of the remote start that led here.
    public let remoteStart: Int?
    public let reservation: Int?
    public let readings: [Reading]
    /// The station's own reckoning, its tariff, and the limits that it holds to (2.1).
    public var cost: StationCost?
    public var tariff: String?
    public var limits: TransactionLimits?
    /// Kind of the token in the standard's word.
    public var tokenKind: String?

    public init(
        stage: SequenceRecord.Stage, transaction: String, sequence: Int, at: Instant, trigger: String,
        wasOffline: Bool = false, evse: Int? = nil, connector: Int? = nil, token: String? = nil,
        vehicle: String? = nil, isFree: Bool = false, chargingState: String? = nil, stopReason: String? = nil,
        remoteStart: Int? = nil,
        reservation: Int? = nil,
        readings: [Reading] = []
    ) {
        self.stage = stage
        self.transaction = transaction
        self.sequence = sequence
        self.at = at
        self.trigger = trigger
        self.wasOffline = wasOffline
        self.evse = evse
        self.connector = connector
        self.token = token
        self.vehicle = vehicle
        self.isFree = isFree
        self.chargingState = chargingState
        self.stopReason = stopReason
        self.remoteStart = remoteStart
        self.reservation = reservation
        self.readings = readings
    }
}
