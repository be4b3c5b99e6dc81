import OCPP
import OCPPMessages
import Quantities

// Smart charging (part 2 block K).
extension Dialect201 {
    func install(_ request: V2.SetChargingProfileRequest, _ id: String, _ station: inout SimulatedChargePoint) {
        let refusal: ProfileRefusal?
        if is21, let fault = fault(in: request.chargingProfile, evse: request.evseId, by: station) {
            station.counts.profilesRejected += 1
            refusal = fault
        } else if let profile = chosen(of: request.chargingProfile, evse: request.evseId, by: station),
            profile.purpose != .stationMaximum || profile.kind != .relative
        {
            refusal = station.install(profile, evse: request.evseId)
            if refusal == nil {
                // 2.1 has more in a profile than counts here; values of a Dynamic one change.
                let isKept =
                    request.chargingProfile.chargingSchedule.count > 1 || (is21 && profile.kind != .dynamic)
                station.offers[profile.id] = isKept ? request.chargingProfile : nil
                if profile.purpose == .transaction { station.vehicleLearned(evse: request.evseId) }
            }
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
        case .mode: "InvalidOperationMode"
        case .purpose: "UnsupportedPurpose"
        case .kind: "UnsupportedKind"
        case .unsupported: "UnsupportedParam"
        case .frequencyCurve: "NoFreqWattCurve"
        case .signalCurve: "NoSignalWattCurve"
        case .missingConfiguration: "MissingDevModelInfo"
        case .phaseForDC: "NoPhaseForDC"
        case .phases: "PhaseConflict"
        }
    }

    func clear(_ request: V2.ClearChargingProfileRequest, _ id: String, _ station: inout SimulatedChargePoint) {
        let criteria = request.chargingProfileCriteria
        let purpose = criteria?.chargingProfilePurpose.map { ChargingProfile.Purpose($0) }
        var cleared = 0
        // A word that names no purpose matches nothing.
        if purpose != .some(nil) {
            // What others set, the central system cannot clear.
            let imposed = station.profiles.entries.filter { $0.profile.purpose == .externalConstraints }
            cleared =
                station.profiles.clear(
                    id: request.chargingProfileId, evse: criteria?.evseId, purpose: purpose ?? nil,
                    stackLevel: criteria?.stackLevel)
            let kept = Set(station.profiles.entries.map(\.profile.id))
            for entry in imposed where !kept.contains(entry.profile.id) {
                station.profiles.install(entry.profile, evse: entry.evse, replacing: replacement)
                cleared -= 1
            }
        }
        respond(.clearChargingProfile(.init(status: cleared > 0 ? .accepted : .unknown)), id, &station)
    }

    /// One message for each EVSE and source that has some, after the answer.
    func report(_ request: V2.GetChargingProfilesRequest, _ id: String, _ station: inout SimulatedChargePoint) {
        let wanted = request.chargingProfile
        func source(_ entry: ProfileStack.Entry) -> V2.ChargingLimitSource {
            entry.profile.purpose == .externalConstraints ? .ems : .cso
        }
        let found = station.profiles.entries.filter { entry in
            let profile = V2.ChargingProfile(entry.profile)
            return (wanted.chargingLimitSource?.contains(source(entry)) ?? true)
                && (request.evseId == nil || request.evseId == entry.evse)
                && (wanted.chargingProfileId?.contains(profile.id) ?? true)
                && (wanted.stackLevel == nil || wanted.stackLevel == profile.stackLevel)
                && (wanted.chargingProfilePurpose == nil
                    || wanted.chargingProfilePurpose == profile.chargingProfilePurpose)
        }
        respond(.getChargingProfiles(.init(status: found.isEmpty ? .noProfiles : .accepted)), id, &station)
        var parts: [(evse: Int, source: V2.ChargingLimitSource)] = []
        for entry in found.sorted(by: { $0.evse < $1.evse })
        where !parts.contains(where: { $0 == (entry.evse, source(entry)) }) {
            parts.append((entry.evse, source(entry)))
        }
        for (place, part) in parts.enumerated() {
            let message = V2.Request.reportChargingProfiles(
                .init(
                    requestId: request.requestId, chargingLimitSource: part.source,
                    chargingProfile: found.filter { $0.evse == part.evse && source($0) == part.source }.map {
                        station.offers[$0.profile.id] ?? V2.ChargingProfile($0.profile)
                    }, evseId: part.evse, tbc: place + 1 == parts.count ? nil : true))
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
        if is21, request.evseId > 0 {
            let both = station.powerSchedule(evse: request.evseId, over: schedule.span).schedule(
                of: request.evseId, in: chosen == .amperes ? .a : .w, supply: station.settings.supply,
                hardware: station.settings.hardware)
            return respond(.getCompositeSchedule(.init(status: .accepted, schedule: both)), id, &station)
        }
        let told = schedule.schedule(
            of: request.evseId, in: chosen == .amperes ? .a : .w, supply: station.settings.supply,
            hardware: station.settings.hardware)
        respond(.getCompositeSchedule(.init(status: .accepted, schedule: told)), id, &station)
    }
}
