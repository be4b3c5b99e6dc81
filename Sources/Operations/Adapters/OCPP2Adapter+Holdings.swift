import Charging
import OCPPMessages
import Quantities

// Local lists, reservations, display messages and what other services say, in the words of 2.x (blocks D, H, M, O).
extension OCPP2Adapter {
    // MARK: - Local list

    static func sendList(_ version: Int, isWhole: Bool, _ entries: [LocalListEntry]) -> [UInt8] {
        let list = entries.map { entry in
            V2.AuthorizationData(
                idToken: V2.IdToken(idToken: entry.value, type: kind(entry.kind)), idTokenInfo: entry.info.map(info))
        }
        return V2.SendLocalListRequest(
            versionNumber: version, updateType: isWhole ? .full : .differential,
            localAuthorizationList: list.isEmpty ? nil : list
        ).json
    }

    /// A token of which nobody stated the kind is taken for a card, the usual one at a reader.
    private static func kind(_ word: String?) -> V2.IdTokenKind {
        let kind = V2.IdTokenKind(word ?? "")
        return V2.IdTokenKind.allCases.prefix(V2.IdTokenKind.wordsOf201).contains(kind) ? kind : .iso14443
    }

    private static func info(_ info: LocalListEntry.Info) -> V2.IdTokenInfo {
        let status: V2.AuthorizationStatus =
            switch info.status {
            case .accepted: .accepted
            case .blocked: .blocked
            case .expired: .expired
            case .invalid: .invalid
            }
        let group = info.parent.flatMap { $0.unicodeScalars.count <= 36 ? $0 : nil }
        return V2.IdTokenInfo(
            status: status, cacheExpiryDateTime: info.expiresAt,
            groupIdToken: group.map { V2.IdToken(idToken: $0, type: .central) })
    }

    static var readListBounds: [UInt8] {
        let component = V2.Component(name: "LocalAuthListCtrlr")
        func ask(_ name: String, _ kind: V2.AttributeKind? = nil) -> V2.GetVariableData {
            V2.GetVariableData(component: component, variable: V2.Variable(name: name), attributeType: kind)
        }
        return V2.GetVariablesRequest(
            getVariableData: [ask("ItemsPerMessage"), ask("Enabled"), ask("Entries", .maxSet)]
        ).json
    }

    static func listBounds(_ results: [V2.GetVariableResult]) -> LocalListBounds {
        var bounds = LocalListBounds()
        for result in results where result.attributeStatus == .accepted {
            guard let value = result.attributeValue else { continue }
            let number = Int(value).flatMap { (1...1_000_000).contains($0) ? $0 : nil }
            switch result.variable.name.lowercased() {
            case "itemspermessage": bounds.perMessage = number
            case "entries" where result.attributeType == .maxSet: bounds.entries = number
            case "enabled": bounds.isEnabled = value.lowercased() != "false"
            default: break
            }
        }
        return bounds
    }

    // MARK: - People's requests

    static func call(_ request: StationRequest) -> (action: V2.Action, payload: [UInt8]) {
        switch request {
        case .reserve(let asked):
            (
                .reserveNow,
                V2.ReserveNowRequest(
                    id: asked.id, expiryDateTime: asked.expiresAt,
                    idToken: V2.IdToken(idToken: asked.token, type: kind(asked.tokenKind)),
                    connectorType: asked.connectorKind.map { V2.ConnectorKind($0) }, evseId: asked.evse,
                    groupIdToken: asked.group.map { V2.IdToken(idToken: $0, type: .central) }
                ).json
            )
        case .cancelReservation(let id):
            (.cancelReservation, V2.CancelReservationRequest(reservationId: id).json)
        case .display(let message):
            (
                .setDisplayMessage,
                V2.SetDisplayMessageRequest(
                    message: V2.MessageInfo(
                        id: message.id, priority: V2.MessagePriority(message.priority),
                        message: V2.MessageContent(
                            format: V2.MessageFormat(message.format), content: message.content,
                            language: message.language), state: message.state.map { V2.MessageState($0) },
                        startDateTime: message.startsAt, endDateTime: message.endsAt,
                        transactionId: message.transaction)
                ).json
            )
        case .clearDisplay(let id): (.clearDisplayMessage, V2.ClearDisplayMessageRequest(id: id).json)
        case .readProfiles(let number):
            (
                .getChargingProfiles,
                V2.GetChargingProfilesRequest(
                    requestId: number,
                    chargingProfile: V2.ChargingProfileCriterion(
                        chargingLimitSource: ProfileCriteria.everySource.map { V2.ChargingLimitSource($0) })
                ).json
            )
        case .readDisplay(let number): (.getDisplayMessages, V2.GetDisplayMessagesRequest(requestId: number).json)
        case .installCertificate(let use, let pem): (.installCertificate, installCertificate(use: use, pem: pem))
        case .deleteCertificate(let hash, _): (.deleteCertificate, deleteCertificate(hash))
        case .listCertificates(let use): (.getInstalledCertificateIds, listCertificates(use: use))
        case .der(let request): call(request)
        case .swap(let request, let token, let kind):
            (
                .requestBatterySwap,
                V2.RequestBatterySwapRequest(
                    idToken: V2.IdToken(idToken: token, type: self.kind(kind)), requestId: request
                ).json
            )
        }
    }

    static func asked(_ request: V2.ReserveNowRequest) -> ReservationAsked {
        ReservationAsked(
            id: request.id, evse: request.evseId.flatMap { $0 > 0 ? $0 : nil },
            connectorKind: request.connectorType?.name, token: request.idToken.idToken,
            tokenKind: request.idToken.type.name, group: request.groupIdToken?.idToken,
            expiresAt: request.expiryDateTime)
    }

    static func displayMessage(_ info: V2.MessageInfo) -> DisplayMessage {
        DisplayMessage(
            id: info.id, priority: info.priority.name, state: info.state?.name, format: info.message.format.name,
            language: info.message.language, content: info.message.content, startsAt: info.startDateTime,
            endsAt: info.endDateTime, transaction: info.transactionId)
    }

    // MARK: - ISO 15118

    static func payload(_ answer: CertificateServiceAnswer, to request: V2.Request) -> [UInt8] {
        switch (answer, request) {
        case (.contract(let isAccepted, let exi, let remaining, let reason), .get15118EVCertificate(let asked)):
            V2.Get15118EVCertificateResponse(
                status: isAccepted ? .accepted : .failed, exiResponse: exi,
                statusInfo: reason.map { V2.StatusInfo(reasonCode: "ProviderRefused", additionalInfo: $0) },
                // 2.1 only, whose stations say how many they take.
                remainingContracts: asked.maximumContractCertificateChains == nil ? nil : remaining
            ).json
        case (.status(let result), .getCertificateStatus):
            V2.GetCertificateStatusResponse(status: .accepted, ocspResult: result).json
        case (.statuses(let found), .getCertificateChainStatus(let asked)):
            V2.GetCertificateChainStatusResponse(
                certificateStatus: zip(asked.certificateStatusRequests, found).map { one, status in
                    V2.CertificateStatus(
                        certificateHashData: one.certificateHashData, source: one.source,
                        status: V2.RevocationStatus(status.word), nextUpdate: status.nextUpdate)
                }
            ).json
        // An answer to something else: as if nobody had answered.
        default: plain(request)
        }
    }

    static func statusOfTransaction(_ id: String) -> [UInt8] { V2.GetTransactionStatusRequest(transactionId: id).json }
}
