import Assets
import Charging
import OCPPMessages
import Quantities

/// OCPP 1.6 words ↔ the platform's own. Nothing is decided here: each word has its counterpart, and what has none is said
/// so. In 1.6 a connector is an EVSE.
enum OCPP16Adapter {
    /// The sub-protocol's name as the console and the API show it.
    static let name = "ocpp1.6"

    // MARK: - What stations say

    /// `nil`: an action that only we may send.
    static func event(_ request: V16.Request) -> StationEvent? {
        switch request {
        case .bootNotification(let boot):
            .booted(
                Station.Boot(
                    vendor: boot.chargePointVendor, model: boot.chargePointModel,
                    serial: boot.chargePointSerialNumber ?? boot.chargeBoxSerialNumber, firmware: boot.firmwareVersion))
        case .heartbeat: .heartbeat
        case .authorize(let authorize): .authorize(token: authorize.idTag)
        case .startTransaction(let start):
            .started(
                StationEvent.Start(
                    connector: start.connectorId, token: start.idTag, at: start.timestamp,
                    register: register(start.meterStart), reservation: start.reservationId))
        case .stopTransaction(let stop):
            .stopped(
                StationEvent.Stop(
                    transaction: String(stop.transactionId), token: stop.idTag, at: stop.timestamp,
                    register: register(stop.meterStop), reason: stop.reason?.name ?? "Local",
                    readings: readings(stop.transactionData ?? [])))
        case .meterValues(let values):
            .metered(
                StationEvent.Samples(
                    connector: values.connectorId, transaction: values.transactionId.map(String.init),
                    readings: readings(values.meterValue)))
        case .statusNotification(let status):
            .status(
                StationEvent.Status(
                    connector: status.connectorId, status: connectorStatus(status.status),
                    errorCode: status.errorCode == .noError ? nil : status.errorCode.name, at: status.timestamp))
        case .dataTransfer(let transfer):
            PlugAndCharge16.request(transfer).map(OCPP2Adapter.event)
                ?? .vendor(id: transfer.vendorId, message: transfer.messageId, data: transfer.data)
        case .firmwareStatusNotification, .signedFirmwareStatusNotification, .diagnosticsStatusNotification,
            .logStatusNotification:
            ProtocolAdapter.news(request).map { .job($0) }
        case .securityEventNotification(let notice):
            .security(StationEvent.Security(type: notice.type, at: notice.timestamp, info: notice.techInfo))
        case .signCertificate(let asked): .certificateRequest(StationEvent.CertificateRequest(request: asked.csr))
        default: nil
        }
    }

    /// A meter count no register can have counts as zero; it would only spoil sums.
    private static func register(_ wattHours: Int) -> RegisterReading {
        RegisterReading(plausibleWattHours: Int64(wattHours)) ?? RegisterReading(milliwattHours: 0)
    }

    private static func connectorStatus(_ status: V16.ChargePointStatus) -> ConnectorStatus {
        switch status {
        case .available: .available
        case .preparing: .preparing
        case .charging: .charging
        case .suspendedEV: .suspendedEV
        case .suspendedEVSE: .suspendedEVSE
        case .finishing: .finishing
        case .reserved: .reserved
        case .unavailable: .unavailable
        case .faulted: .faulted
        case .unrecognized: .unknown
        }
    }

    /// Samples as a flat list, with the standard's defaults filled in (1.6 §7.40: an energy register in Wh at the
    /// outlet, sampled periodically). Signed data and what is no number are left to the message log.
    static func readings(_ values: [V16.MeterValue]) -> [Reading] {
        var readings: [Reading] = []
        readings.reserveCapacity(values.reduce(0) { $0 + $1.sampledValue.count })
        for value in values {
            for sample in value.sampledValue where sample.format == nil || sample.format == .raw {
                guard let decimal = JSONDecimal(sample.value)?.withoutExponent else { continue }
                let measurand = sample.measurand?.name ?? "Energy.Active.Import.Register"
                readings.append(
                    Reading(
                        at: value.timestamp, measurand: measurand, mantissa: decimal.mantissa, scale: decimal.scale,
                        unit: sample.unit?.name ?? defaultUnit(measurand), phase: sample.phase?.name,
                        location: sample.location?.name ?? "Outlet", context: sample.context?.name ?? "Sample.Periodic")
                )
            }
        }
        return readings
    }

    static func defaultUnit(_ measurand: String) -> String {
        if measurand.hasPrefix("Energy.Active") { return "Wh" }
        if measurand.hasPrefix("Power.Active") { return "W" }
        if measurand.hasPrefix("Current") { return "A" }
        if measurand == "Voltage" { return "V" }
        if measurand == "SoC" { return "Percent" }
        return "Wh"
    }

    // MARK: - What stations are answered

    /// The CALLRESULT's payload.
    static func payload(_ answer: StationAnswer) -> [UInt8] {
        switch answer {
        case .registered(let registration, let now, let interval):
            let status: V16.RegistrationStatus =
                switch registration {
                case .accepted: .accepted
                case .pending: .pending
                case .rejected: .rejected
                }
            return V16.BootNotificationResponse(
                status: status, currentTime: now, interval: Int(interval.components.seconds)
            ).json
        case .clock(let now): return V16.HeartbeatResponse(currentTime: now).json
        case .authorization(let verdict, _): return V16.AuthorizeResponse(idTagInfo: info(verdict)).json
        case .started(let transaction, let verdict):
            return V16.StartTransactionResponse(idTagInfo: info(verdict), transactionId: transaction).json
        case .stopped(let verdict): return V16.StopTransactionResponse(idTagInfo: verdict.map(info)).json
        case .vendor(let answer):
            return V16.DataTransferResponse(
                status: V16.DataTransferStatus(answer.status.rawValue), data: answer.data
            ).json
        case .certificate(let accepted, _, _):
            return V16.SignCertificateResponse(status: accepted ? .accepted : .rejected).json
        // 1.6 has no transactions that the station names.
        case .acknowledged, .transaction, .powerToFollow, .vehicleNeeds, .vehicleSchedule, .contract,
            .certificateService, .settlement,
            .vatNumber:
            return acknowledgement
        }
    }

    /// One array for all: answers are kept for repeats.
    private static let acknowledgement = Array("{}".utf8)

    static func info(_ verdict: TokenVerdict) -> V16.IdTagInfo {
        let status: V16.AuthorizationStatus =
            switch verdict.status {
            case .accepted: .accepted
            case .blocked: .blocked
            case .expired: .expired
            case .invalid: .invalid
            case .concurrent: .concurrentTx
            // 1.6 has no words for these.
            case .reserved: .invalid
            case .noCredit: .blocked
            }
        // A parent longer than the wire's 20 characters cannot be told.
        let parent = verdict.parent.flatMap { $0.unicodeScalars.count <= 20 ? $0 : nil }
        return V16.IdTagInfo(status: status, expiryDate: verdict.expiresAt, parentIdTag: parent)
    }
}

extension JSONDecimal {
    /// The same value with a scale of 0 or more, `nil` when that does not fit.
    var withoutExponent: JSONDecimal? {
        guard scale < 0 else { return self }
        var whole = mantissa
        for _ in 0..<(-scale) {
            let (product, overflow) = whole.multipliedReportingOverflow(by: 10)
            if overflow { return nil }
            whole = product
        }
        return JSONDecimal(mantissa: whole, scale: 0)
    }
}
