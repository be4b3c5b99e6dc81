import OCPP
import OCPPMessages
import Quantities

// Local list, reservations and display of a station of 2.0.1 (part 2 blocks D, H, O).
extension Dialect201 {
    func take(_ request: V2.SendLocalListRequest, _ id: String, _ station: inout SimulatedChargePoint) {
        let entries = (request.localAuthorizationList ?? []).map { entry in
            (
                token: entry.idToken.idToken,
                info: entry.idTokenInfo.map {
                    StationHoldings.Listed(
                        isAccepted: $0.status == .accepted, expiresAt: $0.cacheExpiryDateTime,
                        group: $0.groupIdToken?.idToken)
                }
            )
        }
        let verdict = station.holdings.take(
            list: request.versionNumber, isWhole: request.updateType == .full, entries)
        let status: V2.SendLocalListStatus =
            switch verdict {
            case .accepted: .accepted
            case .failed: .failed
            case .versionMismatch: .versionMismatch
            }
        respond(.sendLocalList(.init(status: status)), id, &station)
    }

    func reserve(_ request: V2.ReserveNowRequest, _ id: String, _ station: inout SimulatedChargePoint) {
        // All its connectors are of one type: asking for it is asking for any of them (H01.FR.06).
        let isOther = request.connectorType.map { $0.name != station.settings.connectorWord } ?? false
        let refusal =
            isOther
            ? .rejected
            : station.reserve(
                StationHoldings.Reservation(
                    id: request.id, connector: request.evseId, token: request.idToken.idToken,
                    group: request.groupIdToken?.idToken, expiresAt: request.expiryDateTime))
        let status: V2.ReserveNowStatus =
            switch refusal {
            case nil: .accepted
            case .occupied: .occupied
            case .faulted: .faulted
            case .unavailable: .unavailable
            case .rejected: .rejected
            }
        respond(.reserveNow(.init(status: status)), id, &station)
    }

    // MARK: Display

    func show(_ message: V2.MessageInfo, _ id: String, _ station: inout SimulatedChargePoint) {
        func answer(_ status: V2.DisplayMessageStatus) {
            respond(.setDisplayMessage(.init(status: status)), id, &station)
        }
        guard message.message.format == .utf8 else { return answer(.notSupportedMessageFormat) }
        guard message.priority == .inFront || message.priority == .normalCycle else {
            return answer(.notSupportedPriority)
        }
        switch message.state {
        case nil, .charging, .faulted, .idle, .unavailable: break
        default: return answer(.notSupportedState)
        }
        if let end = message.endDateTime, end <= station.clock { return answer(.rejected) }
        if let transaction = message.transactionId, station.connector(ofTransaction: transaction) == nil {
            return answer(.unknownTransaction)
        }
        let isNew = station.holdings.display[message.id] == nil
        guard !isNew || station.holdings.display.count < StationHoldings.mostDisplayed else { return answer(.rejected) }
        station.holdings.display[message.id] = message
        answer(.accepted)
    }

    func report(_ request: V2.GetDisplayMessagesRequest, _ id: String, _ station: inout SimulatedChargePoint) {
        let chosen = station.holdings.display.values.filter { message in
            (request.id.map { $0.contains(message.id) } ?? true)
                && (request.priority.map { $0 == message.priority } ?? true)
                && (request.state.map { $0 == message.state } ?? true)
        }.sorted { $0.id < $1.id }
        respond(.getDisplayMessages(.init(status: chosen.isEmpty ? .unknown : .accepted)), id, &station)
        for start in stride(from: 0, to: chosen.count, by: Self.messagesAReport) {
            let part = Array(chosen[start..<min(start + Self.messagesAReport, chosen.count)])
            let message = V2.Request.notifyDisplayMessages(
                .init(
                    requestId: request.requestId, messageInfo: part,
                    tbc: start + part.count < chosen.count ? true : nil))
            station.call(message.action.rawValue, message.json, .other)
        }
    }
    private static let messagesAReport = 4
}
