import Charging
import OCPP
import OCPPMessages
import Quantities

// Rules of what may be sent that need to know the station, beside those that a message breaks by itself
// (``V2/Request/conflicts``). Only what is known refuses: a station that did not say what it can is asked.
//
// Not refused: a limit or a setpoint beyond the rating of an EVSE. Its station caps both (V2X.03, V2X.04), and a high number is
// how a profile says "no limit" (2.1 part 2 §3.7.1).
extension StationSlot {
    /// What a command would break, each with its field; empty when it may go.
    func broken(by action: String, _ payload: [UInt8], at now: Instant) -> [ServiceFault.Field] {
        guard version != .v16, Self.ruled.contains(action), let action = V2.Action(rawValue: action),
            case .success(let request) = V2.Request.decode(action, payload: payload.span, in: version).result
        else { return [] }
        switch request {
        case .setChargingProfile(let sent):
            return broken(by: sent.chargingProfile, evse: sent.evseId, at: now)
        case .requestStartTransaction(let sent):
            return sent.chargingProfile.map { broken(by: $0, evse: sent.evseId ?? 0, at: now) } ?? []
        case .updateDynamicSchedule(let sent): return broken(by: sent)
        case .afrrSignal: return brokenBySignal(at: now)
        default: return []
        }
    }
    private static let ruled: Set<String> = [
        "SetChargingProfile", "RequestStartTransaction", "UpdateDynamicSchedule", "AFRRSignal",
    ]

    private func broken(by profile: V2.ChargingProfile, evse: Int, at now: Instant) -> [ServiceFault.Field] {
        var broken: [ServiceFault.Field] = []
        func refuse(_ path: String, _ why: String) {
            if broken.count < Self.mostTold {
                broken.append(.init(path: "chargingProfile." + path, .payload(.conflict, detail: why)))
            }
        }
        if let other = overlapping(profile, evse: evse, at: now) {
            refuse(
                "stackLevel",
                "profile \(other) of the same purpose and level holds at EVSE \(evse) at the same time; replace it by its id, clear it or choose another level (K01.FR.06, K01.FR.39)"
            )
        }
        guard version == .v21 else { return broken }
        let session = activeSession(on: evse).map { sessions[$0] }
        for (i, schedule) in profile.chargingSchedule.enumerated() {
            for (j, period) in schedule.chargingSchedulePeriod.enumerated() {
                let path = "chargingSchedule[\(i)].chargingSchedulePeriod[\(j)]."
                check(mode: period, evse: evse) { refuse(path + "operationMode", $0) }
                guard profile.chargingProfilePurpose == .txProfile, let session else { continue }
                check(phases: period, of: session) { refuse(path + $0, $1) }
                check(direction: period, of: session) { refuse(path + $0, $1) }
            }
        }
        return broken
    }
    /// Of several schedules with a thousand periods each the first few say enough.
    private static let mostTold = 20

    /// Number of a profile of ours that a new one would overlap.
    private func overlapping(_ profile: V2.ChargingProfile, evse: Int, at now: Instant) -> Int? {
        profiles?.picture.kept.first { one in
            let held = one.profile
            guard held.id != profile.id, held.evse == evse, held.purpose == profile.chargingProfilePurpose.name,
                held.level == profile.stackLevel, held.source == HeldProfile.ours, one.missingSince == nil,
                !held.isOver(at: now),
                held.purpose != HeldProfile.forTransaction || held.transaction == profile.transactionId
            else { return false }
            let startsBeforeItsEnd = held.validFrom.map { from in profile.validTo.map { from < $0 } ?? true } ?? true
            let endsAfterItsStart = held.validTo.map { to in profile.validFrom.map { $0 < to } ?? true } ?? true
            return startsBeforeItsEnd && endsAfterItsStart
        }?.profile.id
    }

    /// K01.FR.115, Q09.FR.01, Q09.FR.02.
    private func check(mode period: V2.ChargingSchedulePeriod, evse: Int, _ refuse: (String) -> Void) {
        guard let mode = period.operationMode, mode != .chargingOnly, let abilities = commissioning?.v2x else { return }
        if abilities.knows(mode: mode.name, evse: evse) == false {
            let known = (abilities.modes[evse] ?? abilities.modes[0] ?? []).joined(separator: ", ")
            refuse(
                "EVSE \(evse) does not know \(mode.name), by V2XChargingCtrlr.SupportedOperationModes: \(known.isEmpty ? "none" : known) (K01.FR.115)"
            )
        } else if mode == .localLoadBalancing, let problem = abilities.balancingProblem(evse: evse) {
            refuse(problem + " (Q09.FR.02)")
        }
    }

    /// Values a phase go only to a vehicle that named its own (K01.FR.142, V2X.08).
    private func check(
        phases period: V2.ChargingSchedulePeriod, of session: Session, _ refuse: (String, String) -> Void
    ) {
        guard let offer = session.dialogue?.offer else { return }
        let values: [(field: String, isGiven: Bool, needs: String, rule: String)] = [
            ("limit_L2", period.limit_L2 != nil, "maxChargePower_L2", "K01.FR.142"),
            ("limit_L3", period.limit_L3 != nil, "maxChargePower_L3", "K01.FR.142"),
            ("dischargeLimit_L2", period.dischargeLimit_L2 != nil, "maxDischargePower_L2", "V2X.08"),
            ("dischargeLimit_L3", period.dischargeLimit_L3 != nil, "maxDischargePower_L3", "V2X.08"),
            ("setpoint_L2", period.setpoint_L2 != nil, "maxDischargePower_L2", "V2X.08"),
            ("setpoint_L3", period.setpoint_L3 != nil, "maxDischargePower_L3", "V2X.08"),
            ("setpointReactive_L2", period.setpointReactive_L2 != nil, "maxDischargePower_L2", "V2X.08"),
            ("setpointReactive_L3", period.setpointReactive_L3 != nil, "maxDischargePower_L3", "V2X.08"),
        ]
        for value in values where value.isGiven && !offer.phases.contains(value.needs) {
            refuse(
                value.field,
                "the vehicle did not report \(value.needs), so that it gets no value of its own for that phase (\(value.rule))"
            )
        }
    }

    /// Who asked for a transfer that only charges, or whose station was told that it may not give back, is not told to
    /// (Q02.FR.02). Where nobody said anything, a person who orders it by hand has said so.
    private func check(
        direction period: V2.ChargingSchedulePeriod, of session: Session, _ refuse: (String, String) -> Void
    ) {
        guard let told = session.v2x, !told.isBidirectional else { return }
        let hasAsked = session.dialogue?.offer?.requested.contains("BPT") ?? false
        if hasAsked, session.dialogue?.allowed == nil { return }
        let zero = JSONDecimal(0)
        for (field, value) in [("setpoint", period.setpoint), ("dischargeLimit", period.dischargeLimit)] {
            guard let value, value < zero else { continue }
            refuse(field, "the transfer of this transaction is \(told.transfer), which does not give back (Q02.FR.02)")
        }
    }

    /// New values of a Dynamic profile (K28): those that its mode has, in a direction and in phases that the vehicle knows.
    private func broken(by request: V2.UpdateDynamicScheduleRequest) -> [ServiceFault.Field] {
        guard let held = profiles?.picture[request.chargingProfileId]?.profile else { return [] }
        func conflict(_ path: String, _ why: String) -> ServiceFault.Field {
            .init(path: path, .payload(.conflict, detail: why))
        }
        guard held.kind == HeldProfile.dynamic else {
            return [
                conflict(
                    "chargingProfileId", "profile \(held.id) is \(held.kind), and only a Dynamic one is updated (K28)")
            ]
        }
        let update = request.scheduleUpdate
        let families: [(name: String, isGiven: Bool)] = [
            ("limit", update.limit != nil || update.limit_L2 != nil || update.limit_L3 != nil),
            (
                "dischargeLimit",
                update.dischargeLimit != nil || update.dischargeLimit_L2 != nil || update.dischargeLimit_L3 != nil
            ),
            ("setpoint", update.setpoint != nil || update.setpoint_L2 != nil || update.setpoint_L3 != nil),
        ]
        let mode = held.schedules.first?.periods.first?.mode ?? V2.OperationMode.chargingOnly.name
        let known: Set<String> =
            switch V2.OperationMode(mode) {
            case .chargingOnly: ["limit"]
            case .centralSetpoint, .centralFrequency: ["setpoint"]
            case .localFrequency, .idle: []
            default: ["limit", "dischargeLimit", "setpoint"]
            }
        var broken = families.filter { $0.isGiven && !known.contains($0.name) }.map {
            conflict("scheduleUpdate.\($0.name)", "a profile in mode \(mode) has no \($0.name) (2.1 part 2, block Q)")
        }
        guard let session = activeSession(on: held.evse).map({ sessions[$0] }),
            held.transaction ?? session.transactionID == session.transactionID
        else { return broken }
        let period = V2.ChargingSchedulePeriod(
            startPeriod: 0, limit: update.limit, limit_L2: update.limit_L2, limit_L3: update.limit_L3,
            dischargeLimit: update.dischargeLimit, dischargeLimit_L2: update.dischargeLimit_L2,
            dischargeLimit_L3: update.dischargeLimit_L3, setpoint: update.setpoint, setpoint_L2: update.setpoint_L2,
            setpoint_L3: update.setpoint_L3, setpointReactive: update.setpointReactive,
            setpointReactive_L2: update.setpointReactive_L2, setpointReactive_L3: update.setpointReactive_L3)
        check(phases: period, of: session) { broken.append(conflict("scheduleUpdate." + $0, $1)) }
        check(direction: period, of: session) { broken.append(conflict("scheduleUpdate." + $0, $1)) }
        return broken
    }

    /// Q08.FR.11: refused where what the station holds takes no signal; where nothing is known of it, it is asked.
    private func brokenBySignal(at now: Instant) -> [ServiceFault.Field] {
        let local = (profiles?.picture.kept ?? []).filter { one in
            one.missingSince == nil && !one.profile.isOver(at: now)
        }.flatMap { $0.profile.schedules.flatMap(\.periods) }.filter { $0.mode == "LocalFrequency" }
        guard !local.isEmpty, !local.contains(where: { $0.v2x?.curves?.signal.isEmpty == false }) else { return [] }
        return [
            .init(
                path: "signal",
                .payload(
                    .conflict,
                    detail:
                        "no profile of the station in mode LocalFrequency has a v2xSignalWattCurve, which a signal needs (Q08.FR.11)"
                ))
        ]
    }
}
