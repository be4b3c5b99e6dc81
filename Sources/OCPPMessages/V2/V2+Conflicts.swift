import Quantities

// The rules of OCPP 2.0.1 and 2.1 that a JSON schema cannot say. They bind what we send; what stations send is taken as it comes.
extension V2.Request {
    /// Rules across fields that the request breaks, each with the field to change; empty when it may be sent.
    public var conflicts: [FieldFault] {
        var rules = FieldRules()
        switch self {
        case .setChargingProfile(let request):
            rules.require(request.evseId >= 0, "evseId", "an EVSE is 0 (the whole station) or more")
            rules.check(request.chargingProfile, at: "chargingProfile", evse: request.evseId)
        case .requestStartTransaction(let request):
            rules.require(request.evseId.map { $0 > 0 } ?? true, "evseId", "an EVSE that can charge is 1 or more")
            if let profile = request.chargingProfile {
                rules.require(
                    profile.chargingProfilePurpose == .txProfile, "chargingProfile.chargingProfilePurpose",
                    "a remote start carries a TxProfile, nothing else")
                rules.require(
                    profile.transactionId == nil, "chargingProfile.transactionId",
                    "the transaction of a remote start has no id yet; leave it out")
                rules.check(profile, at: "chargingProfile", evse: nil)
            }
        case .getCompositeSchedule(let request):
            rules.require(request.evseId >= 0, "evseId", "an EVSE is 0 (the whole station) or more")
            rules.require(request.duration > 0, "duration", "a schedule lasts at least a second")
        case .unlockConnector(let request):
            rules.require(request.evseId > 0, "evseId", "an EVSE that can be unlocked is 1 or more")
            rules.require(request.connectorId > 0, "connectorId", "a connector that can be unlocked is 1 or more")
        case .getLog(let request):
            if let oldest = request.log.oldestTimestamp, let latest = request.log.latestTimestamp {
                rules.require(oldest <= latest, "log.latestTimestamp", "the log ends at or after oldestTimestamp")
            }
        case .sendLocalList(let request):
            for (i, entry) in (request.localAuthorizationList ?? []).enumerated() where request.updateType == .full {
                rules.require(
                    entry.idTokenInfo != nil, "localAuthorizationList[\(i)].idTokenInfo",
                    "a full list says it of every token")
            }
        case .setNetworkProfile(let request):
            rules.require(
                (1...3).contains(request.connectionData.securityProfile), "connectionData.securityProfile",
                "2.x knows the security profiles 1 to 3")
        case .setDERControl(let request): rules.check(request)
        default: break
        }
        return rules.broken
    }
}

// OCPP 2.1 part 2, K01 and its table of purposes; the erratum of 2025-09.
extension FieldRules {
    /// - Parameter evse: `nil` in a remote start, which names its own.
    fileprivate mutating func check(_ profile: V2.ChargingProfile, at path: String, evse: Int?) {
        let purpose = profile.chargingProfilePurpose
        let kind = profile.chargingProfileKind
        switch purpose {
        case .chargingStationMaxProfile:
            require(evse == 0, "evseId", "a ChargingStationMaxProfile belongs to EVSE 0")
            require(kind != .relative, path + ".chargingProfileKind", "a station's maximum is never Relative")
        case .txProfile where evse != nil:
            require(evse != 0, "evseId", "a TxProfile belongs to an EVSE above 0")
            require(
                profile.transactionId != nil, path + ".transactionId", "a TxProfile names the transaction it is for")
        case .chargingStationExternalConstraints:
            require(
                false, path + ".chargingProfilePurpose", "external constraints are the station's to report, not ours")
        default: break
        }
        if purpose != .txProfile {
            require(profile.transactionId == nil, path + ".transactionId", "only a TxProfile names a transaction")
        }
        require(profile.stackLevel >= 0, path + ".stackLevel", "a stack level is 0 or more")
        if let from = profile.validFrom, let to = profile.validTo {
            require(from < to, path + ".validTo", "validTo lies after validFrom")
        }
        require(
            (kind == .recurring) == (profile.recurrencyKind != nil), path + ".recurrencyKind",
            "a Recurring profile, and no other, is Daily or Weekly")
        if kind == .dynamic {
            require(
                profile.chargingSchedule.count == 1, path + ".chargingSchedule", "a Dynamic profile has one schedule")
        } else {
            require(
                profile.dynUpdateInterval == nil && profile.dynUpdateTime == nil, path + ".dynUpdateInterval",
                "only a Dynamic profile is updated")
        }
        for (i, schedule) in profile.chargingSchedule.enumerated() {
            check(schedule, of: profile, at: path + ".chargingSchedule[\(i)]")
        }
    }

    private mutating func check(_ schedule: V2.ChargingSchedule, of profile: V2.ChargingProfile, at path: String) {
        let kind = profile.chargingProfileKind
        let start = path + ".startSchedule"
        if kind == .relative || kind == .dynamic {
            require(
                schedule.startSchedule == nil, start, "a \(kind.name) profile has no start of its own; leave it out")
        } else {
            require(schedule.startSchedule != nil, start, "an \(kind.name) profile needs its start")
        }
        require(schedule.duration.map { $0 > 0 } ?? true, path + ".duration", "a schedule lasts at least a second")
        if profile.chargingProfilePurpose == .priorityCharging {
            require(schedule.duration == nil, path + ".duration", "priority charging has no duration")
        }
        require(
            schedule.minChargingRate.map { $0.mantissa >= 0 } ?? true, path + ".minChargingRate", "a rate is 0 or more")
        let periods = schedule.chargingSchedulePeriod
        require(
            !periods.isEmpty && (kind != .dynamic || periods.count == 1), path + ".chargingSchedulePeriod",
            kind == .dynamic ? "a Dynamic profile has one period" : "a schedule has at least one period")
        for (i, period) in periods.enumerated() {
            let at = path + ".chargingSchedulePeriod[\(i)]"
            if i == 0 {
                require(period.startPeriod == 0, at + ".startPeriod", "the first period starts at 0")
            } else {
                require(
                    period.startPeriod > periods[i - 1].startPeriod, at + ".startPeriod",
                    "periods are in order, each later than the one before")
            }
            check(period, of: profile, in: schedule.chargingRateUnit, at: at)
        }
    }

    private mutating func check(
        _ period: V2.ChargingSchedulePeriod, of profile: V2.ChargingProfile, in unit: V2.ChargingRateUnit,
        at path: String
    ) {
        let zero = JSONDecimal(0)
        require(period.limit.map { $0 >= zero } ?? true, path + ".limit", "a limit is 0 or more")
        require(period.numberPhases.map { (1...3).contains($0) } ?? true, path + ".numberPhases", "1 to 3 phases")
        require(
            period.phaseToUse == nil || period.numberPhases == 1, path + ".phaseToUse",
            "a phase is chosen only with numberPhases 1")
        checkPhases(period, of: profile, at: path)
        check(period, mode: period.operationMode ?? .chargingOnly, of: profile, in: unit, at: path)
        if let setpoint = period.setpoint {
            if let limit = period.limit { require(setpoint <= limit, path + ".setpoint", "a setpoint is within limit") }
            if let least = period.dischargeLimit {
                require(setpoint >= least, path + ".setpoint", "a setpoint is within dischargeLimit")
            }
        }
    }

    /// Values of phases 2 and 3 stand beside that of phase 1, in profiles of transactions (V2X.06 to V2X.09).
    private mutating func checkPhases(
        _ period: V2.ChargingSchedulePeriod, of profile: V2.ChargingProfile, at path: String
    ) {
        let families: [(String, JSONDecimal?, JSONDecimal?, JSONDecimal?)] = [
            ("limit", period.limit, period.limit_L2, period.limit_L3),
            ("dischargeLimit", period.dischargeLimit, period.dischargeLimit_L2, period.dischargeLimit_L3),
            ("setpoint", period.setpoint, period.setpoint_L2, period.setpoint_L3),
            (
                "setpointReactive", period.setpointReactive, period.setpointReactive_L2, period.setpointReactive_L3
            ),
        ]
        for (name, first, second, third) in families where second != nil || third != nil {
            require(first != nil, path + "." + name, "values of phases 2 and 3 stand beside that of phase 1")
            require(
                profile.chargingProfilePurpose == .txProfile, path + "." + name + "_L2",
                "values a phase belong in a TxProfile")
        }
    }

    /// The table of operation modes (2.1 part 2, block Q), where it leaves a choice as the erratum has it: a central setpoint comes
    /// without limits.
    private mutating func check(
        _ period: V2.ChargingSchedulePeriod, mode: V2.OperationMode, of profile: V2.ChargingProfile,
        in unit: V2.ChargingRateUnit, at path: String
    ) {
        let at = { (field: String) in path + "." + field }
        let isWithoutLimits = period.limit == nil && period.dischargeLimit == nil
        switch profile.chargingProfilePurpose {
        case .priorityCharging, .chargingStationMaxProfile:
            require(mode == .chargingOnly, at("operationMode"), "this purpose knows ChargingOnly")
        case .localGeneration:
            require(
                mode == .chargingOnly || mode == .externalLimits, at("operationMode"),
                "local generation knows ChargingOnly and ExternalLimits")
        default: break
        }
        switch mode {
        case .chargingOnly:
            require(period.limit != nil, at("limit"), "ChargingOnly needs a limit")
            require(period.dischargeLimit == nil, at("dischargeLimit"), "ChargingOnly does not discharge")
            require(period.setpoint == nil, at("setpoint"), "ChargingOnly has a limit, not a setpoint")
        case .centralSetpoint, .centralFrequency:
            require(period.setpoint != nil, at("setpoint"), "\(mode.name) needs a setpoint")
            require(isWithoutLimits, at("limit"), "\(mode.name) has a setpoint, no limits")
            if mode == .centralFrequency {
                require(
                    profile.chargingProfileKind == .dynamic, at("operationMode"),
                    "CentralFrequency belongs in a Dynamic profile")
            }
        case .localFrequency:
            require(isWithoutLimits && period.setpoint == nil, at("setpoint"), "LocalFrequency computes its own power")
            require(unit == .w, at("v2xBaseline"), "LocalFrequency works in W")
            require(period.v2xBaseline != nil, at("v2xBaseline"), "LocalFrequency needs a baseline")
            require(
                (period.v2xFreqWattCurve?.count ?? 0) >= 2, at("v2xFreqWattCurve"), "a curve has two points or more")
            require(
                period.v2xSignalWattCurve.map { $0.count >= 2 } ?? true, at("v2xSignalWattCurve"),
                "a curve has two points or more")
        case .localLoadBalancing, .externalLimits, .externalSetpoint, .unrecognized: break
        case .idle:
            require(isWithoutLimits && period.setpoint == nil, at("setpoint"), "Idle has neither limits nor setpoint")
        }
        if mode != .idle {
            require(
                period.evseSleep == nil && period.preconditioningRequest == nil, at("evseSleep"),
                "sleep and preconditioning belong to Idle")
        }
    }
}

// OCPP 2.1 part 2, R04 and its errata.
extension FieldRules {
    fileprivate mutating func check(_ request: V2.SetDERControlRequest) {
        let due: String? =
            switch request.controlType {
            case .enterService: "enterService"
            case .freqDroop: "freqDroop"
            case .fixedPFAbsorb: "fixedPFAbsorb"
            case .fixedPFInject: "fixedPFInject"
            case .fixedVar: "fixedVar"
            case .gradients: "gradient"
            case .limitMaxDischarge: "limitMaxDischarge"
            case .unrecognized: nil
            default: "curve"
            }
        let curve = request.curve
        let given: [(name: String, isGiven: Bool, start: Instant?, duration: JSONDecimal?)] = [
            ("curve", curve != nil, curve?.startTime, curve?.duration),
            ("enterService", request.enterService != nil, nil, nil),
            (
                "fixedPFAbsorb", request.fixedPFAbsorb != nil, request.fixedPFAbsorb?.startTime,
                request.fixedPFAbsorb?.duration
            ),
            (
                "fixedPFInject", request.fixedPFInject != nil, request.fixedPFInject?.startTime,
                request.fixedPFInject?.duration
            ),
            ("fixedVar", request.fixedVar != nil, request.fixedVar?.startTime, request.fixedVar?.duration),
            ("freqDroop", request.freqDroop != nil, request.freqDroop?.startTime, request.freqDroop?.duration),
            ("gradient", request.gradient != nil, nil, nil),
            (
                "limitMaxDischarge", request.limitMaxDischarge != nil, request.limitMaxDischarge?.startTime,
                request.limitMaxDischarge?.duration
            ),
        ]
        for field in given {
            require(
                field.isGiven == (field.name == due), field.name,
                "a control of type \(request.controlType.name) carries \(due ?? "its own field"), and nothing else")
            guard field.isGiven else { continue }
            if request.isDefault {
                require(
                    field.start == nil && field.duration == nil, field.name + ".startTime",
                    "a default control has neither start nor duration")
            } else if field.name == "enterService" || field.name == "gradient" {
                require(false, "isDefault", "\(request.controlType.name) exists as a default only")
            } else {
                require(
                    field.start != nil && field.duration != nil, field.name + ".startTime",
                    "a scheduled control has a start and a duration")
            }
        }
    }
}
