import OCPP
import OCPPMessages
import Quantities

@testable import Simulation

typealias Bench21 = StationBench<Words21>

/// As 2.0.1, with vehicles that may give energy back.
enum Words21: BenchWords {
    static let version = OCPPVersion.v21

    static func request(_ call: InboundCall) -> V2.Request? { Words201.request(call) }
    static func faults(request action: String, _ payload: [UInt8]) -> [FieldFault] {
        V2.validateRequest(action: action, payload: payload, version: .v21)
    }
    static func faults(response action: V2.Action, _ payload: [UInt8]) -> [FieldFault] {
        V2.validateResponse(action: action, payload: payload, version: .v21)
    }
    static func response(_ action: V2.Action, _ payload: [UInt8]) -> V2.Response? {
        try? V2.Response.decode(action, payload: payload.span, in: .v21).result.get()
    }
    static func isStart(_ request: V2.Request) -> Bool { Words201.isStart(request) }
    static func line(_ request: V2.Request) -> String { Words201.line(request) }

    static func friendly(_ request: V2.Request, _ number: Int) -> V2.Response? {
        if case .authorize = request {
            return .authorize(.init(idTokenInfo: .init(status: .accepted), allowedEnergyTransfer: [.dc, .dcBPT]))
        }
        return Words201.friendly(request, tag: .accepted)
    }
}

extension StationBench<Words21> {
    var events: [V2.TransactionEventRequest] {
        requests.compactMap { if case .transactionEvent(let event) = $0 { event } else { nil } }
    }
    var transaction: String? { events.last { $0.eventType == .started }?.transactionInfo.transactionId }
    var needs: [V2.ChargingNeeds] {
        requests.compactMap { if case .notifyEVChargingNeeds(let told) = $0 { told.chargingNeeds } else { nil } }
    }
    var watts: Int64 { station.power(connector: 1).watts }

    /// A station with electronics for both ways, and a vehicle of 60 kWh there.
    static func charging(
        _ vehicle: BidirectionalVehicle = .half, evse: BidirectionalEVSE = BidirectionalEVSE(),
        _ change: (inout StationSettings) -> Void = { _ in }
    ) -> Bench21 {
        var settings = StationSettings(identity: "V2G-1")
        settings.supply = Supply(voltage: 230, phases: 3)
        settings.maxMilliamperes = 100_000
        settings.bidirectional = evse
        change(&settings)
        var b = Bench21(settings)
        b.feed(.plugIn(connector: 1, SimulatedVehicle(vehicle), idTag: "A"))
        return b
    }

    /// Why it is not taken; `nil`: it is.
    mutating func set(_ profile: V2.ChargingProfile, evse: Int = 1) -> String? {
        guard
            case .setChargingProfile(let response)? = call(
                .setChargingProfile(.init(evseId: evse, chargingProfile: profile)))
        else { return "no answer" }
        return response.status == .accepted ? nil : response.statusInfo?.reasonCode ?? "no reason"
    }

    mutating func setpoint(
        _ watts: Int, id: Int = 1, level: Int = 2, kind: V2.ChargingProfileKind = .dynamic, duration: Int? = 60,
        maxOffline: Int? = nil, diesOffline: Bool? = nil, pullEvery: Int? = nil
    ) -> String? {
        set(
            .v2x(
                id, level, [.init(startPeriod: 0, setpoint: JSONDecimal(watts), operationMode: .centralSetpoint)],
                kind: kind, transaction: transaction, duration: duration, maxOffline: maxOffline,
                diesOffline: diesOffline, pullEvery: pullEvery))
    }

    mutating func update(_ watts: Int, id: Int = 1) -> V2.ChargingProfileStatus? {
        guard
            case .updateDynamicSchedule(let response)? = call(
                .updateDynamicSchedule(
                    .init(chargingProfileId: id, scheduleUpdate: .init(setpoint: JSONDecimal(watts)))))
        else { return nil }
        return response.status
    }
}

extension BidirectionalVehicle {
    static let half: BidirectionalVehicle = {
        var vehicle = BidirectionalVehicle(
            evccID: "0200000000A1", capacity: .kilowattHours(60), arrivalPermille: 500)
        vehicle.departure = t0 + .hours(8)
        return vehicle
    }()
}

extension V2.ChargingProfile {
    static func v2x(
        _ id: Int, _ level: Int, _ periods: [V2.ChargingSchedulePeriod],
        purpose: V2.ChargingProfilePurpose = .txProfile, kind: V2.ChargingProfileKind = .dynamic, transaction: String?,
        unit: V2.ChargingRateUnit = .w, duration: Int? = nil, maxOffline: Int? = nil, diesOffline: Bool? = nil,
        pullEvery: Int? = nil
    ) -> V2.ChargingProfile {
        V2.ChargingProfile(
            id: id, stackLevel: level, chargingProfilePurpose: purpose, chargingProfileKind: kind,
            chargingSchedule: [
                .init(
                    id: id, chargingRateUnit: unit, chargingSchedulePeriod: periods,
                    startSchedule: kind == .dynamic ? nil : t0, duration: duration)
            ], transactionId: purpose == .txProfile ? transaction : nil, maxOfflineDuration: maxOffline,
            invalidAfterOfflineDuration: diesOffline, dynUpdateInterval: pullEvery)
    }
}
