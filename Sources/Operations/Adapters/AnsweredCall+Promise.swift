import OCPPMessages

/// What a station promised by its answer and will show later by itself.
enum StationPromise: Hashable, Sendable {
    /// It boots (1.6 §5.14, 2.x B11 and B12).
    case boot
    /// A transaction with the number of this remote start (2.x), or of this token (1.6), begins.
    case start(number: Int?, token: String, evse: Int?)
    case stop(transaction: String)
    /// A connector becomes usable or not; 0: all of the station.
    case availability(evse: Int, isUsable: Bool)
    /// It sends this message.
    case message(String)
    /// The cable can be taken out of this EVSE, for which a transaction there ends first (1.6 §5.18).
    case unlock(evse: Int)
}

extension AnsweredCall {
    /// Actions that only promise.
    static let promising: Set<String> = [
        "Reset", "RemoteStartTransaction", "RemoteStopTransaction", "RequestStartTransaction",
        "RequestStopTransaction", "ChangeAvailability", "TriggerMessage", "ExtendedTriggerMessage",
        "UnlockConnector",
    ]

    /// It waits for the end of a transaction first.
    var isScheduled: Bool {
        switch self {
        case .v2(.reset, .reset(let answer)): answer.status == .scheduled
        case .v16(.changeAvailability, .changeAvailability(let answer)): answer.status == .scheduled
        case .v2(.changeAvailability, .changeAvailability(let answer)): answer.status == .scheduled
        default: false
        }
    }

    /// `nil`: the station said no, or it is done with the answer.
    var promise: StationPromise? {
        switch self {
        case .v16(.reset, .reset(let answer)): answer.status == .accepted ? .boot : nil
        case .v2(.reset(let sent), .reset(let answer)):
            // One EVSE alone does not boot the station.
            sent.evseId == nil && (answer.status == .accepted || answer.status == .scheduled) ? .boot : nil
        case .v16(.remoteStartTransaction(let sent), .remoteStartTransaction(let answer)):
            answer.status == .accepted ? .start(number: nil, token: sent.idTag, evse: sent.connectorId) : nil
        case .v2(.requestStartTransaction(let sent), .requestStartTransaction(let answer)):
            answer.status == .accepted
                ? .start(number: sent.remoteStartId, token: sent.idToken.idToken, evse: sent.evseId) : nil
        case .v16(.remoteStopTransaction(let sent), .remoteStopTransaction(let answer)):
            answer.status == .accepted ? .stop(transaction: String(sent.transactionId)) : nil
        case .v2(.requestStopTransaction(let sent), .requestStopTransaction(let answer)):
            answer.status == .accepted ? .stop(transaction: sent.transactionId) : nil
        case .v16(.changeAvailability(let sent), .changeAvailability(let answer)):
            answer.status == .accepted || answer.status == .scheduled
                ? .availability(evse: sent.connectorId, isUsable: sent.type == .operative) : nil
        case .v2(.changeAvailability(let sent), .changeAvailability(let answer)):
            answer.status == .accepted || answer.status == .scheduled
                ? .availability(evse: sent.evse?.id ?? 0, isUsable: sent.operationalStatus == .operative) : nil
        case .v16(.triggerMessage(let sent), .triggerMessage(let answer)):
            answer.status == .accepted ? .message(StationPromise.message(of: sent.requestedMessage.name)) : nil
        case .v16(.extendedTriggerMessage(let sent), .extendedTriggerMessage(let answer)):
            answer.status == .accepted ? .message(StationPromise.message(of: sent.requestedMessage.name)) : nil
        case .v2(.triggerMessage(let sent), .triggerMessage(let answer)):
            answer.status == .accepted ? .message(StationPromise.message(of: sent.requestedMessage.name)) : nil
        case .v16(.unlockConnector(let sent), .unlockConnector(let answer)):
            answer.status == .unlocked ? .unlock(evse: sent.connectorId) : nil
        case .v2(.unlockConnector(let sent), .unlockConnector(let answer)):
            answer.status == .unlocked ? .unlock(evse: sent.evseId) : nil
        default: nil
        }
    }
}

extension StationPromise {
    /// The message that shows a trigger carried out: requests for certificates all come as SignCertificate, and a trigger of
    /// a transaction's event comes as one.
    static func message(of trigger: String) -> String {
        trigger.hasPrefix("Sign") ? "SignCertificate" : trigger
    }
}
