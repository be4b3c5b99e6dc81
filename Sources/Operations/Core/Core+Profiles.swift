import Assets
import Charging
import Quantities

/// What the core holds of one station's charging profiles and of the limits that others set it.
struct ProfileKeeper: Sendable {
    var picture: StationProfiles
    /// At most ``OutsideLimit/most``.
    var outside: [OutsideLimit] = []
}

// Which charging profiles stations hold: learned from what they took, and from what they tell (2.x K09). Reports come in
// parts without numbers, and may come before the answer that announces them.
extension Core {
    // MARK: - What answers tell

    mutating func learn(_ fact: ProfileFact, _ s: Int, at now: Instant) {
        let before = stations[s].profiles?.picture.differences ?? 0
        switch fact {
        case .holds(let profile, let replacesLevel): took(profile, replacesLevel: replacesLevel, s, at: now)
        case .cleared(let criteria):
            // What others set, the central system cannot clear (K10).
            for one in kept(s) where one.profile.source == HeldProfile.ours && criteria.matches(one.profile) {
                forget(profile: one.profile.id, s)
            }
        case .updated(let id, let limit, let dischargeLimit, let setpoint):
            guard var one = stations[s].profiles?.picture[id] else { break }
            one.profile = one.profile.updated(
                limit: limit, dischargeLimit: dischargeLimit, setpoint: setpoint, at: now)
            put(one, s, at: now)
        case .asked(let request, let criteria, let isEmpty):
            asked(profiles: request, criteria, isEmpty: isEmpty, s, at: now)
        }
        if stations[s].profiles?.picture.differences ?? 0 != before {
            emit(.publish(.station(stations[s].station.id)))
        }
    }

    /// Whether a later call about the same profile was answered already.
    func isOvertaken(_ fact: ProfileFact, sentAt: Instant, _ s: Int) -> Bool {
        let id: Int
        switch fact {
        case .holds(let profile, _): id = profile.id
        case .updated(let profile, _, _, _): id = profile
        case .cleared, .asked: return false
        }
        guard let known = stations[s].profiles?.picture[id] else { return false }
        return [known.setAt, known.profile.liveness?.updatedAt].contains { $0.map { $0 > sentAt } ?? false }
    }

    private mutating func took(_ profile: HeldProfile, replacesLevel: Bool, _ s: Int, at now: Instant) {
        if replacesLevel {
            let replaced = kept(s).filter {
                $0.profile.id != profile.id && $0.profile.evse == profile.evse
                    && $0.profile.purpose == profile.purpose && $0.profile.level == profile.level
            }
            for one in replaced { forget(profile: one.profile.id, s) }
        }
        var profile = profile
        if profile.kind == HeldProfile.dynamic, profile.liveness?.updatedAt == nil {
            // Its time counts from when it came (K28.FR.05).
            var liveness = profile.liveness ?? HeldProfile.Liveness()
            liveness.updatedAt = now
            profile.liveness = liveness
        }
        put(KeptProfile(profile, setAt: now), s, at: now)
    }

    private mutating func asked(
        profiles request: Int, _ criteria: ProfileCriteria, isEmpty: Bool, _ s: Int, at now: Instant
    ) {
        var report = ProfileReport(request: request, firstAt: now)
        // Parts may be faster than the answer.
        if let known = stations[s].profiles?.picture.report, known.request == request, known.criteria == nil {
            report = known
        }
        report.criteria = criteria
        report.orderedAt = now
        if isEmpty { report.hasLast = true }
        note(report, s)
        if report.hasLast { completed(report, s, at: now) }
        emit(.publish(.station(stations[s].station.id)))
    }

    // MARK: - What stations tell

    mutating func heard(_ news: ProfileNews, _ s: Int, at now: Instant) {
        switch news {
        case .report(let request, let profiles, let goesOn):
            told(profiles: profiles, request: request, goesOn: goesOn, s, at: now)
        case .outsideLimit(let limit): limited(limit, s, at: now)
        case .outsideLimitEnded(let source, let evse): unlimited(source: source, evse: evse, s, at: now)
        }
        emit(.publish(.station(stations[s].station.id)))
    }

    private mutating func told(
        profiles: [HeldProfile], request: Int, goesOn: Bool, _ s: Int, at now: Instant
    ) {
        let known = stations[s].profiles?.picture.report.flatMap { $0.request == request ? $0 : nil }
        var report = known ?? ProfileReport(request: request, firstAt: now)
        report.lastAt = now
        report.parts += 1
        for profile in profiles {
            var one = stations[s].profiles?.picture[profile.id] ?? KeptProfile(profile)
            // What was told twice, by whatever message, is one profile.
            if one.request != request || one.toldAt.map({ $0 < report.firstAt }) ?? true { report.profiles += 1 }
            // What it took since may be newer than what it tells.
            if one.setAt.map({ $0 <= report.orderedAt ?? report.firstAt }) ?? true {
                if one.setAt != nil, !profile.isSame(asSet: one.profile) { one.differs = true }
                one.profile = profile
            }
            one.toldAt = now
            one.request = request
            one.missingSince = nil
            if !put(one, s, at: now) { report.leftOut += 1 }
        }
        if !goesOn { report.hasLast = true }
        note(report, s)
        takeOutsideLimits(from: profiles, s, at: now)
        if report.hasLast { completed(report, s, at: now) }
    }

    /// The last part is there: what was asked for and not told, the station does not have.
    private mutating func completed(_ report: ProfileReport, _ s: Int, at now: Instant) {
        guard let criteria = report.criteria, report.leftOut == 0 else { return }
        defer { defaultsRead(report.request, s, at: now) }
        for one in kept(s) where criteria.matches(one.profile) {
            let isTold = one.request == report.request && one.toldAt.map { $0 >= report.firstAt } ?? false
            // What it took after the question may have come too late for the answer.
            let isNewer = one.setAt.map { $0 > report.orderedAt ?? report.firstAt } ?? false
            guard !isTold, !isNewer, one.missingSince == nil else { continue }
            if one.setAt == nil || isOver(one.profile, s, at: now) {
                forget(profile: one.profile.id, s)
            } else {
                var gone = one
                gone.missingSince = now
                put(gone, s, at: now)
            }
        }
        endLostOutsideLimits(after: report, criteria, s, at: now)
        if criteria.isEverything {
            keeper(s) { $0.picture.toldAt = now }
            note(report, s)
        }
    }

    /// Whether a station may have dropped it by itself.
    private func isOver(_ profile: HeldProfile, _ s: Int, at now: Instant) -> Bool {
        if profile.isOver(at: now) { return true }
        guard profile.purpose == HeldProfile.forTransaction else { return false }
        if let transaction = profile.transaction {
            return !stations[s].sessions.contains { $0.status == .active && $0.transactionID == transaction }
        }
        // One that a remote start brought waits for its transaction.
        return false
    }

    /// What was to be over when its station hears nothing of us for a while (2.1 K01.FR.102), and it was away for longer.
    mutating func forgetProfiles(thatDiedSince lostAt: Instant, _ s: Int, at now: Instant) {
        for one in kept(s) where one.profile.source == HeldProfile.ours {
            guard let liveness = one.profile.liveness, liveness.isDeadAfterwards, let most = liveness.offline,
                now - lostAt > .seconds(max(0, min(most, 1_000_000_000)))
            else { continue }
            forget(profile: one.profile.id, s)
        }
    }

    /// Transaction profiles go with their transaction (1.6 §3.13.1, 2.x K01.FR.13).
    mutating func forgetProfiles(of session: Session, _ s: Int) {
        guard stations[s].profiles != nil else { return }
        for one in kept(s) where one.profile.purpose == HeldProfile.forTransaction {
            let isOfIt =
                one.profile.transaction.map { $0 == session.transactionID }
                ?? (one.profile.evse == session.evse.number || one.profile.evse == 0)
            if isOfIt { forget(profile: one.profile.id, s) }
        }
    }

    // MARK: - The picture

    private func kept(_ s: Int) -> [KeptProfile] { stations[s].profiles?.picture.kept ?? [] }

    mutating func keeper(_ s: Int, _ change: (inout ProfileKeeper) -> Void) {
        var keeper =
            stations[s].profiles ?? ProfileKeeper(picture: StationProfiles(station: stations[s].station.id))
        change(&keeper)
        stations[s].profiles = keeper
    }

    /// - Returns: `false` where there is no room for it.
    @discardableResult
    private mutating func put(_ one: KeptProfile, _ s: Int, at now: Instant) -> Bool {
        if kept(s).count >= StationProfiles.most, stations[s].profiles?.picture[one.profile.id] == nil,
            let gone = kept(s).first(where: { isOver($0.profile, s, at: now) })
        {
            forget(profile: gone.profile.id, s)
        }
        var isKept = false
        keeper(s) { isKept = $0.picture.put(one) }
        if isKept { persist(.holding(.profile(stations[s].station.id, one))) }
        return isKept
    }

    private mutating func forget(profile id: Int, _ s: Int) {
        keeper(s) { $0.picture.remove(id) }
        persist(.holding(.profileGone(stations[s].station.id, id)))
    }

    private mutating func note(_ report: ProfileReport, _ s: Int) {
        keeper(s) { $0.picture.report = report }
        persist(
            .holding(
                .profileReport(stations[s].station.id, report, toldAt: stations[s].profiles?.picture.toldAt)))
    }

    /// `nil`: no such station.
    public func chargingProfiles(of id: StationID) -> StationProfiles? {
        stationIndex[id].map { stations[$0].profiles?.picture ?? StationProfiles(station: id) }
    }

    mutating func load(_ picture: StationProfiles) {
        guard let s = stationIndex[picture.station] else { return }
        keeper(s) { $0.picture = picture }
    }
}
