import OCPP
import OCPPMessages
import Quantities

// Smart charging (part 2 block K).
extension Dialect201 {
    func install(_ request: V2.SetChargingProfileRequest, _ id: String, _ station: inout SimulatedChargePoint) {
        let refusal: ProfileRefusal?
        if let profile = ChargingProfile(request.chargingProfile),
            profile.purpose != .stationMaximum || profile.kind != .relative
        {
            refusal = station.install(profile, evse: request.evseId)
        } else {
            station.counts.profilesRejected += 1
            refusal = .profile
        }
        respond(
            .setChargingProfile(
                .init(
                    status: refusal == nil ? .accepted : .rejected,
                    statusInfo: refusal.map { V2.StatusInfo(reasonCode: reasonCode($0)) })), id, &station)
    }

    /// Part 2 appendix 5.
    private func reasonCode(_ refusal: ProfileRefusal) -> String {
        switch refusal {
        case .unknownEVSE: "UnknownEvse"
        case .rateUnit: "UnsupportedRateUnit"
        case .schedule: "InvalidSchedule"
        case .profile: "InvalidProfile"
        case .transactionNotFound: "TxNotFound"
        case .conflict: "DuplicateProfile"
        case .tooMany: "OutOfMemory"
        }
    }

    func clear(_ request: V2.ClearChargingProfileRequest, _ id: String, _ station: inout SimulatedChargePoint) {
        let criteria = request.chargingProfileCriteria
        let purpose = criteria?.chargingProfilePurpose.map { ChargingProfile.Purpose($0) }
        var cleared = 0
        // A word that names no purpose matches nothing.
        if purpose != .some(nil) {
            cleared = station.profiles.clear(
                id: request.chargingProfileId, evse: criteria?.evseId, purpose: purpose ?? nil,
                stackLevel: criteria?.stackLevel)
        }
        respond(.clearChargingProfile(.init(status: cleared > 0 ? .accepted : .unknown)), id, &station)
    }

    /// One message for each EVSE that has some, after the answer.
    func report(_ request: V2.GetChargingProfilesRequest, _ id: String, _ station: inout SimulatedChargePoint) {
        let wanted = request.chargingProfile
        // Everything in it came from the central system.
        let isOurs = wanted.chargingLimitSource?.contains(.cso) ?? true
        let found = station.profiles.entries.filter { entry in
            let profile = V2.ChargingProfile(entry.profile)
            return isOurs && (request.evseId == nil || request.evseId == entry.evse)
                && (wanted.chargingProfileId?.contains(profile.id) ?? true)
                && (wanted.stackLevel == nil || wanted.stackLevel == profile.stackLevel)
                && (wanted.chargingProfilePurpose == nil
                    || wanted.chargingProfilePurpose == profile.chargingProfilePurpose)
        }
        respond(.getChargingProfiles(.init(status: found.isEmpty ? .noProfiles : .accepted)), id, &station)
        let evses = Set(found.map(\.evse)).sorted()
        for evse in evses {
            let message = V2.Request.reportChargingProfiles(
                .init(
                    requestId: request.requestId, chargingLimitSource: .cso,
                    chargingProfile: found.filter { $0.evse == evse }.map { V2.ChargingProfile($0.profile) },
                    evseId: evse, tbc: evse == evses.last ? nil : true))
            station.call(message.action.rawValue, message.json, .other)
        }
    }

    func composite(
        _ request: V2.GetCompositeScheduleRequest, _ id: String, _ station: inout SimulatedChargePoint
    ) {
        func refuse(_ reason: String) {
            respond(
                .getCompositeSchedule(
                    .init(status: .rejected, statusInfo: V2.StatusInfo(reasonCode: reason))), id, &station)
        }
        var unit: ChargingProfile.Unit?
        switch request.chargingRateUnit {
        case .a?: unit = .amperes
        case .w?: unit = .watts
        case .unrecognized?: return refuse("UnsupportedRateUnit")
        case nil: break
        }
        guard (0...station.connectors.count).contains(request.evseId) else { return refuse("UnknownEvse") }
        guard
            let (schedule, chosen) = station.composite(
                connector: request.evseId, seconds: request.duration, unit: unit)
        else { return refuse(request.duration < 1 ? "InvalidValue" : "UnsupportedRateUnit") }
        let told = schedule.schedule(
            of: request.evseId, in: chosen == .amperes ? .a : .w, supply: station.settings.supply,
            hardware: station.settings.hardware)
        respond(.getCompositeSchedule(.init(status: .accepted, schedule: told)), id, &station)
    }
}
