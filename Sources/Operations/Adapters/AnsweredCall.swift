import Charging
import OCPPMessages

/// A call of ours together with the station's answer, both read.
enum AnsweredCall {
    case v16(V16.Request, V16.Response)
    case v2(V2.Request, V2.Response)

    /// `nil`: one of the two cannot be read.
    init?(action: String, request: [UInt8], response: [UInt8], in version: OCPPVersion) {
        switch version {
        case .v16:
            guard let action = V16.Action(rawValue: action),
                case .success(let request) = V16.Request.decode(action, payload: request.span).result,
                case .success(let response) = V16.Response.decode(action, payload: response.span).result
            else { return nil }
            self = .v16(request, response)
        case .v201, .v21:
            guard let action = V2.Action(rawValue: action),
                case .success(let request) = V2.Request.decode(action, payload: request.span, in: version).result,
                case .success(let response) = V2.Response.decode(action, payload: response.span, in: version).result
            else { return nil }
            self = .v2(request, response)
        }
    }

    /// Actions whose answers say something of the station that is kept; of all others nothing is read twice.
    static let telling = Set([
        "GetLocalListVersion", "SendLocalList", "ReserveNow", "CancelReservation", "SetDisplayMessage",
        "ClearDisplayMessage", "GetDisplayMessages", "SetDERControl", "ClearDERControl", "GetDERControl",
        "RequestBatterySwap",
    ]).union(jobActions).union(certificateActions).union(profileActions).union(v2xActions).union(OCPP16Adapter.telling)
        .union(
            OCPP2Adapter.telling
        ).union(OCPP2Adapter.tellingOfTariffs)

    /// What it says, in words that every protocol shares; `nil`: nothing that is kept.
    var fact: StationFact? {
        switch self {
        case .v16(.getLocalListVersion, .getLocalListVersion(let answer)): .localList(version: answer.listVersion)
        case .v16(.sendLocalList(let sent), .sendLocalList(let answer)):
            answer.status == .accepted ? .localList(version: sent.listVersion) : nil
        case .v2(.getLocalListVersion, .getLocalListVersion(let answer)): .localList(version: answer.versionNumber)
        case .v2(.sendLocalList(let sent), .sendLocalList(let answer)):
            answer.status == .accepted ? .localList(version: sent.versionNumber) : nil
        case .v16(.reserveNow(let sent), .reserveNow(let answer)):
            .reserved(
                OCPP16Adapter.asked(sent), isTaken: answer.status == .accepted, word: answer.status.name)
        case .v2(.reserveNow(let sent), .reserveNow(let answer)):
            .reserved(
                OCPP2Adapter.asked(sent), isTaken: answer.status == .accepted,
                word: answer.statusInfo?.reasonCode ?? answer.status.name)
        case .v16(.cancelReservation(let sent), .cancelReservation(let answer)):
            .reservationCancelled(sent.reservationId, isTaken: answer.status == .accepted)
        case .v2(.cancelReservation(let sent), .cancelReservation(let answer)):
            .reservationCancelled(sent.reservationId, isTaken: answer.status == .accepted)
        case .v2(.setDisplayMessage(let sent), .setDisplayMessage(let answer)):
            answer.status == .accepted ? .displays(OCPP2Adapter.displayMessage(sent.message)) : nil
        case .v2(.clearDisplayMessage(let sent), .clearDisplayMessage(let answer)):
            // Unknown says as well that it is not there.
            answer.status == .accepted || answer.status == .unknown ? .displaysNoMore(sent.id) : nil
        case .v2(.getDisplayMessages(let sent), .getDisplayMessages(let answer)):
            .displayAsked(
                request: sent.requestId, isWhole: sent.id == nil && sent.priority == nil && sent.state == nil,
                isEmpty: answer.status == .unknown)
        case .v2(.setDERControl(let sent), .setDERControl(let answer)): OCPP2Adapter.fact(sent, answer).map { .der($0) }
        case .v2(.clearDERControl(let sent), .clearDERControl(let answer)):
            OCPP2Adapter.fact(sent, answer).map { .der($0) }
        case .v2(.getDERControl(let sent), .getDERControl(let answer)): .der(OCPP2Adapter.fact(sent, answer))
        case .v2(.requestBatterySwap(let sent), .requestBatterySwap(let answer)):
            .swapAsked(
                request: sent.requestId, token: sent.idToken.idToken, isTaken: answer.status == .accepted,
                word: answer.statusInfo?.reasonCode ?? answer.status.name)
        case .v2(let sent, let answer) where OCPP2Adapter.tellingOfTariffs.contains(sent.action.rawValue):
            OCPP2Adapter.tariffFact(sent, answer).map { .tariffs($0) }
        default: jobFact ?? certificateFact ?? profileFact.map { .profiles($0) } ?? v2xFact ?? deviceFact
        }
    }

    /// It tells everything that the station has, at once (1.6).
    var isWholePicture: Bool {
        if case .v16(let sent, .getConfiguration) = self { OCPP16Adapter.isComplete(sent) } else { false }
    }

    private var deviceFact: StationFact? {
        switch self {
        case .v16(let sent, let answer): OCPP16Adapter.fact(sent, answer).map { .device($0) }
        case .v2(let sent, let answer): OCPP2Adapter.fact(sent, answer).map { .device($0) }
        }
    }
}
