import OCPP
import OCPPMessages
import Quantities

// What a central system may ask for, whatever its words. Nothing here sends: a dialect answers first.
extension SimulatedChargePoint {
    /// - Parameter connector: 0 is the whole station.
    /// - Returns: whether it waits for a transaction's end; `nil` when there is no such connector.
    mutating func changeAvailability(connector: Int, isOperative: Bool) -> Bool? {
        guard (0...connectors.count).contains(connector) else { return nil }
        var isScheduled = false
        for i in connectors.indices where connector == 0 || connectors[i].number == connector {
            if isOperative {
                connectors[i].isAvailable = true
                connectors[i].becomesUnavailable = false
            } else if connectors[i].transaction != nil {
                connectors[i].becomesUnavailable = true
                isScheduled = true
            } else {
                connectors[i].isAvailable = false
            }
        }
        return isScheduled
    }

    /// Changes a setting; what hangs on it follows at once, also in running transactions.
    mutating func change(_ entry: Int, to value: String) -> Bool {
        guard configuration.change(entry, to: value) else { return false }
        switch configuration.entries[entry].parameter {
        case .sampleInterval:
            let interval = configuration.number(.sampleInterval)
            for i in connectors.indices where connectors[i].transaction != nil {
                connectors[i].transaction?.nextSample = interval > 0 ? now + .seconds(interval) : nil
                planKept(i)
            }
        case .sampledEndInterval, .sampledAtEnd: for i in connectors.indices { planKept(i) }
        case .alignedEnabled, .alignedInterval, .alignedEndInterval: planAligned()
        case .heartbeatInterval: if link != nil, isAccepted { scheduleHeartbeat() }
        default: break
        }
        return true
    }

    /// - Parameters:
    ///   - connector: `nil`: any that is free, one with a vehicle first.
    ///   - number: the central system's number of the order.
    /// - Returns: whether it is taken; it then waits for a vehicle, if there is none.
    mutating func startRemotely(
        _ idTag: String, connector: Int?, profile: ChargingProfile?, number: Int? = nil
    ) -> Bool {
        let candidates = connectors.indices.filter { i in
            let c = connectors[i]
            return c.isUsable && c.transaction == nil && !c.becomesUnavailable
                && !isReserved(c.number, for: idTag)
                && (connector == nil || c.number == connector)
        }
        let chosen = candidates.first { connectors[$0].vehicle != nil } ?? candidates.first
        let isProfileUsable = profile.map { $0.purpose == .transaction && fault(in: $0) == nil } ?? true
        guard isAccepted, isProfileUsable, let i = chosen else { return false }
        let wait = Duration.seconds(max(1, configuration.number(.connectionTimeOut)))
        connectors[i].remote = .init(idTag: idTag, profile: profile, number: number, deadline: now + wait)
        guard connectors[i].vehicle != nil else { return true }
        connectors[i].isFinished = false
        authorize(i)
        return true
    }

    /// The connector whose running transaction both sides call so.
    func connector(ofTransaction id: String) -> Int? {
        connectors.first { $0.transaction.flatMap { queue.id(of: $0.local) } == id }?.number
    }

    // MARK: Charging profiles

    /// - Parameter evse: 0 is the whole station.
    /// - Returns: why it is not taken.
    mutating func install(_ profile: ChargingProfile, evse: Int) -> ProfileRefusal? {
        let refusal = tryInstalling(profile, evse: evse)
        if refusal == nil { counts.profilesAccepted += 1 } else { counts.profilesRejected += 1 }
        return refusal
    }

    private mutating func tryInstalling(_ profile: ChargingProfile, evse: Int) -> ProfileRefusal? {
        guard (0...connectors.count).contains(evse) else { return .unknownEVSE }
        if let fault = fault(in: profile) { return fault }
        switch profile.purpose {
        case .stationMaximum: guard evse == 0 else { return .profile }
        case .transactionDefault: break
        case .priority where settings.version == .v21: break
        case .localGeneration where settings.version == .v21: break
        case .transaction:
            guard let local = self[evse]?.transaction?.local, let id = queue.id(of: local), profile.transaction == id
            else { return .transactionNotFound }
        case .externalConstraints, .priority, .localGeneration: return .profile
        }
        if dialect.replacement == .sameID, profiles.conflicts(with: profile, evse: evse) { return .conflict }
        var changed = profiles
        changed.install(profile, evse: evse, replacing: dialect.replacement)
        guard changed.entries.count <= settings.maxProfiles else { return .tooMany }
        profiles = changed
        planPull(profile)
        return nil
    }

    private func fault(in profile: ChargingProfile) -> ProfileRefusal? {
        guard settings.rateUnits.contains(profile.unit) else { return .rateUnit }
        guard (0...settings.maxStackLevel).contains(profile.stackLevel) else { return .profile }
        // What 2.1 has beyond that, its dialect has judged.
        guard
            settings.version == .v21
                || (profile.kind != .dynamic && profile.periods.allSatisfy { $0.mode == .chargingOnly })
        else { return .profile }
        let isRecurring = profile.kind == .daily || profile.kind == .weekly
        guard (1...settings.maxPeriods).contains(profile.periods.count), profile.periods.first?.start == 0,
            !(profile.kind == .relative && profile.start != nil), !(isRecurring && profile.start == nil)
        else { return .schedule }
        return nil
    }

    /// What it reckons that it may draw from now on; `nil` when it cannot say so.
    /// - Parameter unit: `nil`: the station's choice.
    func composite(
        connector: Int, seconds: Int, unit: ChargingProfile.Unit?
    ) -> (schedule: CompositeSchedule, unit: ChargingProfile.Unit)? {
        let unit = unit ?? settings.rateUnits.first ?? .amperes
        guard (0...connectors.count).contains(connector), settings.rateUnits.contains(unit),
            (1...31_536_000).contains(seconds)
        else { return nil }
        let running = self[connector].flatMap { transaction(on: $0) }
        let composite = CompositeSchedule(
            profiles, evse: connector, over: Interval(clock, clock + .seconds(seconds)), transaction: running,
            supply: settings.supply)
        return (composite, unit)
    }

    // MARK: What is asked for

    /// Sends what the meters show now, of one connector or of all.
    mutating func reportMeters(connector: Int?) {
        for i in connectors.indices where connector == nil || connectors[i].number == connector {
            guard let sample = sample(i, configuration.measurands(.sampled), .trigger) else { continue }
            let id = connectors[i].transaction.flatMap { queue.id(of: $0.local) }
            call(.readings(connector: connectors[i].number, sample, transaction: id), .other)
        }
    }
}
