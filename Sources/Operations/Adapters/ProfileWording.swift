import Charging
import OCPP
import OCPPMessages
import Quantities

// Charging profiles in the words of 1.6 (§5.4, §5.16, §7.8) and 2.x (block K).
extension AnsweredCall {
    /// Actions whose answers tell which profiles a station holds.
    static let profileActions: Set<String> = [
        "SetChargingProfile", "ClearChargingProfile", "GetChargingProfiles", "RemoteStartTransaction",
        "RequestStartTransaction", "UpdateDynamicSchedule",
    ]

    var profileFact: ProfileFact? {
        switch self {
        case .v16(.setChargingProfile(let sent), .setChargingProfile(let answer)):
            answer.status == .accepted ? .holds(HeldProfile(sent.csChargingProfiles, sent.connectorId), true) : nil
        case .v16(.remoteStartTransaction(let sent), .remoteStartTransaction(let answer)):
            answer.status == .accepted
                ? sent.chargingProfile.map { .holds(HeldProfile($0, sent.connectorId ?? 0), true) } : nil
        // Unknown says as well that it has none of them.
        case .v16(.clearChargingProfile(let sent), .clearChargingProfile(let answer)):
            answer.status == .accepted || answer.status == .unknown
                ? .cleared(
                    ProfileCriteria(
                        ids: sent.id.map { [$0] }, evse: sent.connectorId, purpose: sent.chargingProfilePurpose?.name,
                        level: sent.stackLevel)) : nil
        case .v2(.setChargingProfile(let sent), .setChargingProfile(let answer)):
            answer.status == .accepted ? .holds(HeldProfile(sent.chargingProfile, sent.evseId), false) : nil
        case .v2(.requestStartTransaction(let sent), .requestStartTransaction(let answer)):
            answer.status == .accepted
                ? sent.chargingProfile.map { .holds(HeldProfile($0, sent.evseId ?? 0), false) } : nil
        case .v2(.updateDynamicSchedule(let sent), .updateDynamicSchedule(let answer)):
            answer.status == .accepted
                ? .updated(
                    sent.chargingProfileId, limit: sent.scheduleUpdate.limit.map(HeldProfile.thousandths),
                    dischargeLimit: sent.scheduleUpdate.dischargeLimit.map(HeldProfile.signedThousandths),
                    setpoint: sent.scheduleUpdate.setpoint.map(HeldProfile.signedThousandths)) : nil
        case .v2(.clearChargingProfile(let sent), .clearChargingProfile(let answer)):
            answer.status == .accepted || answer.status == .unknown
                ? .cleared(
                    ProfileCriteria(
                        ids: sent.chargingProfileId.map { [$0] }, evse: sent.chargingProfileCriteria?.evseId,
                        purpose: sent.chargingProfileCriteria?.chargingProfilePurpose?.name,
                        level: sent.chargingProfileCriteria?.stackLevel)) : nil
        case .v2(.getChargingProfiles(let sent), .getChargingProfiles(let answer)):
            switch answer.status {
            case .accepted, .noProfiles:
                .asked(
                    request: sent.requestId,
                    ProfileCriteria(
                        ids: sent.chargingProfile.chargingProfileId, evse: sent.evseId,
                        purpose: sent.chargingProfile.chargingProfilePurpose?.name,
                        level: sent.chargingProfile.stackLevel,
                        sources: sent.chargingProfile.chargingLimitSource?.map(\.name)),
                    isEmpty: answer.status == .noProfiles)
            case .unrecognized: nil
            }
        default: nil
        }
    }
}

extension ProfileFact {
    fileprivate static func holds(_ profile: HeldProfile, _ replacesLevel: Bool) -> ProfileFact {
        .holds(profile, replacesLevel: replacesLevel)
    }
}

extension OCPP2Adapter {
    static func news(_ report: V2.ReportChargingProfilesRequest) -> ProfileNews {
        .report(
            request: report.requestId,
            report.chargingProfile.map {
                HeldProfile($0, report.evseId, source: report.chargingLimitSource.name)
            }, goesOn: report.tbc ?? false)
    }

    /// Without an EVSE, or with 0, it is about the station as a whole.
    static func outsideLimit(_ notice: V2.NotifyChargingLimitRequest) -> OutsideLimitNews {
        OutsideLimitNews(
            evse: max(0, notice.evseId ?? 0), source: notice.chargingLimit.chargingLimitSource.name,
            isCritical: notice.chargingLimit.isGridCritical,
            isLocalGeneration: notice.chargingLimit.isLocalGeneration ?? false,
            schedules: (notice.chargingSchedule ?? []).map(HeldProfile.Schedule.init))
    }
}

extension HeldProfile {
    init(_ profile: V16.ChargingProfile, _ connector: Int) {
        let schedule = profile.chargingSchedule
        self.init(
            id: profile.chargingProfileId, evse: max(0, connector), purpose: profile.chargingProfilePurpose.name,
            level: profile.stackLevel, kind: profile.chargingProfileKind.name, recurrency: profile.recurrencyKind?.name,
            validFrom: profile.validFrom, validTo: profile.validTo, transaction: profile.transactionId.map(String.init),
            schedules: [
                Schedule(
                    unit: schedule.chargingRateUnit.name, startsAt: schedule.startSchedule,
                    duration: schedule.duration,
                    periods: schedule.chargingSchedulePeriod.map {
                        Schedule.Period(
                            start: $0.startPeriod, limit: Self.thousandths($0.limit), phases: $0.numberPhases)
                    })
            ])
    }

    init(_ profile: V2.ChargingProfile, _ evse: Int, source: String = HeldProfile.ours) {
        self.init(
            id: profile.id, evse: max(0, evse), purpose: profile.chargingProfilePurpose.name,
            level: profile.stackLevel, kind: profile.chargingProfileKind.name, recurrency: profile.recurrencyKind?.name,
            validFrom: profile.validFrom, validTo: profile.validTo, transaction: profile.transactionId,
            schedules: profile.chargingSchedule.map(Schedule.init), source: source,
            liveness: Liveness(
                offline: profile.maxOfflineDuration,
                isDeadAfterwards: profile.invalidAfterOfflineDuration ?? false, updatedAt: profile.dynUpdateTime,
                updateInterval: profile.dynUpdateInterval))
    }

    fileprivate static func signedThousandths(_ value: JSONDecimal) -> Int64 {
        value < JSONDecimal(0)
            ? max(value.scaled(by: 3) ?? .min, -999_999_999_999) : thousandths(value)
    }

    fileprivate static func thousandths(_ limit: JSONDecimal) -> Int64 {
        max(0, min(limit.scaled(by: 3) ?? .max, 999_999_999_999))
    }

    /// The profile in the words of the arithmetic, with one of its schedules; those without a start begin at `told`.
    /// `nil`: it says nothing that holds a charging vehicle back.
    func profile(_ schedule: Schedule, told: Instant) -> ChargingProfile? {
        let kind: ChargingProfile.Kind
        switch (self.kind, recurrency) {
        case ("Recurring", "Weekly"): kind = .weekly
        case ("Recurring", _): kind = .daily
        case ("Relative", _), ("Absolute", _): kind = .absolute
        default: return nil
        }
        let unit: ChargingProfile.Unit
        switch schedule.unit {
        case "A": unit = .amperes
        case "W": unit = .watts
        default: return nil
        }
        return ChargingProfile(
            id: id, stackLevel: level, purpose: .externalConstraints, kind: kind, unit: unit,
            start: schedule.startsAt ?? told, duration: schedule.duration,
            // Without a limit a period allows everything, as the arithmetic's highest number does.
            periods: schedule.periods.map {
                ChargingProfile.Period(
                    start: $0.start, limit: JSONDecimal(mantissa: $0.limit ?? 999_999_999_999, scale: 3),
                    phases: $0.phases,
                    dischargeLimit: $0.v2x?.dischargeLimit.map { JSONDecimal(mantissa: $0, scale: 3) })
            }, validFrom: validFrom, validTo: validTo)
    }
}

extension HeldProfile.Schedule {
    init(_ schedule: V2.ChargingSchedule) {
        self.init(
            unit: schedule.chargingRateUnit.name, startsAt: schedule.startSchedule, duration: schedule.duration,
            periods: schedule.chargingSchedulePeriod.map {
                Period(
                    start: $0.startPeriod, limit: $0.limit.map(HeldProfile.thousandths), phases: $0.numberPhases,
                    v2x: Period.V2X(
                        mode: $0.operationMode.flatMap {
                            $0 == .chargingOnly ? nil : HeldProfile.word($0.name)
                        }, dischargeLimit: $0.dischargeLimit.map(HeldProfile.signedThousandths),
                        setpoint: $0.setpoint.map(HeldProfile.signedThousandths),
                        curves: FrequencyCurves($0), sleeps: $0.evseSleep ?? false,
                        preconditions: $0.preconditioningRequest ?? false))
            })
    }
}

extension FrequencyCurves {
    /// `nil` where the period says nothing of it.
    init?(_ period: V2.ChargingSchedulePeriod) {
        func exact(_ value: JSONDecimal) -> Int64 { HeldProfile.signedThousandths(value) }
        self.init(
            baseline: period.v2xBaseline.map(exact),
            frequency: (period.v2xFreqWattCurve ?? []).map { Point(at: exact($0.frequency), power: exact($0.power)) },
            signal: (period.v2xSignalWattCurve ?? []).map { Point(at: Int64($0.signal), power: exact($0.power)) })
    }

    /// What has no baseline answers around nothing.
    var response: FrequencyResponse {
        FrequencyResponse(
            baseline: baseline ?? 0, frequency: frequency.map { .init(at: $0.at, power: $0.power) },
            signal: signal.map { .init(at: $0.at, power: $0.power) })
    }
}

extension OutsideLimit {
    /// The most that an EVSE may give back at an instant, 0 or less: the tightest of its schedules (2.1 ExternalLimits); `nil`:
    /// it says nothing of that.
    public func dischargeLimit(at instant: Instant, voltage: Int, phases: Int) -> Power? {
        guard !isLocalGeneration, voltage > 0, (1...3).contains(phases) else { return nil }
        return profile.schedules.compactMap { schedule in
            guard let one = profile.profile(schedule, told: at),
                let period = one.period(at: instant, transactionStart: nil), let least = period.dischargeLimit
            else { return nil as Power? }
            let factor = schedule.unit == "A" ? Int64(voltage * max(1, min(period.phases ?? 3, phases))) : 1
            return Power(watts: least * factor / 1000)
        }.max()
    }

    /// What it allows at an instant on an EVSE of so many line-to-neutral volts and phases: the lowest of its schedules;
    /// `nil`: nothing is known, or nothing is held back.
    public func limit(at instant: Instant, voltage: Int, phases: Int) -> Power? {
        isLocalGeneration ? nil : lowest(at: instant, voltage: voltage, phases: phases)
    }

    /// Power that is there in addition; `nil`: none, or it was not said.
    public func generation(at instant: Instant, voltage: Int, phases: Int) -> Power? {
        isLocalGeneration ? lowest(at: instant, voltage: voltage, phases: phases) : nil
    }

    private func lowest(at instant: Instant, voltage: Int, phases: Int) -> Power? {
        guard voltage > 0, (1...3).contains(phases) else { return nil }
        let supply = Supply(voltage: voltage, phases: phases)
        return profile.schedules.compactMap { schedule in
            guard let one = profile.profile(schedule, told: at) else { return nil as Power? }
            var stack = ProfileStack()
            // One at a time: of several the lowest counts, not the highest level.
            stack.install(one, evse: 0, replacing: .sameID)
            return stack.limit(evse: 0, at: instant, transaction: nil, supply: supply)?.power
        }.min()
    }
}
