import OCPP
import Quantities

/// One message of a transaction, as it happened; it may be told much later.
struct TransactionMessage: Hashable, Sendable {
    enum Event: Hashable, Sendable {
        /// `remoteStart`: the number of the remote start that led here; `reservation`: of the one that it uses up.
        case start(idTag: String, StartCause, remoteStart: Int?, reservation: Int?)
        /// A sample, periodic or asked for.
        case sample
        /// The vehicle or the station changed what it does.
        case condition
        /// The vehicle's end of the cable was pulled, and somebody put it back.
        case disconnected, reconnected
        /// Its power follows something else than before (2.1 K01.FR.110).
        case operationMode
        /// A limit of the central system is taken, or reached (2.1 E16).
        case limitSet(TransactionLimit)
        case limitReached(TransactionBounds.Kind)
        /// Energy has ended because the token was refused.
        case deauthorized
        /// `idTag`: of the driver who ended it.
        case stop(StopCause, idTag: String?)
    }

    /// The station's own number of the transaction.
    let local: Int
    let connector: Int
    /// Counts the messages of the transaction, from 0.
    let sequence: Int
    /// The token is a contract's account.
    let isByContract: Bool
    /// By the station's clock.
    let at: Instant
    /// The central system could not be told at once.
    let isOffline: Bool
    let condition: ConnectorCondition
    /// The register, whole watt-hours.
    let wattHours: Int
    let sample: MeterSample?
    let event: Event
    /// What was kept for the end, oldest first; before ``sample``.
    var kept: [MeterSample] = []
    /// Of the vehicle, where the station tells it (2.1).
    var evccID: String?
    var mode = ChargingProfile.Mode.chargingOnly
    /// The electronics are switched off (2.1).
    var sleeps: Bool?

    var isStart: Bool {
        if case .start = event { return true }
        return false
    }

    /// Of the messages between start and stop an old one is worth least (2.x E12.FR.04).
    var mayBeDropped: Bool {
        switch event {
        case .sample, .condition, .disconnected, .reconnected: true
        case .start, .stop, .deauthorized, .operationMode, .limitSet, .limitReached: false
        }
    }
}
