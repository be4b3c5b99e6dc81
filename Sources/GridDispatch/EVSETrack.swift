import Assets
import Quantities

/// What the dispatcher remembers of one EVSE between steps.
struct EVSETrack: Sendable {
    var ledger = ProfileLedger()
    var session: String?
    /// When its session was first seen.
    private(set) var begunAt = Instant(milliseconds: .min / 2)
    /// Whether a step has seen the EVSE.
    private var isKnown = false
    /// Newest sample that was judged.
    var sampleAt: Instant?
    var samplePower: Power?
    /// When what may be in force last changed: samples before it (and a little after) show the old setpoint.
    var changedAt = Instant(milliseconds: .min / 2)

    // Following
    var ignoresProfiles = false
    var samplesAbove = 0
    /// Samples in a row on the limit since the power came down to it; `nil`: it did not.
    private var samplesOnLimit: Int?
    private var judged: DispatchInput.Measured?
    /// What it drew beyond its rating, again and again: then the rating is wrong, and this is what must be reckoned with.
    private(set) var beyondRating: Power?
    /// Samples in a row beyond the rating, and the least of them: one wild reading is no reason to stop a street.
    private var beyond: (samples: Int, least: Power)?

    // Drawing less than allowed
    var samplesBelow = 0
    /// Highest sensible setpoint of a vehicle that draws less than it may.
    var drawCap: Power?
    /// Whether it took what it was let when that was seen last; `nil`: it was not seen.
    private(set) var takesAll: Bool?
    var idleSince: Instant?
    var isFull = false

    var response = Response()
    private(set) var unreachableSince: Instant?
    /// It came back then; `nil`: it was never away.
    private(set) var reachableSince: Instant?

    // Commands
    /// Its vehicle waits for a setpoint.
    var isAskedAgain = false
    var lastCommandAt = Instant(milliseconds: .min / 2)
    var failures = 0
    var lastFailure: DispatchAnswer?
    var retryAt = Instant(milliseconds: .min / 2)
    var fallbackFailures = 0
    var fallbackRetryAt = Instant(milliseconds: .min / 2)

    /// A session that is already there at the first sight may be limited, or made to give, by an earlier run of ours.
    /// - Parameters:
    ///   - rating: of the EVSE.
    ///   - giving: the most that it could have been told to give, a magnitude.
    ///   - givingFor: and for how long.
    mutating func begin(
        session: String?, rating: Power, giving: Power, givingFor: Duration, settings: DispatchSettings, at now: Instant
    ) {
        let isFirstSight = !isKnown
        isKnown = true
        if session == nil { isAskedAgain = false }
        guard session != self.session else { return }
        if isFirstSight, let session {
            ledger.doubtEverything(
                in: session, rating: rating, until: now + settings.profileDuration, giving: giving,
                givingUntil: now + givingFor, at: now)
        }
        self.session = session
        begunAt = now
        ledger.keep(onlySession: session)
        response = Response()
        if isFirstSight, giving > .zero { response.loseSight(at: now) }
        samplesAbove = 0
        samplesOnLimit = nil
        judged = nil
        samplesBelow = 0
        drawCap = nil
        takesAll = nil
        idleSince = nil
        isFull = false
        failures = 0
        lastFailure = nil
        retryAt = Instant(milliseconds: .min / 2)
        lastCommandAt = Instant(milliseconds: .min / 2)
    }

    /// What lies above our profiles now.
    mutating func govern(_ governed: DispatchInput.Governed?, at now: Instant) {
        guard ledger.governed != governed else { return }
        ledger.governed = governed
        changedAt = now
    }

    mutating func pass(to now: Instant, isOnline: Bool, settings: DispatchSettings) {
        // What it was told may have held until now: samples that waited in a queue are of that time.
        if ledger.expire(at: now) { changedAt = now }
        if ledger.confirmed.map({ $0.earliestEnd <= now }) ?? true { response.endTold() }
        response.pass(to: now, pace: pace(settings), settings: settings)
        // Or will when another setpoint comes.
        let soon = now + settings.settleAfter
        if ledger.confirmed.map({ $0.until <= soon }) ?? true, ledger.pending == nil { response.stayOnItsOwn(at: now) }
        if isOnline, unreachableSince != nil { reachableSince = now }
        unreachableSince = isOnline ? nil : unreachableSince ?? now
        if ledger.pending == nil, !ledger.doubtful.isEmpty { response.stayTurning(at: now) }
        if !isOnline { response.stayOutOfSight(at: now) }
    }

    /// Judges a sample that was not seen before.
    /// - Returns: the new verdict where it changed.
    mutating func observe(
        _ sample: DispatchInput.Measured, capability: Capability, settings: DispatchSettings
    ) -> Bool? {
        guard sampleAt.map({ sample.at > $0 }) ?? true else { return nil }
        let before = sampleAt.flatMap { at in samplePower.map { DispatchInput.Measured(power: $0, at: at) } }
        sampleAt = sample.at
        samplePower = sample.power
        if sample.power > capability.rating + Self.tolerance(capability, settings) {
            let run = ((beyond?.samples ?? 0) + 1, min(beyond?.least ?? sample.power, sample.power))
            beyond = run
            if run.0 >= settings.samplesToFlag { beyondRating = max(beyondRating ?? .zero, run.1) }
        } else {
            beyond = nil
        }
        guard session != nil else { return nil }
        let pace = pace(settings)
        if let pace, let live = ledger.confirmed, sample.at <= live.earliestEnd, ledger.governed == nil {
            let tolerance = max(200, Int64(Double(capability.rating.watts) * settings.steerTolerance))
            response.judge(sample, tolerance: tolerance, pace: pace)
        }
        guard sample.at >= changedAt + max(settings.settleAfter, pace?.within ?? .zero) else { return nil }
        response.moved(sample, before: before, settings: settings)
        let rating = capability.rating
        let allowed = ledger.ceiling(at: sample.at, rating: rating)
        if ledger.governed == nil {
            judgeDrawing(sample, allowed: allowed, capability: capability, settings: settings)
        }
        return judgeFollowing(sample, before, allowed: allowed, capability: capability, settings: settings)
    }

    /// How its vehicle follows what holds now; `nil`: that is a limit.
    private func pace(_ settings: DispatchSettings) -> Response.Pace? {
        switch ledger.confirmed?.kind {
        case nil, .limit?: nil
        case .deadMan?: .steered(settings)
        case .schedule?: .scheduled(settings)
        }
    }

    private mutating func judgeFollowing(
        _ sample: DispatchInput.Measured, _ before: DispatchInput.Measured?, allowed: Power, capability: Capability,
        settings: DispatchSettings
    ) -> Bool? {
        let (lastJudged, power) = (judged, sample.power)
        judged = sample
        let tolerance = Self.tolerance(capability, settings)
        if power > allowed + tolerance {
            samplesOnLimit = nil
            // A slow converter that is still on its way down follows.
            if let before, sample.at - before.at <= settings.settleAfter,
                before.power.watts - power.watts > tolerance.watts / 2
            {
                return nil
            }
            samplesAbove += 1
            if samplesAbove >= settings.samplesToFlag, !ignoresProfiles {
                ignoresProfiles = true
                return true
            }
            return nil
        }
        samplesAbove = 0
        guard ignoresProfiles else { return nil }
        // Only a vehicle that is held down proves anything: its power falls at a step onto the limit and stays there. One
        // that is full draws nothing at any limit, one that tapers off comes to a limit slowly.
        let isLimited = allowed >= capability.minimum && allowed.watts * 10 < capability.rating.watts * 9
        guard isLimited else { return nil }
        guard power + tolerance >= allowed else {
            samplesOnLimit = nil
            return nil
        }
        if let samplesOnLimit {
            self.samplesOnLimit = samplesOnLimit + 1
        } else if let lastJudged, sample.at - lastJudged.at <= settings.evseStaleAfter,
            lastJudged.power >= power + tolerance + tolerance
        {
            samplesOnLimit = 1
        }
        guard let samplesOnLimit, samplesOnLimit >= settings.samplesToClear else { return nil }
        self.samplesOnLimit = nil
        ignoresProfiles = false
        return false
    }

    mutating func trust() {
        ignoresProfiles = false
        samplesAbove = 0
        samplesOnLimit = nil
    }

    private static func tolerance(_ capability: Capability, _ settings: DispatchSettings) -> Power {
        Power(watts: Int64(Double(capability.rating.watts) * settings.followTolerance))
    }

    /// The most the EVSE can draw when nothing holds it: its rating, unless it was seen to draw more.
    func most(_ capability: Capability) -> Power { max(capability.rating, beyondRating ?? .zero) }

    /// What it draws although it was told less, by its newest sample: to be reckoned with before the verdict is sure.
    func overdraw(_ capability: Capability, settings: DispatchSettings, at now: Instant) -> Power? {
        guard session != nil, let sampleAt, let samplePower, now - sampleAt <= settings.evseStaleAfter,
            sampleAt >= changedAt + settings.settleAfter
        else { return nil }
        let ceiling = ledger.ceiling(at: sampleAt, rating: capability.rating)
        return samplePower > ceiling + Self.tolerance(capability, settings) ? min(samplePower, most(capability)) : nil
    }

    private mutating func judgeDrawing(
        _ sample: DispatchInput.Measured, allowed: Power, capability: Capability, settings: DispatchSettings
    ) {
        guard allowed >= capability.minimum else {
            // Nothing can be said of a vehicle that may not charge.
            samplesBelow = 0
            idleSince = nil
            return
        }
        let rating = capability.rating.watts
        if sample.power.watts * 20 < capability.minimum.watts {
            let since = idleSince ?? sample.at
            idleSince = since
            if sample.at - since >= settings.fullAfter { isFull = true }
        } else {
            idleSince = nil
            isFull = false
        }
        takesAll = sample.power.watts + rating / 20 >= allowed.watts
        if takesAll == false {
            samplesBelow += 1
            if samplesBelow >= 2 {
                let room = Power(watts: Int64(Double(rating) * settings.headroom))
                drawCap = max(capability.minimum, sample.power + room)
            }
        } else {
            samplesBelow = 0
            drawCap = nil
        }
    }

    /// What flows through the EVSE at the time of a node reading, as a range that is as narrow as the samples allow.
    ///
    /// - Parameter isExact: samples are taken at their word. Near a node's limit the errors that are allowed for otherwise
    ///   add up over the piles to more than the guard's margin, and would hide a rise of the base load from it.
    func drawRange(
        online: Bool, capability: Capability, ignores: Bool, at now: Instant, isExact: Bool, settings: DispatchSettings
    ) -> ClosedRange<Int64> {
        let rating = most(capability)
        let follows = !ignores && !ignoresProfiles
        let giving = ledger.giving(at: now).watts
        guard online else {
            return -giving...(follows ? ledger.worstCase(from: now, to: now, rating: rating) : rating).watts
        }
        let isFresh = sampleAt.map { now - $0 <= settings.evseStaleAfter } ?? false
        guard session != nil else {
            let power = max(0, isFresh ? (samplePower ?? .zero).watts : 0)
            return power...power
        }
        let ceiling = max(0, (follows ? ledger.ceiling(at: now, rating: rating) : rating).watts)
        guard isFresh, let sampleAt, let samplePower else { return -giving...ceiling }
        let slop = isExact ? 0 : rating.watts / 50
        // Nothing but what it was told makes a vehicle give: below 0 a meter errs unless one may be in force.
        let power = giving > 0 ? samplePower.watts : max(0, samplePower.watts)
        let least = giving > 0 ? Int64.min / 4 : 0
        if sampleAt >= changedAt + settings.settleAfter {
            return max(least, power - slop)...max(least, power + slop)
        }
        if let told = response.toldSince(sampleAt), ledger.confirmed?.isDeadMan == true, ledger.governed == nil,
            ledger.confirmed.map({ $0.until > now }) ?? false, now - sampleAt <= settings.settleAfter
        {
            // On its way from what was metered to what it was told since.
            let bounds = ledger.doubtful.map(\.limit.watts) + [power, told.lowerBound, told.upperBound]
            return ((bounds.min() ?? power) - slop)...((bounds.max() ?? power) + slop)
        }
        let lowest = giving > 0 ? min(power, ceiling, -giving) : min(power, ceiling)
        return max(least, lowest - slop)...(max(power, ceiling) + slop)
    }
}
