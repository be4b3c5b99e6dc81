import Assets
import Charging
import OCPPMessages
import Quantities

/// OCPP 2.0.1 and 2.1 words ↔ the platform's own. Nothing is decided here: each word has its counterpart, and what has none
/// is said so.
enum OCPP2Adapter {
    // MARK: - What stations say

    /// `nil`: an action that only we may send.
    static func event(_ request: V2.Request) -> StationEvent? {
        switch request {
        case .bootNotification(let boot):
            .booted(
                Station.Boot(
                    vendor: boot.chargingStation.vendorName, model: boot.chargingStation.model,
                    serial: boot.chargingStation.serialNumber, firmware: boot.chargingStation.firmwareVersion))
        case .heartbeat: .heartbeat
        case .authorize(let authorize) where authorize.idToken.type == .directPayment:
            .money(.authorize(reference: authorize.idToken.idToken))
        case .notifySettlement(let notice): .money(.settled(news(notice)))
        case .vatNumberValidation(let asked): .money(.vatNumber(asked.vatNumber))
        case .authorize(let authorize):
            authorize.bringsCertificates
                ? .authorizeContract(token: authorize.idToken.idToken, vehicle: vehicle(authorize.idToken))
                : .authorize(token: authorize.idToken.idToken, vehicle: vehicle(authorize.idToken))
        case .transactionEvent(let event): .transaction(report(event))
        case .meterValues(let values):
            .metered(
                StationEvent.Samples(connector: values.evseId, transaction: nil, readings: readings(values.meterValue)))
        case .statusNotification(let status):
            .status(
                StationEvent.Status(
                    connector: status.evseId, status: connectorStatus(status.connectorStatus), errorCode: nil,
                    at: status.timestamp))
        case .dataTransfer(let transfer):
            .vendor(id: transfer.vendorId, message: transfer.messageId, data: transfer.data?.text)
        case .reservationStatusUpdate(let update):
            .reservationEnded(id: update.reservationId, word: update.reservationUpdateStatus.name)
        case .notifyDisplayMessages(let report):
            .displayReport(
                request: report.requestId, (report.messageInfo ?? []).map(displayMessage), goesOn: report.tbc ?? false)
        case .reportChargingProfiles(let report): .profiles(news(report))
        case .notifyChargingLimit(let notice): .profiles(.outsideLimit(outsideLimit(notice)))
        case .clearedChargingLimit(let notice):
            .profiles(
                .outsideLimitEnded(source: HeldProfile.word(notice.chargingLimitSource.name), evse: notice.evseId))
        case .get15118EVCertificate, .getCertificateStatus, .getCertificateChainStatus: .certificateService
        case .securityEventNotification(let notice):
            .security(StationEvent.Security(type: notice.type, at: notice.timestamp, info: notice.techInfo))
        case .signCertificate(let asked):
            .certificateRequest(
                StationEvent.CertificateRequest(
                    request: asked.csr, use: asked.certificateType?.name, number: asked.requestId))
        case .notifyEVChargingNeeds(let told): .vehicleNeeds(needs(told))
        case .notifyEVChargingSchedule(let told): .vehicleSchedule(schedule(told))
        case .pullDynamicScheduleUpdate(let asked): .powerAsked(profile: asked.chargingProfileId)
        case .notifyPriorityCharging(let told):
            .priorityCharging(transaction: told.transactionId, isOn: told.activated)
        case .reportDERControl(let report): .der(news(report))
        case .notifyDERStartStop(let notice): .der(news(notice))
        case .notifyDERAlarm(let notice): .der(news(notice))
        case .batterySwap(let swap): swapEvent(swap) ?? .notice(kind: swap.eventType.name, text: "")
        case .notifyReport, .notifyMonitoringReport, .notifyEvent, .notifyCustomerInformation:
            news(request).map { .device($0) }
        default:
            if let news = ProtocolAdapter.news(request) {
                .job(news)
            } else {
                request.action.isFromStation ? .notice(kind: request.action.rawValue, text: "") : nil
            }
        }
    }

    private static func report(_ event: V2.TransactionEventRequest) -> TransactionReport {
        let stage: SequenceRecord.Stage =
            switch event.eventType {
            case .started: .started
            case .ended: .ended
            case .updated, .unrecognized: .updated
            }
        var report = TransactionReport(
            stage: stage, transaction: event.transactionInfo.transactionId, sequence: event.seqNo,
            at: event.timestamp, trigger: event.triggerReason.name, wasOffline: event.offline ?? false,
            evse: event.evse.map { max(0, $0.id) }, connector: event.evse?.connectorId, token: event.idToken?.idToken,
            vehicle: vehicle(event.idToken),
            isFree: event.idToken?.type == .noAuthorization,
            chargingState: event.transactionInfo.chargingState?.name,
            stopReason: event.transactionInfo.stoppedReason?.name, remoteStart: event.transactionInfo.remoteStartId,
            reservation: event.reservationId, readings: readings(event.meterValue ?? [], sequence: event.seqNo))
        report.cost = cost(event.costDetails, at: event.timestamp)
        report.tariff = event.transactionInfo.tariffId
        report.limits = limits(event.transactionInfo.transactionLimit)
        report.tokenKind = event.idToken?.type.name
        return report
    }

    /// Occupied says less than 1.6 does: what the vehicle does, its transaction tells.
    private static func connectorStatus(_ status: V2.ConnectorStatus) -> ConnectorStatus {
        switch status {
        case .available: .available
        case .occupied: .preparing
        case .reserved: .reserved
        case .unavailable: .unavailable
        case .faulted: .faulted
        case .unrecognized: .unknown
        }
    }

    /// Samples as a flat list, with the standard's defaults filled in (2.0.1 part 2 §2.37: an energy register in Wh at the
    /// outlet, sampled periodically) and the multiplier of the unit applied. What does not fit is left to the message log.
    /// - Parameter sequence: number of the transaction's message that they come in.
    static func readings(_ values: [V2.MeterValue], sequence: Int? = nil) -> [Reading] {
        var readings: [Reading] = []
        readings.reserveCapacity(values.reduce(0) { $0 + $1.sampledValue.count })
        for value in values {
            for sample in value.sampledValue {
                // A station may say any number here: beyond reason there is no value.
                let (scale, overflow) = sample.value.scale.subtractingReportingOverflow(
                    sample.unitOfMeasure?.multiplier ?? 0)
                guard !overflow, JSONDecimal.scales.contains(scale),
                    let decimal = JSONDecimal(mantissa: sample.value.mantissa, scale: scale).withoutExponent
                else { continue }
                let measurand = sample.measurand?.name ?? "Energy.Active.Import.Register"
                readings.append(
                    Reading(
                        at: value.timestamp, measurand: measurand, mantissa: decimal.mantissa, scale: decimal.scale,
                        unit: sample.unitOfMeasure?.unit ?? OCPP16Adapter.defaultUnit(measurand),
                        phase: sample.phase?.name, location: sample.location?.name ?? "Outlet",
                        context: sample.context?.name ?? "Sample.Periodic", sequence: sequence))
            }
        }
        return readings
    }

    // MARK: - What stations are answered

    /// The CALLRESULT's payload.
    static func payload(_ answer: StationAnswer, to request: V2.Request, in version: OCPPVersion) -> [UInt8] {
        switch answer {
        case .registered(let registration, let now, let interval):
            let status: V2.RegistrationStatus =
                switch registration {
                case .accepted: .accepted
                case .pending: .pending
                case .rejected: .rejected
                }
            return V2.BootNotificationResponse(
                currentTime: now, interval: Int(interval.components.seconds), status: status
            ).json
        case .clock(let now): return V2.HeartbeatResponse(currentTime: now).json
        case .authorization, .contract: return authorization(answer, tariff: nil) ?? plain(request)
        case .transaction(let verdict, let cost, let limits, let tariff):
            let update = tariff.flatMap { $0.isUpdate ? messages($0, in: version) : nil }
            return V2.TransactionEventResponse(
                totalCost: cost.flatMap(amount),
                idTokenInfo: verdict.map { info($0, tariff.flatMap { $0.isUpdate ? nil : $0 }) },
                transactionLimit: limits.map(Self.limits), updatedPersonalMessage: update?.first,
                updatedPersonalMessageExtra: update.flatMap { $0.count > 1 ? Array($0.dropFirst()) : nil }
            ).json
        case .vendor(let answer):
            return V2.DataTransferResponse(
                status: V2.DataTransferStatus(answer.status.rawValue), data: answer.data.flatMap { RawJSON($0) }
            ).json
        case .certificateService(let answer?): return payload(answer, to: request)
        case .certificate(let accepted, let reason, let info):
            return V2.SignCertificateResponse(
                status: accepted ? .accepted : .rejected,
                statusInfo: reason.map {
                    V2.StatusInfo(reasonCode: $0, additionalInfo: info.map { String($0.prefix(512)) })
                }
            ).json
        case .vehicleNeeds(let needs): return self.answer(needs, in: version)
        case .vehicleSchedule(let fits):
            return V2.NotifyEVChargingScheduleResponse(status: fits ? .accepted : .rejected).json
        case .powerToFollow(let power, let form): return payload(following: power, form)
        case .settlement(let receipt):
            return V2.NotifySettlementResponse(receiptUrl: receipt).json
        case .vatNumber(let verdict):
            if case .vatNumberValidation(let asked) = request { return payload(verdict, to: asked) }
            return plain(request)
        case .acknowledged, .started, .stopped, .certificateService(nil): return plain(request)
        }
    }

    /// - Parameters:
    ///   - tariff: by which the driver is to be reckoned (2.1 I08); not for one who may not charge.
    ///   - text: what that costs, in words (I01).
    /// - Returns: `nil`: the answer is no authorization.
    static func authorization(_ answer: StationAnswer, tariff: V2.Tariff?, text: ToldTariff? = nil) -> [UInt8]? {
        let (told, certificates, allowed): (TokenVerdict, V2.AuthorizeCertificateStatus?, [String]?)
        switch answer {
        case .authorization(let verdict, let transfers): (told, certificates, allowed) = (verdict, nil, transfers)
        case .contract(let verdict, let word, let transfers):
            (told, certificates, allowed) = (verdict, V2.AuthorizeCertificateStatus(word), transfers)
        default: return nil
        }
        return V2.AuthorizeResponse(
            idTokenInfo: info(told, told.isAccepted ? text : nil), certificateStatus: certificates,
            allowedEnergyTransfer: allowed.map(words),
            tariff: told.isAccepted ? tariff : nil
        ).json
    }

    /// Actions whose answer carries no decision of the platform, and those that nobody here serves: the honest word of each.
    static func plain(_ request: V2.Request) -> [UInt8] {
        switch request {
        case .get15118EVCertificate:
            return V2.Get15118EVCertificateResponse(status: .failed, exiResponse: "").json
        case .getCertificateStatus: return V2.GetCertificateStatusResponse(status: .failed).json
        case .getCertificateChainStatus(let chain):
            let statuses = chain.certificateStatusRequests.map { asked in
                V2.CertificateStatus(
                    certificateHashData: asked.certificateHashData, source: asked.source, status: .failed,
                    nextUpdate: Instant(milliseconds: 0))
            }
            return V2.GetCertificateChainStatusResponse(certificateStatus: statuses).json
        case .openPeriodicEventStream: return V2.OpenPeriodicEventStreamResponse(status: .rejected).json
        case .vatNumberValidation(let asked):
            return V2.VatNumberValidationResponse(vatNumber: asked.vatNumber, status: .rejected).json
        default: return acknowledgement
        }
    }

    private static func words(_ transfers: [String]) -> [V2.EnergyTransferMode] {
        transfers.map { V2.EnergyTransferMode($0) }
    }

    /// One array for all: answers are kept for repeats.
    private static let acknowledgement = Array("{}".utf8)

    /// To the fen, rounded once.
    static func amount(_ yuan: Rational) -> JSONDecimal? { JSONDecimal(yuan.text(decimals: 2)) }

    /// Where 2.0.1 takes one language, it is the first.
    private static func messages(_ tariff: ToldTariff, in version: OCPPVersion) -> [V2.MessageContent] {
        tariff.contents.prefix(version == .v21 ? 5 : 1).map {
            V2.MessageContent(format: .utf8, content: $0.text, language: $0.language.rawValue)
        }
    }

    /// - Parameter tariff: in one language, the station's: there is room for no other.
    private static func info(_ verdict: TokenVerdict, _ tariff: ToldTariff? = nil) -> V2.IdTokenInfo {
        let status: V2.AuthorizationStatus =
            switch verdict.status {
            case .accepted: .accepted
            case .blocked: .blocked
            case .expired: .expired
            case .invalid: .invalid
            case .concurrent: .concurrentTx
            case .reserved: .notAtThisTime
            case .noCredit: .noCredit
            }
        // A group longer than the wire's 36 characters cannot be told.
        let group = verdict.parent.flatMap { $0.unicodeScalars.count <= 36 ? $0 : nil }
        return V2.IdTokenInfo(
            status: status, cacheExpiryDateTime: verdict.cachedUntil ?? verdict.expiresAt,
            groupIdToken: group.map { V2.IdToken(idToken: $0, type: .central) },
            personalMessage: tariff.flatMap { messages($0, in: .v201).first })
    }
}
