import Quantities

/// What may be in force on one EVSE, as far as we can know: what it confirmed, and what was sent without an answer.
///
/// Frames of one connection keep their order and a profile of the same purpose and stack level replaces its
/// predecessor, so a confirmed command ends the doubt about every earlier one.
struct ProfileLedger: Sendable {
    struct Setpoint: Hashable, Sendable {
        enum Kind: Hashable, Sendable {
            /// Nothing says that the vehicle takes that much.
            case limit
            /// Followed; its end counts from when the station got it, not by the station's clock.
            case deadMan
            /// Followed; these take the place of the first power, between zero and it.
            case schedule(later: [ScheduleStep])
        }
        let number: UInt64
        let session: String
        /// Of what is followed: the power, below 0 while discharging.
        let limit: Power
        let until: Instant
        let sentAt: Instant
        var kind = Kind.limit
        var isDeadMan: Bool { kind == .deadMan }

        /// Until then it may hold.
        var latestEnd: Instant {
            until + (isDeadMan ? ProfileLedger.deliveryTolerance : ProfileLedger.clockTolerance)
        }
        /// Until then it holds if it was confirmed.
        var earliestEnd: Instant { isDeadMan ? until : until - ProfileLedger.clockTolerance }
    }
    struct Fallback: Hashable, Sendable {
        let number: UInt64
        let profile: DailyProfile
    }

    private(set) var confirmed: Setpoint?
    private(set) var confirmedAt: Instant?
    /// Sent, unanswered; rising numbers.
    private(set) var doubtful: [Setpoint] = []
    /// Discharge of doubtful setpoints that were joined into others, and until when it may hold.
    private var forgottenGiving: (limit: Power, end: Instant)?
    /// Lies above all of ours while it holds.
    var governed: DispatchInput.Governed?
    private(set) var fallback: DailyProfile?
    /// `nil` while none was confirmed to this run of ours.
    private(set) var fallbackConfirmedAt: Instant?
    private(set) var isFallbackRestored = false
    private(set) var doubtfulFallbacks: [Fallback] = []
    /// Numbers that still wait for their answer.
    private(set) var waiting: Set<UInt64> = []

    /// A station's clock may be off by so much: its profiles end so much earlier or later than we reckon.
    static let clockTolerance: Duration = .seconds(60)
    /// A call may be on its way for so long; what ends by a dead-man counts from when it comes.
    static let deliveryTolerance: Duration = .seconds(30)

    /// More doubtful profiles than this are joined into the worst of them: a pile that never answers is retried for days.
    private static let mostDoubtful = 4

    mutating func sent(_ setpoint: Setpoint) {
        waiting.insert(setpoint.number)
        doubtful.append(setpoint)
        if doubtful.count > Self.mostDoubtful {
            let (a, b) = (doubtful[0], doubtful[1])
            doubtful[1] = Setpoint(
                number: b.number, session: b.session, limit: max(a.limit, b.limit), until: max(a.until, b.until),
                sentAt: b.sentAt, kind: a.isDeadMan && b.isDeadMan ? .deadMan : .limit)
            if a.limit < .zero {
                let (limit, end) = forgottenGiving ?? (a.limit, a.latestEnd)
                forgottenGiving = (min(limit, a.limit), max(end, a.latestEnd))
            }
            waiting.remove(a.number)
            doubtful.removeFirst()
        }
    }

    mutating func sent(_ fallback: Fallback) {
        waiting.insert(fallback.number)
        doubtfulFallbacks.append(fallback)
        if doubtfulFallbacks.count > Self.mostDoubtful {
            let (a, b) = (doubtfulFallbacks[0], doubtfulFallbacks[1])
            doubtfulFallbacks[1] = Fallback(number: b.number, profile: DailyProfile.highest(a.profile, b.profile))
            waiting.remove(a.number)
            doubtfulFallbacks.removeFirst()
        }
    }

    enum Settled { case setpoint(Setpoint), fallback }

    /// - Returns: what was settled; `nil` for an unknown number or one that a later confirmation overtook.
    mutating func settle(_ number: UInt64, _ answer: DispatchAnswer, at now: Instant) -> Settled? {
        waiting.remove(number)
        if let i = doubtful.firstIndex(where: { $0.number == number }) {
            let setpoint = doubtful[i]
            switch answer {
            case .accepted:
                confirmed = setpoint
                confirmedAt = now
                doubtful.removeSubrange(...i)
            case .rejected, .notSent: doubtful.remove(at: i)
            case .noReply: break
            }
            return .setpoint(setpoint)
        }
        if let i = doubtfulFallbacks.firstIndex(where: { $0.number == number }) {
            let sent = doubtfulFallbacks[i]
            switch answer {
            case .accepted:
                fallback = sent.profile
                fallbackConfirmedAt = now
                isFallbackRestored = false
                doubtfulFallbacks.removeSubrange(...i)
            case .rejected, .notSent: doubtfulFallbacks.remove(at: i)
            case .noReply: break
            }
            return .fallback
        }
        return nil
    }

    /// Transaction profiles end with their transaction.
    mutating func keep(onlySession session: String?) {
        if let confirmed, confirmed.session != session { forgetConfirmed() }
        if doubtful.contains(where: { $0.session != session }) { doubtful.removeAll { $0.session != session } }
    }

    /// What is followed goes on until `end`.
    /// - Returns: its power; `nil` where nothing is followed for sure.
    mutating func renew(until end: Instant) -> Power? {
        guard let live = confirmed, live.isDeadMan, doubtful.isEmpty else { return nil }
        confirmed = Setpoint(
            number: live.number, session: live.session, limit: live.limit, until: max(live.until, end),
            sentAt: live.sentAt, kind: .deadMan)
        return live.limit
    }

    /// It may still hold, or be lost.
    mutating func doubtConfirmed() {
        if let confirmed { doubtful.insert(confirmed, at: 0) }
        forgetConfirmed()
    }

    private mutating func forgetConfirmed() {
        confirmed = nil
        confirmedAt = nil
    }

    /// What an earlier run of ours had confirmed; the station may have taken a newer one since, so it is sent again.
    mutating func restore(_ profile: DailyProfile) {
        fallback = profile
        fallbackConfirmedAt = nil
        isFallbackRestored = true
    }

    /// An earlier run of ours may have limited the running transaction; how, is not known.
    mutating func doubtEverything(
        in session: String, rating: Power, until: Instant, giving: Power, givingUntil: Instant, at now: Instant
    ) {
        doubtful.append(Setpoint(number: 0, session: session, limit: rating, until: until, sentAt: now))
        if giving > .zero { forgottenGiving = (.zero - giving, givingUntil) }
    }

    /// Ends the doubt about everything whose end has passed.
    /// - Returns: whether anything that may have held has ended.
    mutating func expire(at now: Instant) -> Bool {
        var isLess = false
        if let confirmed, confirmed.latestEnd <= now {
            forgetConfirmed()
            isLess = true
        }
        if doubtful.contains(where: { $0.latestEnd <= now }) {
            for old in doubtful where old.latestEnd <= now { waiting.remove(old.number) }
            doubtful.removeAll { $0.latestEnd <= now }
            isLess = true
        }
        if let forgotten = forgottenGiving, forgotten.end <= now { forgottenGiving = nil }
        return isLess
    }

    /// The most that the default profile may allow in `[from, to)`; the rating while none was ever confirmed.
    func fallbackMaximum(from: Instant, to: Instant, rating: Power) -> Power {
        guard let fallback else { return rating }
        let (from, to) = (from - Self.clockTolerance, to + Self.clockTolerance)
        var most = fallback.maximum(from: from, to: to)
        for doubt in doubtfulFallbacks { most = max(most, doubt.profile.maximum(from: from, to: to)) }
        return min(most, rating)
    }

    /// The most charging that a transaction profile may allow at or after `from`; `nil` when none can be in force then.
    func setpointMaximum(from: Instant) -> Power? {
        var most: Power?
        if let confirmed, confirmed.latestEnd > from { most = max(.zero, confirmed.limit) }
        for doubt in doubtful where doubt.latestEnd > from { most = max(most ?? .zero, doubt.limit) }
        if let governed, governed.latestEnd > from { most = max(most ?? .zero, governed.range.upperBound) }
        return most
    }

    /// The most that may be discharged now, a magnitude: nothing but a setpoint of ours, or what lies above it, makes a vehicle
    /// give.
    func giving(at now: Instant) -> Power {
        var lowest = Power.zero
        if let confirmed, confirmed.latestEnd > now { lowest = min(lowest, confirmed.limit) }
        for doubt in doubtful where doubt.latestEnd > now { lowest = min(lowest, doubt.limit) }
        if let forgotten = forgottenGiving, forgotten.end > now { lowest = min(lowest, forgotten.limit) }
        if let governed, governed.latestEnd > now { lowest = min(lowest, governed.range.lowerBound) }
        return .zero - lowest
    }

    /// The most that may flow now in the running transaction: below a transaction profile that surely holds, the default
    /// profile does not count.
    func ceiling(at now: Instant, rating: Power) -> Power {
        let setpoint = setpointMaximum(from: now)
        if let confirmed, confirmed.earliestEnd > now { return min(setpoint ?? .zero, rating) }
        return min(rating, max(setpoint ?? .zero, fallbackMaximum(from: now, to: now, rating: rating)))
    }

    /// The most that may flow in `[from, to)` if we are gone: the transaction profile may also be lost (a restart, another
    /// vehicle), so the default profile counts beside it.
    func worstCase(from: Instant, to: Instant, rating: Power) -> Power {
        min(rating, max(setpointMaximum(from: from) ?? .zero, fallbackMaximum(from: from, to: to, rating: rating)))
    }
}

extension DailyProfile {
    /// At each moment the higher of both.
    static func highest(_ a: DailyProfile, _ b: DailyProfile) -> DailyProfile {
        if a.anchor == b.anchor, a.values.count == b.values.count {
            return DailyProfile(anchor: a.anchor, values: zip(a.values, b.values).map(max))
        }
        // Steps that do not line up: each quarter hour takes the highest that either has anywhere in it.
        let values = (0..<96).map { i in
            let from = a.anchor + .minutes(15) * i
            return max(
                a.maximum(from: from, to: from + .minutes(15)), b.maximum(from: from, to: from + .minutes(15)))
        }
        return DailyProfile(anchor: a.anchor, values: values)
    }
}

extension DispatchInput.Governed {
    /// Until then they may hold.
    fileprivate var latestEnd: Instant { (until ?? Instant(milliseconds: .max / 2)) + ProfileLedger.clockTolerance }
}

extension ProfileLedger {
    var possibleSetpoints: [(limit: Power, until: Instant)] {
        ((confirmed.map { [$0] } ?? []) + doubtful).map { ($0.limit, $0.latestEnd) }
            + (governed.map { [($0.range.upperBound, $0.latestEnd)] } ?? [])
    }
    /// Empty while no default profile was ever confirmed.
    var possibleFallbacks: [DailyProfile] {
        guard let fallback else { return [] }
        return [fallback] + doubtfulFallbacks.map(\.profile)
    }
    /// The newest setpoint that still waits for its answer.
    var pending: Setpoint? { doubtful.last { waiting.contains($0.number) } }
    func knows(_ number: UInt64) -> Bool {
        doubtful.contains { $0.number == number } || doubtfulFallbacks.contains { $0.number == number }
    }
}
