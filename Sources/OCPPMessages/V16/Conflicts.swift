import Quantities

// The rules of OCPP 1.6 that a JSON schema cannot say. They bind what we send; what stations send is taken as it comes.
extension V16.Request {
    /// Rules across fields that the request breaks, each with the field to change; empty when it may be sent.
    public var conflicts: [FieldFault] {
        var rules = FieldRules()
        switch self {
        case .setChargingProfile(let request):
            rules.require(request.connectorId >= 0, "connectorId", "a connector is 0 (the whole station) or more")
            rules.check(request.csChargingProfiles, at: "csChargingProfiles", .set(connector: request.connectorId))
        case .remoteStartTransaction(let request):
            rules.require(
                request.connectorId.map { $0 > 0 } ?? true, "connectorId", "a connector that can charge is 1 or more")
            if let profile = request.chargingProfile { rules.check(profile, at: "chargingProfile", .remoteStart) }
        case .clearChargingProfile(let request):
            rules.require(
                request.connectorId.map { $0 >= 0 } ?? true, "connectorId",
                "a connector is 0 (the whole station) or more")
        case .getCompositeSchedule(let request):
            rules.require(request.connectorId >= 0, "connectorId", "a connector is 0 (the whole station) or more")
            rules.require(request.duration > 0, "duration", "a schedule lasts at least a second")
        case .changeAvailability(let request):
            rules.require(request.connectorId >= 0, "connectorId", "a connector is 0 (the whole station) or more")
        case .unlockConnector(let request):
            rules.require(request.connectorId > 0, "connectorId", "a connector that can be unlocked is 1 or more")
        case .triggerMessage(let request):
            rules.require(
                request.connectorId.map { $0 > 0 } ?? true, "connectorId",
                "a connector is 1 or more here; leave it out for all")
        case .extendedTriggerMessage(let request):
            rules.require(
                request.connectorId.map { $0 > 0 } ?? true, "connectorId",
                "a connector is 1 or more here; leave it out for all")
        case .reserveNow(let request):
            rules.require(request.connectorId >= 0, "connectorId", "a connector is 0 (any) or more")
        case .getDiagnostics(let request):
            if let start = request.startTime, let stop = request.stopTime {
                rules.require(start <= stop, "stopTime", "the log ends at or after startTime")
            }
        case .sendLocalList(let request):
            for (i, entry) in (request.localAuthorizationList ?? []).enumerated() where request.updateType == .full {
                rules.require(
                    entry.idTagInfo != nil, "localAuthorizationList[\(i)].idTagInfo", "a full list says it of every tag"
                )
            }
        default: break
        }
        return rules.broken
    }
}

private enum Setting {
    case set(connector: Int)
    case remoteStart
}

extension FieldRules {
    /// OCPP 1.6 §3.13 and §7.8 to §7.14.
    fileprivate mutating func check(_ profile: V16.ChargingProfile, at path: String, _ setting: Setting) {
        let purpose = profile.chargingProfilePurpose
        switch setting {
        case .set(let connector):
            if purpose == .chargePointMaxProfile {
                require(connector == 0, "connectorId", "a ChargePointMaxProfile belongs to connector 0")
            }
            if purpose == .txProfile {
                require(connector > 0, "connectorId", "a TxProfile belongs to a connector above 0")
                require(
                    profile.transactionId != nil, path + ".transactionId", "a TxProfile names the transaction it is for"
                )
            }
        case .remoteStart:
            require(
                purpose == .txProfile, path + ".chargingProfilePurpose",
                "a remote start carries a TxProfile, nothing else")
            require(
                profile.transactionId == nil, path + ".transactionId",
                "the transaction of a remote start has no number yet; leave it out")
        }
        if purpose != .txProfile {
            require(profile.transactionId == nil, path + ".transactionId", "only a TxProfile names a transaction")
        }
        require(profile.stackLevel >= 0, path + ".stackLevel", "a stack level is 0 or more")
        if let from = profile.validFrom, let to = profile.validTo {
            require(from < to, path + ".validTo", "validTo lies after validFrom")
        }
        let schedule = profile.chargingSchedule
        let start = path + ".chargingSchedule.startSchedule"
        switch profile.chargingProfileKind {
        case .relative:
            require(
                schedule.startSchedule == nil, start, "a Relative profile begins with its transaction; leave it out")
        case .recurring:
            require(schedule.startSchedule != nil, start, "a Recurring profile needs a first start")
            require(profile.recurrencyKind != nil, path + ".recurrencyKind", "a Recurring profile is Daily or Weekly")
        case .absolute, .unrecognized:
            require(schedule.startSchedule != nil, start, "an Absolute profile needs its start")
        }
        if profile.chargingProfileKind != .recurring {
            require(profile.recurrencyKind == nil, path + ".recurrencyKind", "only a Recurring profile recurs")
        }
        check(schedule, at: path + ".chargingSchedule")
    }

    private mutating func check(_ schedule: V16.ChargingSchedule, at path: String) {
        require(schedule.duration.map { $0 > 0 } ?? true, path + ".duration", "a schedule lasts at least a second")
        require(
            schedule.minChargingRate.map { $0.mantissa >= 0 } ?? true, path + ".minChargingRate", "a rate is 0 or more")
        let periods = schedule.chargingSchedulePeriod
        require(!periods.isEmpty, path + ".chargingSchedulePeriod", "a schedule has at least one period")
        for (i, period) in periods.enumerated() {
            let at = path + ".chargingSchedulePeriod[\(i)]"
            if i == 0 {
                require(period.startPeriod == 0, at + ".startPeriod", "the first period starts at 0")
            } else {
                require(
                    period.startPeriod > periods[i - 1].startPeriod, at + ".startPeriod",
                    "periods are in order, each later than the one before")
            }
            require(period.limit.mantissa >= 0, at + ".limit", "a limit is 0 or more")
            require(period.numberPhases.map { (1...3).contains($0) } ?? true, at + ".numberPhases", "1 to 3 phases")
        }
    }
}
