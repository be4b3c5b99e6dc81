import Assets
import Charging
import OCPP
import OCPPMessages
import Quantities

/// Protocol words ↔ the platform's own, by the version that a station speaks.
enum ProtocolAdapter {
    /// `nil`: an action that only we may send.
    static func event(_ request: InboundCall.Request) -> StationEvent? {
        switch request {
        case .v16(let request): OCPP16Adapter.event(request)
        case .v2(let request): OCPP2Adapter.event(request)
        }
    }

    /// The CALLRESULT's payload.
    static func payload(
        _ answer: StationAnswer, to request: InboundCall.Request, in version: OCPPVersion
    ) -> [UInt8] {
        switch request {
        case .v16(.dataTransfer(let transfer)):
            PlugAndCharge16.request(transfer).map {
                PlugAndCharge16.wrapped(OCPP2Adapter.payload(answer, to: $0, in: .v201))
            }
                ?? OCPP16Adapter.payload(answer)
        case .v16: OCPP16Adapter.payload(answer)
        case .v2(let request): OCPP2Adapter.payload(answer, to: request, in: version)
        }
    }

    static func call(
        _ command: StationCommand, form: LimitForm, in version: OCPPVersion
    ) -> (action: String, payload: [UInt8]) {
        switch version {
        case .v16:
            let (action, payload) = OCPP16Adapter.call(command, form: form)
            return (action.rawValue, payload)
        case .v201, .v21:
            let (action, payload) = OCPP2Adapter.call(command, form: form)
            return (action.rawValue, payload)
        }
    }

    /// How the station took `command`.
    static func answer(
        to command: StationCommand, _ payload: [UInt8], form: LimitForm, in version: OCPPVersion, at now: Instant
    ) -> CommandAnswer {
        switch version {
        case .v16: OCPP16Adapter.answer(to: command, payload, form: form, at: now)
        case .v201, .v21: OCPP2Adapter.answer(to: command, payload, form: form, in: version)
        }
    }

    /// Sets the station's password to `key`, 40 hexadecimal digits.
    static func call(key: String, in version: OCPPVersion) -> (action: String, payload: [UInt8]) {
        switch version {
        case .v16: (V16.Action.changeConfiguration.rawValue, OCPP16Adapter.payload(key: key))
        case .v201, .v21: (V2.Action.setVariables.rawValue, OCPP2Adapter.payload(key: key))
        }
    }

    /// How the station took a key.
    static func keyAnswer(_ outcome: StationLink.CallOutcome, in version: OCPPVersion) -> KeyAnswer {
        switch outcome {
        case .answered(let payload):
            version == .v16 ? OCPP16Adapter.keyAnswer(payload) : OCPP2Adapter.keyAnswer(payload, in: version)
        // After these it may or may not have it.
        case .error(let code, _, _) where ["InternalError", "GenericError"].contains(code): .unknown(word: code)
        case .error(let code, _, _): .refused(word: code)
        case .timeout, .dropped: .unknown(word: nil)
        }
    }

    static func call(
        certificate record: CertificateRecord, in version: OCPPVersion
    ) -> (action: String, payload: [UInt8]) {
        switch version {
        case .v16 where record.use != CertificateRecord.stationUse:
            PlugAndCharge16.call(
                .certificateSigned,
                V2.CertificateSignedRequest(
                    certificateChain: record.chain, certificateType: V2.CertificateSigningUse(record.use)
                ).json)
        case .v16:
            (
                V16.Action.certificateSigned.rawValue,
                V16.CertificateSignedRequest(certificateChain: record.chain).json
            )
        case .v201, .v21:
            (
                V2.Action.certificateSigned.rawValue,
                V2.CertificateSignedRequest(
                    certificateChain: record.chain,
                    certificateType: record.use == CertificateRecord.combinedUse
                        ? nil : V2.CertificateSigningUse(record.use),
                    requestId: version == .v21 ? record.requestID : nil
                ).json
            )
        }
    }

    /// How the station took a certificate, with its own word where it says more.
    static func certificateAnswer(
        _ payload: [UInt8], use: String, in version: OCPPVersion
    ) -> (CertificateRecord.State, word: String?) {
        switch version {
        case .v16 where use != CertificateRecord.stationUse:
            guard case .certificateSigned(let response)? = PlugAndCharge16.answer(.certificateSigned, payload) else {
                return (.unanswered, nil)
            }
            return response.status == .accepted ? (.accepted, nil) : (.rejected, response.status.name)
        case .v16:
            guard
                case .success(.certificateSigned(let response)) = V16.Response.decode(
                    .certificateSigned, payload: payload.span
                ).result
            else { return (.unanswered, nil) }
            return response.status == .accepted ? (.accepted, nil) : (.rejected, response.status.name)
        case .v201, .v21:
            guard
                case .success(.certificateSigned(let response)) = V2.Response.decode(
                    .certificateSigned, payload: payload.span, in: version
                ).result
            else { return (.unanswered, nil) }
            let word = response.statusInfo?.reasonCode ?? response.status.name
            return response.status == .accepted ? (.accepted, nil) : (.rejected, word)
        }
    }

    /// Characters of the longest token that the version carries; stations could never come with a longer one.
    static func longestToken(in version: OCPPVersion) -> Int {
        switch version {
        case .v16: 20
        case .v201: 36
        case .v21: 255
        }
    }

    /// 1.6 reserves by connector only; 2.1 lets stations have words of their own.
    static func knows(connectorKind word: String, in version: OCPPVersion) -> Bool {
        switch version {
        case .v16: false
        case .v201: V2.ConnectorKind.allCases.contains(V2.ConnectorKind(word))
        case .v21: true
        }
    }

    /// What a person asks for; `nil`: the version has no such message.
    static func call(_ request: StationRequest, in version: OCPPVersion) -> (action: String, payload: [UInt8])? {
        switch version {
        case .v16: OCPP16Adapter.call(request).map { ($0.action.rawValue, $0.payload) }
        case .v201, .v21:
            {
                let (action, payload) = OCPP2Adapter.call(request)
                return action.isIn(version) ? (action.rawValue, payload) : nil
            }()
        }
    }

    /// Whether a transaction goes on, and whether messages of it wait to be told; `nil`: unreadable.
    static func transactionStatus(_ payload: [UInt8], in version: OCPPVersion) -> (goesOn: Bool?, waits: Bool)? {
        guard
            case .success(.getTransactionStatus(let response)) = V2.Response.decode(
                .getTransactionStatus, payload: payload.span, in: version
            ).result
        else { return nil }
        return (response.ongoingIndicator, response.messagesInQueue)
    }

    /// A request as it may be kept and shown, see ``V2/withoutSecrets(request:of:in:)``.
    static func withoutSecrets(request payload: [UInt8], of action: String, in version: OCPPVersion) -> [UInt8] {
        if let order = job(ordered: action, payload, in: version) { return withoutSecrets(payload, order) }
        return version == .v16
            ? V16.withoutSecrets(request: payload, of: action)
            : V2.withoutSecrets(request: payload, of: action, in: version)
    }

    static func withoutSecrets(response payload: [UInt8], of action: String, in version: OCPPVersion) -> [UInt8] {
        version == .v16
            ? V16.withoutSecrets(response: payload, of: action)
            : V2.withoutSecrets(response: payload, of: action, in: version)
    }

    /// The `status` that most answers say; `nil` where there is none.
    static func status(in payload: [UInt8]) -> String? {
        let text = String(decoding: payload.prefix(65_536), as: UTF8.self)
        var depth = 0
        var rest = Substring(text)
        // Keys of the outermost object only: an answer may carry other ones' states inside.
        while let character = rest.popFirst() {
            switch character {
            case "{", "[": depth += 1
            case "}", "]": depth -= 1
            case "\"":
                let word = Self.string(&rest)
                let colon = rest.drop { $0 == " " || $0 == "\n" || $0 == "\t" }
                guard depth == 1, word == "status", colon.first == ":" else { continue }
                var value = colon.dropFirst().drop { $0 == " " || $0 == "\n" || $0 == "\t" }
                return value.popFirst() == "\"" ? Self.string(&value) : nil
            default: break
            }
        }
        return nil
    }

    /// What stands up to the closing quote; an escaped word is none of OCPP's.
    private static func string(_ rest: inout Substring) -> String {
        var word = ""
        while let character = rest.popFirst(), character != "\"" {
            if character == "\\" { _ = rest.popFirst() } else if word.count < 50 { word.append(character) }
        }
        return word
    }

    /// Actions that a TriggerMessage may have asked for, so that a station which is not accepted yet may send them.
    static func actions(in version: OCPPVersion) -> [String] {
        version == .v16 ? V16.Action.allCases.map(\.rawValue) : V2.Action.allCases.map(\.rawValue)
    }

    /// Asks for the BootNotification (1.6 §5.17, 2.x F06).
    static func bootQuestion(in version: OCPPVersion) -> (action: String, payload: [UInt8]) {
        version == .v16
            ? (
                V16.Action.triggerMessage.rawValue,
                V16.TriggerMessageRequest(requestedMessage: .bootNotification).json
            )
            : (V2.Action.triggerMessage.rawValue, V2.TriggerMessageRequest(requestedMessage: .bootNotification).json)
    }

    // MARK: - Grid code

    static func checked(_ control: DERControl) -> Result<DERControl, FieldFaultList> { OCPP2Adapter.checked(control) }
    /// `nil`: another variable.
    static func supportedFunctions(_ name: VariableName, _ value: String?) -> Set<DERFunction>? {
        OCPP2Adapter.supportedFunctions(name, value)
    }

    /// Asks it to end a transaction.
    static func stop(_ transaction: String, in version: OCPPVersion) -> (action: String, payload: [UInt8]) {
        version == .v16
            ? (
                V16.Action.remoteStopTransaction.rawValue,
                V16.RemoteStopTransactionRequest(transactionId: Int(transaction) ?? 0).json
            )
            : (
                V2.Action.requestStopTransaction.rawValue,
                V2.RequestStopTransactionRequest(transactionId: transaction).json
            )
    }

    // MARK: - Device model

    /// `nil`: the version has nothing of the kind.
    static func call(
        _ order: DeviceOrder, request: Int, in version: OCPPVersion
    ) -> (action: String, payload: [UInt8])? {
        version == .v16
            ? OCPP16Adapter.call(order).map { ($0.action.rawValue, $0.payload) }
            : OCPP2Adapter.call(order, request: request, in: version).map { ($0.action.rawValue, $0.payload) }
    }

    /// The next step of a change of the security profile; `nil`: there is none.
    static func call(_ change: SecurityProfileChange, in version: OCPPVersion) -> (action: String, payload: [UInt8])? {
        version == .v16
            ? OCPP16Adapter.call(change).map { ($0.action.rawValue, $0.payload) }
            : OCPP2Adapter.call(change, in: version).map { ($0.action.rawValue, $0.payload) }
    }

    /// How the station took a step.
    static func profileAnswer(
        _ outcome: StationLink.CallOutcome, to state: SecurityProfileChange.State, in version: OCPPVersion
    ) -> KeyAnswer {
        switch outcome {
        case .answered(let payload):
            switch (version, state) {
            case (.v16, .sendingProfile): return OCPP16Adapter.keyAnswer(payload)
            case (.v16, _): return OCPP16Adapter.resetAnswer(payload)
            case (_, .sendingPriority): return OCPP2Adapter.keyAnswer(payload, in: version)
            case (_, .sendingProfile): return OCPP2Adapter.networkAnswer(payload, in: version)
            case (_, _): return OCPP2Adapter.resetAnswer(payload, in: version)
            }
        case .error(let code, _, _) where ["InternalError", "GenericError"].contains(code): return .unknown(word: code)
        case .error(let code, _, _): return .refused(word: code)
        case .timeout, .dropped: return .unknown(word: nil)
        }
    }
}
