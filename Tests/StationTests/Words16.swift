import OCPP
import OCPPMessages
import Quantities

@testable import Simulation

typealias Bench = StationBench<Words16>

enum Words16: BenchWords {
    static let version = OCPPVersion.v16

    static func request(_ call: InboundCall) -> V16.Request? {
        guard case .v16(let request) = call.request else { return nil }
        return request
    }
    static func faults(request action: String, _ payload: [UInt8]) -> [FieldFault] {
        V16.validateRequest(action: action, payload: payload)
    }
    static func faults(response action: V16.Action, _ payload: [UInt8]) -> [FieldFault] {
        V16.validateResponse(action: action, payload: payload)
    }
    static func response(_ action: V16.Action, _ payload: [UInt8]) -> V16.Response? {
        try? V16.Response.decode(action, payload: payload.span).result.get()
    }
    static func isStart(_ request: V16.Request) -> Bool { request.action == .startTransaction }

    static func friendly(_ request: V16.Request, _ number: Int) -> V16.Response? {
        friendly(request, number, tag: .accepted)
    }

    static func friendly(
        _ request: V16.Request, _ number: Int, tag: V16.AuthorizationStatus
    ) -> V16.Response? {
        switch request {
        case .bootNotification: .bootNotification(.init(status: .accepted, currentTime: t0, interval: 300))
        case .heartbeat: .heartbeat(.init(currentTime: t0))
        case .authorize: .authorize(.init(idTagInfo: .init(status: tag)))
        case .startTransaction: .startTransaction(.init(idTagInfo: .init(status: tag), transactionId: number))
        case .stopTransaction: .stopTransaction(.init())
        case .meterValues: .meterValues(.init())
        case .statusNotification: .statusNotification(.init())
        case .diagnosticsStatusNotification: .diagnosticsStatusNotification(.init())
        case .firmwareStatusNotification: .firmwareStatusNotification(.init())
        case .securityEventNotification: .securityEventNotification(.init())
        case .signCertificate: .signCertificate(.init(status: .accepted))
        default: nil
        }
    }

    static func line(_ request: V16.Request) -> String {
        switch request {
        case .statusNotification(let status): "\(status.connectorId) \(status.status.name)"
        case .startTransaction(let start): "start \(start.idTag) \(start.meterStart)"
        case .stopTransaction(let stop): "stop \(stop.transactionId) \(stop.meterStop) \(stop.reason?.name ?? "")"
        case .meterValues(let values):
            "meter \(values.transactionId.map { "\($0)" } ?? "-") \(values.meterValue.readings.first?.text ?? "")"
        case .firmwareStatusNotification(let status): "firmware \(status.status.name)"
        case .securityEventNotification(let notice): "security \(notice.type)"
        case .diagnosticsStatusNotification(let status): "diagnostics \(status.status.name)"
        default: request.action.rawValue
        }
    }
}

extension StationBench<Words16> {
    static func friendly(
        _ request: V16.Request, _ number: Int, tag: V16.AuthorizationStatus = .accepted
    ) -> V16.Response? { Words16.friendly(request, number, tag: tag) }
}
