import OCPP
import OCPPMessages
import Quantities

@testable import Simulation

typealias Bench201 = StationBench<Words201>

enum Words201: BenchWords {
    static let version = OCPPVersion.v201

    static func request(_ call: InboundCall) -> V2.Request? {
        guard case .v2(let request) = call.request else { return nil }
        return request
    }
    static func faults(request action: String, _ payload: [UInt8]) -> [FieldFault] {
        V2.validateRequest(action: action, payload: payload, version: .v201)
    }
    static func faults(response action: V2.Action, _ payload: [UInt8]) -> [FieldFault] {
        V2.validateResponse(action: action, payload: payload, version: .v201)
    }
    static func response(_ action: V2.Action, _ payload: [UInt8]) -> V2.Response? {
        try? V2.Response.decode(action, payload: payload.span, in: .v201).result.get()
    }
    static func isStart(_ request: V2.Request) -> Bool {
        guard case .transactionEvent(let event) = request else { return false }
        return event.eventType == .started
    }

    static func friendly(_ request: V2.Request, _ number: Int) -> V2.Response? { friendly(request, tag: .accepted) }

    static func friendly(_ request: V2.Request, tag: V2.AuthorizationStatus) -> V2.Response? {
        switch request {
        case .bootNotification: .bootNotification(.init(currentTime: t0, interval: 300, status: .accepted))
        case .heartbeat: .heartbeat(.init(currentTime: t0))
        case .authorize: .authorize(.init(idTokenInfo: .init(status: tag)))
        case .transactionEvent(let event):
            .transactionEvent(.init(idTokenInfo: event.idToken.map { _ in .init(status: tag) }))
        case .statusNotification: .statusNotification(.init())
        case .meterValues: .meterValues(.init())
        case .notifyReport: .notifyReport(.init())
        case .notifyEvent: .notifyEvent(.init())
        case .reservationStatusUpdate: .reservationStatusUpdate(.init())
        case .notifyDisplayMessages: .notifyDisplayMessages(.init())
        case .notifyMonitoringReport: .notifyMonitoringReport(.init())
        case .notifyCustomerInformation: .notifyCustomerInformation(.init())
        case .reportChargingProfiles: .reportChargingProfiles(.init())
        case .notifyChargingLimit: .notifyChargingLimit(.init())
        case .clearedChargingLimit: .clearedChargingLimit(.init())
        case .notifyEVChargingNeeds: .notifyEVChargingNeeds(.init(status: .accepted))
        case .notifyEVChargingSchedule: .notifyEVChargingSchedule(.init(status: .accepted))
        case .firmwareStatusNotification: .firmwareStatusNotification(.init())
        case .logStatusNotification: .logStatusNotification(.init())
        case .securityEventNotification: .securityEventNotification(.init())
        case .signCertificate: .signCertificate(.init(status: .accepted))
        case .notifyPriorityCharging: .notifyPriorityCharging(.init())
        case .notifyDERStartStop: .notifyDERStartStop(.init())
        case .notifyDERAlarm: .notifyDERAlarm(.init())
        case .reportDERControl: .reportDERControl(.init())
        case .batterySwap: .batterySwap(.init())
        default: nil
        }
    }

    /// A transaction's message is `Started 0 Authorized EVConnected 0.0`: stage, number, trigger, what the vehicle does, its last
    /// sample's first value, why it stopped, whether it happened offline.
    static func line(_ request: V2.Request) -> String {
        switch request {
        case .bootNotification(let boot): "boot \(boot.reason.name)"
        case .statusNotification(let status): "\(status.evseId).\(status.connectorId) \(status.connectorStatus.name)"
        case .transactionEvent(let event):
            [
                event.eventType.name, "\(event.seqNo)", event.triggerReason.name,
                event.transactionInfo.chargingState?.name,
                event.meterValue?.last?.sampledValue.first?.value.description,
                event.transactionInfo.stoppedReason?.name, event.offline == true ? "offline" : nil,
            ].compactMap { $0 }.joined(separator: " ")
        case .meterValues(let values):
            "meter \(values.evseId) \(values.meterValue.first?.sampledValue.first?.value.description ?? "")"
        case .notifyReport(let report): "report \(report.seqNo)\(report.tbc == true ? "…" : "")"
        case .reportChargingProfiles(let report):
            "profiles \(report.evseId) \(report.chargingProfile.map(\.id))\(report.tbc == true ? "…" : "")"
        case .notifyChargingLimit(let notice):
            "limited by \(notice.chargingLimit.chargingLimitSource.name) to \(notice.chargingSchedule?.first?.chargingSchedulePeriod.first?.limit?.description ?? "")"
        case .notifyEVChargingNeeds(let notice):
            "needs \(notice.evseId) \(notice.chargingNeeds.acChargingParameters?.energyAmount.description ?? "") Wh"
        case .notifyEVChargingSchedule(let notice):
            "plans \(notice.evseId) "
                + notice.chargingSchedule.chargingSchedulePeriod.map {
                    "\($0.startPeriod):\($0.limit?.description ?? "")"
                }.joined(
                    separator: " ")
        case .clearedChargingLimit(let notice): "free of \(notice.chargingLimitSource.name)"
        case .firmwareStatusNotification(let notice): "firmware \(notice.status.name) \(notice.requestId ?? -1)"
        case .securityEventNotification(let notice): "security \(notice.type)"
        case .logStatusNotification(let notice): "log \(notice.status.name) \(notice.requestId ?? -1)"
        default: request.action.rawValue
        }
    }
}

extension StationBench<Words201> {
    var events: [V2.TransactionEventRequest] {
        requests.compactMap { if case .transactionEvent(let event) = $0 { event } else { nil } }
    }
    /// Of the transaction that was last begun.
    var transaction: String? { events.last { $0.eventType == .started }?.transactionInfo.transactionId }
}

func txProfile201(
    _ tenths: Int64, id: Int = 1, transaction: String?, purpose: V2.ChargingProfilePurpose = .txProfile, level: Int = 1,
    kind: V2.ChargingProfileKind = .absolute, start: Instant? = t0, duration: Int? = 3600,
    unit: V2.ChargingRateUnit = .a
) -> V2.ChargingProfile {
    V2.ChargingProfile(
        id: id, stackLevel: level, chargingProfilePurpose: purpose, chargingProfileKind: kind,
        chargingSchedule: [
            .init(
                id: id, chargingRateUnit: unit,
                chargingSchedulePeriod: [.init(startPeriod: 0, limit: JSONDecimal(mantissa: tenths, scale: 1))],
                startSchedule: start, duration: duration)
        ], transactionId: transaction)
}
