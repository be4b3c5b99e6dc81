import Assets
import Operations
import Quantities

/// A charging profile that a person sent as a command and that the station took, as far as the command list tells
/// (OCPP 1.6 §7.8, `ChargingProfile`).
struct ManualProfile: Sendable {
    let id: String
    /// 0: the station as a whole.
    let connector: Int
    /// `ChargePointMaxProfile`, `TxDefaultProfile`, `TxProfile`.
    let purpose: String
    let level: Int
    let transaction: String?
    let by: String
    let takenAt: Instant
    let schedule: Schedule

    struct Schedule: Sendable {
        struct Period: Sendable {
            let start: Duration
            let limit: Power
        }
        /// Where the first period begins.
        let anchor: Instant
        /// `nil`: it does not repeat.
        let every: Duration?
        /// Length of one run; `nil`: no end.
        let duration: Duration?
        let from: Instant?
        let to: Instant?
        let periods: [Period]

        /// End after which it can never hold again; `nil`: none.
        var end: Instant? {
            guard every == nil, let duration else { return to }
            return min(anchor + duration, to ?? anchor + duration)
        }

        /// `nil` when it does not say anything about that moment.
        func limit(at instant: Instant) -> Power? {
            if let from, instant < from { return nil }
            if let to, instant >= to { return nil }
            guard instant >= anchor else { return nil }
            var offset = instant - anchor
            if let every {
                offset = .milliseconds(offset.wholeMilliseconds % max(1, every.wholeMilliseconds))
            }
            if let duration, offset >= duration { return nil }
            return periods.last { $0.start <= offset }?.limit
        }
    }
}

extension ManualProfile {
    /// What remains installed after all accepted commands, newest first.
    ///
    /// - Parameter commands: newest first.
    static func installed(by commands: [CommandView], electrical: Station.Electrical, at now: Instant)
        -> [ManualProfile]
    {
        var profiles: [ManualProfile] = []
        for command in commands.reversed() where command.isAccepted {
            guard let payload = try? JSONNode(command.payload) else { continue }
            switch command.action {
            case "SetChargingProfile":
                guard let profile = ManualProfile(payload, command, electrical) else { continue }
                profiles.removeAll { profile.replaces($0) }
                profiles.append(profile)
            case "ClearChargingProfile":
                profiles.removeAll { $0.isCleared(by: payload) }
            default: continue
            }
        }
        return profiles.filter { $0.schedule.end.map { $0 > now } ?? true }.reversed()
    }

    /// When a person last had the station clear profiles that may have been the platform's own.
    static func lastClearing(_ commands: [CommandView]) -> Instant? {
        commands.first { $0.action == "ClearChargingProfile" && $0.isAccepted }?.finishedAt
    }

    init?(_ payload: JSONNode, _ command: CommandView, _ electrical: Station.Electrical) {
        guard let profile = payload["csChargingProfiles"], let id = profile["chargingProfileId"]?.numberText,
            let purpose = profile["chargingProfilePurpose"]?.text,
            let schedule = Schedule(profile, taken: command.finishedAt ?? command.createdAt, electrical)
        else { return nil }
        self.id = id
        connector = payload["connectorId"]?.numberText.flatMap { Int($0) } ?? 0
        self.purpose = purpose
        level = profile["stackLevel"]?.numberText.flatMap { Int($0) } ?? 0
        transaction = profile["transactionId"]?.numberText
        by = command.by
        takenAt = command.finishedAt ?? command.createdAt
        self.schedule = schedule
    }

    /// Same id, or same purpose and level on the same connector (OCPP 1.6 §3.13.2).
    private func replaces(_ other: ManualProfile) -> Bool {
        id == other.id || (connector == other.connector && purpose == other.purpose && level == other.level)
    }

    private func isCleared(by payload: JSONNode) -> Bool {
        func agrees(_ key: String, _ value: String) -> Bool {
            payload[key].map { ($0.numberText ?? $0.text) == value } ?? true
        }
        return agrees("id", id) && agrees("connectorId", String(connector)) && agrees("chargingProfilePurpose", purpose)
            && agrees("stackLevel", String(level))
    }
}

extension ManualProfile.Schedule {
    fileprivate init?(_ profile: JSONNode, taken: Instant, _ electrical: Station.Electrical) {
        guard let schedule = profile["chargingSchedule"],
            case .array(let entries)? = schedule["chargingSchedulePeriod"]?.content
        else { return nil }
        let isCurrent = schedule["chargingRateUnit"]?.text == "A"
        func power(_ entry: JSONNode) -> Power? {
            guard let text = entry["limit"]?.numberText, let amount = scaledInteger(text, scale: 3) else { return nil }
            // 1.6 takes an absent number of phases for 3; a pile with one phase has one.
            let phases = entry["numberPhases"]?.numberText.flatMap { Int($0) } ?? 3
            guard isCurrent else { return Power(watts: amount / 1000) }
            let volts = Int64(electrical.voltage * max(1, min(phases, electrical.phases)))
            let (watts, overflow) = amount.multipliedReportingOverflow(by: volts)
            return overflow ? nil : Power(watts: watts / 1000)
        }
        var periods: [Period] = []
        for entry in entries.prefix(500) {
            guard let start = entry["startPeriod"]?.numberText.flatMap({ Int64($0) }),
                (0...31_622_400).contains(start), let limit = power(entry)
            else { return nil }
            periods.append(Period(start: .seconds(start), limit: limit))
        }
        let recurrence = profile["recurrencyKind"]?.text
        let isRecurring = profile["chargingProfileKind"]?.text == "Recurring"
        every = isRecurring ? (recurrence == "Weekly" ? .days(7) : .days(1)) : nil
        anchor = schedule["startSchedule"]?.text.flatMap { Instant($0) } ?? taken
        let seconds = schedule["duration"]?.numberText.flatMap { Int64($0) }
        duration = seconds.flatMap { (0...316_224_000).contains($0) ? .seconds($0) : nil }
        from = profile["validFrom"]?.text.flatMap { Instant($0) }
        to = profile["validTo"]?.text.flatMap { Instant($0) }
        self.periods = periods
    }
}

extension CommandView {
    /// The station said `Accepted`.
    var isAccepted: Bool {
        status == .answered && response.flatMap { try? JSONNode($0) }?["status"]?.text == "Accepted"
    }
}

extension JSONNode {
    var text: String? {
        if case .string(let text) = content { return text }
        return nil
    }
    var numberText: String? {
        if case .number(let text) = content { return text }
        return nil
    }
}
