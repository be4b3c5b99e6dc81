import OCPP
import OCPPMessages

// Why a station of 2.1 does not take a charging profile (K01 and K28 with their errata; Q08 to Q10; V2X.05 to V2X.09).
extension Dialect201 {
    func fault(
        in profile: V2.ChargingProfile, evse: Int, by station: SimulatedChargePoint
    ) -> ProfileRefusal? {
        guard (0...station.connectors.count).contains(evse) else { return .unknownEVSE }
        let isDynamic = profile.chargingProfileKind == .dynamic
        switch profile.chargingProfilePurpose {
        case .priorityCharging:
            if profile.chargingSchedule.contains(where: { $0.duration != nil }) { return .schedule }
        case .unrecognized: return .purpose
        default: break
        }
        if case .unrecognized = profile.chargingProfileKind { return .kind }
        if !isDynamic, profile.dynUpdateInterval != nil || profile.dynUpdateTime != nil { return .profile }
        if isDynamic {
            guard profile.chargingSchedule.count == 1, let only = profile.chargingSchedule.first,
                only.chargingSchedulePeriod.count == 1, only.startSchedule == nil
            else { return .schedule }
        }
        for schedule in profile.chargingSchedule {
            // It says in its device model that it cannot.
            if schedule.useLocalTime == true || schedule.randomizedDelay ?? 0 > 0 || schedule.limitAtSoC != nil {
                return .schedule
            }
            for period in schedule.chargingSchedulePeriod {
                if let fault = fault(in: period, of: schedule, profile, evse: evse, by: station) { return fault }
            }
        }
        return nil
    }

    private func fault(
        in period: V2.ChargingSchedulePeriod, of schedule: V2.ChargingSchedule, _ profile: V2.ChargingProfile,
        evse: Int, by station: SimulatedChargePoint
    ) -> ProfileRefusal? {
        guard let mode = ChargingProfile.Mode(period.operationMode ?? .chargingOnly) else { return .mode }
        switch profile.chargingProfilePurpose {
        case .priorityCharging, .chargingStationMaxProfile: guard mode == .chargingOnly else { return .mode }
        case .localGeneration: guard mode == .chargingOnly || mode == .externalLimits else { return .mode }
        default: break
        }
        let electronics = station.settings.bidirectional
        if mode != .chargingOnly {
            guard let electronics, electronics.modes.contains(mode) else {
                return mode == .localLoadBalancing ? .unsupported : .mode
            }
            if station.settings.faults.refusesSetpoints, period.setpoint != nil { return .unsupported }
            let isEnabled = (evse == 0 ? Array(1...station.settings.connectors) : [evse]).allSatisfy {
                station.configuration.flag(.v2xEnabled($0))
            }
            guard isEnabled else { return .mode }
        }
        if electronics?.current == .direct, period.numberPhases != nil || period.phaseToUse != nil {
            return .phaseForDC
        }
        // No vehicle here tells what it takes on phases 2 and 3.
        let single = [
            period.limit_L2, period.limit_L3, period.dischargeLimit_L2, period.dischargeLimit_L3, period.setpoint_L2,
            period.setpoint_L3,
        ]
        if single.contains(where: { $0 != nil }) { return .phases }
        let limits = period.limit != nil || period.dischargeLimit != nil
        if mode != .idle, period.evseSleep == true || period.preconditioningRequest == true { return .schedule }
        switch mode {
        case .chargingOnly:
            guard period.limit != nil, period.dischargeLimit == nil, period.setpoint == nil else { return .schedule }
        case .centralSetpoint, .centralFrequency:
            guard period.setpoint != nil, mode == .centralSetpoint || profile.chargingProfileKind == .dynamic else {
                return .schedule
            }
        case .idle: if limits || period.setpoint != nil { return .schedule }
        case .localFrequency:
            if limits || period.setpoint != nil || schedule.chargingRateUnit != .w { return .schedule }
            guard period.v2xBaseline != nil, period.v2xFreqWattCurve?.count ?? 0 >= 2 else { return .frequencyCurve }
            if let signal = period.v2xSignalWattCurve, signal.count < 2 { return .signalCurve }
        case .localLoadBalancing:
            let numbers = evse == 0 ? Array(1...station.settings.connectors) : [evse]
            guard numbers.allSatisfy({ station.loadBand(evse: $0) != nil }) else { return .missingConfiguration }
        case .externalSetpoint, .externalLimits: break
        }
        if let setpoint = period.setpoint {
            if let limit = period.limit, limit < setpoint { return .schedule }
            if let least = period.dischargeLimit, setpoint < least { return .schedule }
        }
        return nil
    }
}
