import OCPPMessages
import Quantities

// OCPP 2.x part 2, block K. Of several schedules (for ISO 15118) the first counts.
extension ChargingProfile {
    /// `nil` for what these words cannot say: a Dynamic profile, an unknown word, a period without a limit.
    /// - Parameter instant: when a Dynamic profile came that does not say so itself (K28.FR.05).
    public init?(_ profile: V2.ChargingProfile, at instant: Instant? = nil) {
        guard let purpose = Purpose(profile.chargingProfilePurpose), let schedule = profile.chargingSchedule.first,
            let kind = Kind(profile.chargingProfileKind, profile.recurrencyKind)
        else { return nil }
        let unit: Unit
        switch schedule.chargingRateUnit {
        case .a: unit = .amperes
        case .w: unit = .watts
        case .unrecognized: return nil
        }
        var periods: [Period] = []
        for period in schedule.chargingSchedulePeriod {
            guard let mode = Mode(period.operationMode ?? .chargingOnly) else { return nil }
            // In 2.0.1, and while only charging is meant, a period is its limit.
            guard mode != .chargingOnly || period.limit != nil else { return nil }
            periods.append(
                Period(
                    start: period.startPeriod, limit: period.limit, phases: period.numberPhases, mode: mode,
                    dischargeLimit: period.dischargeLimit, setpoint: period.setpoint,
                    response: mode == .localFrequency ? FrequencyResponse(period) : nil,
                    sleeps: period.evseSleep ?? false, preconditions: period.preconditioningRequest ?? false))
        }
        self.init(
            id: profile.id, stackLevel: profile.stackLevel, purpose: purpose, kind: kind, unit: unit,
            start: schedule.startSchedule, duration: schedule.duration, periods: periods,
            validFrom: profile.validFrom, validTo: profile.validTo, transaction: profile.transactionId,
            updatedAt: kind == .dynamic ? profile.dynUpdateTime ?? instant : nil,
            updateInterval: profile.dynUpdateInterval, maxOffline: profile.maxOfflineDuration,
            diesOffline: profile.invalidAfterOfflineDuration ?? false)
    }
}

extension ChargingProfile.Purpose {
    /// `nil` for an unknown word.
    public init?(_ purpose: V2.ChargingProfilePurpose) {
        switch purpose {
        case .chargingStationMaxProfile: self = .stationMaximum
        case .chargingStationExternalConstraints: self = .externalConstraints
        case .txDefaultProfile: self = .transactionDefault
        case .txProfile: self = .transaction
        case .priorityCharging: self = .priority
        case .localGeneration: self = .localGeneration
        case .unrecognized: return nil
        }
    }
}

extension ChargingProfile.Kind {
    /// `nil` for an unknown word.
    fileprivate init?(_ kind: V2.ChargingProfileKind, _ recurrency: V2.RecurrencyKind?) {
        switch (kind, recurrency) {
        case (.absolute, _): self = .absolute
        case (.relative, _): self = .relative
        case (.recurring, .weekly?): self = .weekly
        case (.recurring, .daily?): self = .daily
        case (.dynamic, _): self = .dynamic
        case (.recurring, _), (.unrecognized, _): return nil
        }
    }
}

extension V2.ChargingProfile {
    /// The profile as a station reports it; its schedule has the profile's number.
    public init(_ profile: ChargingProfile) {
        let purpose: V2.ChargingProfilePurpose =
            switch profile.purpose {
            case .stationMaximum: .chargingStationMaxProfile
            case .externalConstraints: .chargingStationExternalConstraints
            case .transactionDefault: .txDefaultProfile
            case .transaction: .txProfile
            case .priority: .priorityCharging
            case .localGeneration: .localGeneration
            }
        let (kind, recurrency): (V2.ChargingProfileKind, V2.RecurrencyKind?) =
            switch profile.kind {
            case .absolute: (.absolute, nil)
            case .relative: (.relative, nil)
            case .daily: (.recurring, .daily)
            case .weekly: (.recurring, .weekly)
            case .dynamic: (.dynamic, nil)
            }
        let periods = profile.periods.map { period in
            let exact = { (value: Int64) in
                value % 100 == 0 ? JSONDecimal(mantissa: value / 100, scale: 1) : JSONDecimal(mantissa: value, scale: 3)
            }
            return V2.ChargingSchedulePeriod(
                startPeriod: period.start,
                limit: period.limit == ChargingProfile.Period.unlimited && period.mode != .chargingOnly
                    ? nil : exact(period.limit), numberPhases: period.phases,
                dischargeLimit: period.dischargeLimit.map(exact), setpoint: period.setpoint.map(exact),
                preconditioningRequest: period.preconditions ? true : nil, evseSleep: period.sleeps ? true : nil,
                v2xBaseline: period.response.map { exact($0.baseline) },
                operationMode: period.mode == .chargingOnly ? nil : V2.OperationMode(period.mode),
                v2xFreqWattCurve: period.response?.frequencyCurve, v2xSignalWattCurve: period.response?.signalCurve)
        }
        let schedule = V2.ChargingSchedule(
            id: profile.id, chargingRateUnit: profile.unit == .amperes ? .a : .w, chargingSchedulePeriod: periods,
            startSchedule: profile.start, duration: profile.duration)
        self.init(
            id: profile.id, stackLevel: profile.stackLevel, chargingProfilePurpose: purpose,
            chargingProfileKind: kind, chargingSchedule: [schedule], recurrencyKind: recurrency,
            validFrom: profile.validFrom, validTo: profile.validTo, transactionId: profile.transaction,
            maxOfflineDuration: profile.maxOffline, invalidAfterOfflineDuration: profile.diesOffline ? true : nil,
            dynUpdateInterval: profile.updateInterval, dynUpdateTime: profile.updatedAt)
    }
}

extension ChargingProfile.Mode {
    /// `nil` for an unknown word.
    public init?(_ mode: V2.OperationMode) {
        switch mode {
        case .idle: self = .idle
        case .chargingOnly: self = .chargingOnly
        case .centralSetpoint: self = .centralSetpoint
        case .externalSetpoint: self = .externalSetpoint
        case .externalLimits: self = .externalLimits
        case .centralFrequency: self = .centralFrequency
        case .localFrequency: self = .localFrequency
        case .localLoadBalancing: self = .localLoadBalancing
        case .unrecognized: return nil
        }
    }
}

extension V2.OperationMode {
    public init(_ mode: ChargingProfile.Mode) {
        switch mode {
        case .idle: self = .idle
        case .chargingOnly: self = .chargingOnly
        case .centralSetpoint: self = .centralSetpoint
        case .externalSetpoint: self = .externalSetpoint
        case .externalLimits: self = .externalLimits
        case .centralFrequency: self = .centralFrequency
        case .localFrequency: self = .localFrequency
        case .localLoadBalancing: self = .localLoadBalancing
        }
    }
}
