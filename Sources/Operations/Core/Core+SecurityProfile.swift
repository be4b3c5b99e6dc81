public import Assets
import Charging
import OCPP
import OCPPMessages
import Quantities

// A station is led to another security profile over OCPP (``SecurityProfileChange``). The platform asks for more only once the
// station has come with more, so that whoever dies in between, the station is let in with what it uses; after that never
// with less again (1.6 whitepaper A05.FR.09, 2.0.1 A05.FR.07).
extension Core {
    // MARK: - Admission

    /// The weakest OCPP security profile in which the station may come (2.0.1 A00.FR.002); 0 for those nobody knows.
    public func securityProfile(of id: StationID) -> Int {
        guard let s = stationIndex[id] else { return 0 }
        let held = stations[s].station.securityProfile
        guard let change = stations[s].device.profileChange, change.isDowngrade, change.mayHaveTaken else {
            return held
        }
        return min(held, change.target)
    }

    /// Whether ``Input/cameOn(_:profile:)`` is worth telling.
    public func awaitsSecurityProfile(of id: StationID) -> Bool {
        guard let s = stationIndex[id], let change = stations[s].device.profileChange else { return false }
        return !change.isOver
    }

    /// The station came in, proven, in this profile.
    mutating func came(_ id: StationID, on profile: Int, at now: Instant) {
        guard let s = stationIndex[id], var change = stations[s].device.profileChange, !change.isOver,
            change.isDowngrade ? profile == change.target && change.mayHaveTaken : profile >= change.target,
            // Without one nothing was proven by it.
            change.target == 3 || stations[s].station.passwordDigest != nil
        else { return }
        stations[s].station.securityProfile = change.target
        persist(.station(stations[s].station))
        change.state = .done
        change.word = nil
        put(change, s, at: now)
        noteProfile("security-profile-changed", s, change, at: now)
    }

    // MARK: - Orders

    mutating func change(
        securityProfileOf id: StationID, to target: Int, _ network: NetworkProfile?, _ priority: String?,
        by actor: Actor, at now: Instant
    ) -> Result<OrderResult, ServiceFault> {
        guard let s = stationIndex[id] else { return .failure(ServiceFault(.stationUnknown(id))) }
        if let fault = fault(in: target, network, priority, s) { return .failure(ServiceFault(fault)) }
        put(
            SecurityProfileChange(
                station: id, target: target, previous: stations[s].station.securityProfile, network: network,
                priority: priority, at: now), s, at: now)
        guard let view = sendProfileStep(s, by: actor.name, at: now) else {
            return .failure(ServiceFault(.stationOffline(id)))
        }
        return .success(.command(view))
    }

    private func fault(in target: Int, _ network: NetworkProfile?, _ priority: String?, _ s: Int) -> FaultReason? {
        let (slot, id) = (stations[s], stations[s].station.id)
        let held = slot.station.securityProfile
        // 1.6 allows no way down (whitepaper A05, remark).
        let isAllowed = target > held || (target == 2 && held == 3 && slot.version != .v16)
        if !(1...3).contains(target) || !isAllowed {
            return .securityProfileNotAbove(id, held: held, target: target)
        }
        if target < 3, slot.station.passwordDigest == nil { return .securityProfileUnready(id, .password) }
        if target > 1, !settings.offersTLS { return .securityProfileUnready(id, .listener) }
        if target == 3, !slot.certificates.contains(where: { $0.state == .accepted || $0.isInUse }) {
            return .securityProfileUnready(id, .certificate)
        }
        if slot.version != .v16, network == nil || priority == nil { return .securityProfileUnready(id, .network) }
        if !slot.isOnline { return .stationOffline(id) }
        if !slot.lane.hasRoom { return .stationBusy(id, waiting: CallLane.capacity) }
        return nil
    }

    /// What the station has of it stays there; the platform goes on to ask for what it asked for.
    mutating func endSecurityProfileChange(of id: StationID, at now: Instant) -> Result<OrderResult, ServiceFault> {
        guard let s = stationIndex[id] else { return .failure(ServiceFault(.stationUnknown(id))) }
        closeProfileChange(s, word: "ended", at: now)
        return .success(.station(stationView(s)))
    }

    /// A profile that a person sets ends every change under way.
    mutating func closeProfileChange(_ s: Int, word: String, at now: Instant) {
        guard var change = stations[s].device.profileChange, !change.isOver else { return }
        change.state = .refused
        change.word = word
        put(change, s, at: now)
    }

    // MARK: - Steps

    private mutating func put(_ change: SecurityProfileChange, _ s: Int, at now: Instant) {
        var change = change
        change.at = now
        stations[s].device.profileChange = change
        persist(.device(.securityProfile(change)))
        emit(.publish(.station(change.station)))
    }

    /// Sends what comes next, as a command that people see.
    @discardableResult
    mutating func sendProfileStep(_ s: Int, by: String, at now: Instant) -> CommandView? {
        guard stations[s].isOnline, stations[s].lane.hasRoom, var change = stations[s].device.profileChange,
            !change.isOver, let (action, payload) = ProtocolAdapter.call(change, in: stations[s].version)
        else { return nil }
        guard change.attempts < SecurityProfileChange.mostAttempts else {
            closeProfileChange(s, word: "NoAnswer", at: now)
            return nil
        }
        change.attempts += 1
        put(change, s, at: now)
        let (token, messageID) = counters.nextMessage()
        let view = CommandView(
            id: messageID, station: change.station, action: action, payload: payload, status: .pending,
            createdAt: now, by: by)
        pendingCommands[view.id] = view
        persist(.command(view))
        _ = stations[s].lane.push(
            CallLane.Call(
                token: token, messageID: messageID, action: action, payload: payload, timeout: settings.callTimeout,
                rank: .command, purpose: .securityProfile(command: messageID, change.state)))
        pump(s, at: now)
        return view
    }

    /// On a new connection what was not answered is asked again: each step is the same when it is done twice.
    mutating func resumeProfileChange(_ s: Int, at now: Instant) {
        guard let change = stations[s].device.profileChange, !change.isOver else { return }
        sendProfileStep(s, by: Actor.platform.name, at: now)
    }

    mutating func settle(
        profile state: SecurityProfileChange.State, _ outcome: StationLink.CallOutcome, _ s: Int, at now: Instant
    ) {
        guard var change = stations[s].device.profileChange, change.state == state else { return }
        switch ProtocolAdapter.profileAnswer(outcome, to: state, in: stations[s].version) {
        case .accepted:
            change.state = state.next(in: stations[s].version, afterReboot: false)
        case .afterReboot:
            change.state = state.next(in: stations[s].version, afterReboot: true)
        case .refused(let word):
            change.word = word
            // The station has everything; it restarts some time by itself.
            change.state = state == .resetting ? .awaited : .refused
        case .unknown, .notSent:
            // A socket that ended says nothing: the station may just be coming with the new profile.
            if outcome == .timeout { sendProfileStep(s, by: Actor.platform.name, at: now) }
            return
        }
        change.attempts = 0
        put(change, s, at: now)
        sendProfileStep(s, by: Actor.platform.name, at: now)
    }

    /// The step never left: as if it had not been sent.
    mutating func profileNotSent(_ state: SecurityProfileChange.State, _ s: Int, at now: Instant) {
        guard var change = stations[s].device.profileChange, change.state == state else { return }
        change.attempts = max(0, change.attempts - 1)
        put(change, s, at: now)
    }

    // MARK: - By hand

    mutating func learn(_ profile: NetworkProfile, _ s: Int, at now: Instant) {
        var networks = stations[s].device.networks.filter { $0.slot != profile.slot }
        networks.append(profile)
        if networks.count > NetworkProfile.most { networks.removeFirst() }
        stations[s].device.networks = networks
        persist(.device(.network(stations[s].station.id, profile, at: now)))
    }

    /// Somebody set the key (1.6) or the order of the network profiles (2.x) with a command: then the platform follows as well,
    /// but only upwards. A way down needs the order that says so.
    mutating func noteSecurityProfile(in news: [VariableNews], _ s: Int, at now: Instant) {
        if let change = stations[s].device.profileChange, !change.isOver { return }
        let held = stations[s].station.securityProfile
        for case .set(let name, .actual, let value?, _) in news {
            var target: Int?
            if name == OCPP16Adapter.securityProfile { target = Int(value) }
            if name == OCPP2Adapter.priority, let first = value.split(separator: ",").first.flatMap({ Int($0) }) {
                target = stations[s].device.networks.last { $0.slot == first }?.securityProfile
            }
            guard let target, target > held, target <= 3 else { continue }
            put(
                SecurityProfileChange(
                    station: stations[s].station.id, target: target, previous: held, state: .awaited, at: now), s,
                at: now)
        }
    }

    private mutating func noteProfile(_ what: String, _ s: Int, _ change: SecurityProfileChange, at now: Instant) {
        persist(
            .audit(
                AuditRecord(
                    at: now, actor: Actor.platform.name, role: Actor.platform.role.name, action: "station.put",
                    object: change.station.value, detail: "security_profile=\(change.target), \(what)")))
    }
}

extension SecurityProfileChange {
    /// The station may use it already.
    fileprivate var mayHaveTaken: Bool {
        switch state {
        case .sendingProfile: network == nil && attempts > 0
        case .sendingPriority: attempts > 0
        case .resetting, .awaited: true
        case .done, .refused: false
        }
    }
}

extension SecurityProfileChange.State {
    fileprivate func next(in version: OCPPVersion, afterReboot: Bool) -> Self {
        switch self {
        case .sendingProfile: version == .v16 ? (afterReboot ? .resetting : .awaited) : .sendingPriority
        case .sendingPriority: .resetting
        case .resetting, .awaited: .awaited
        case .done: .done
        case .refused: .refused
        }
    }
}
