import Assets
import Quantities

/// What the dispatcher remembers of one EVSE between steps.
struct EVSETrack: Sendable {
    var ledger = ProfileLedger()
    var session: String?
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
    var samplesWithin = 0

    // Drawing less than allowed
    var samplesBelow = 0
    /// Highest sensible setpoint of a vehicle that draws less than it may.
    var drawCap: Power?
    var idleSince: Instant?
    var isFull = false

    // Commands
    var lastCommandAt = Instant(milliseconds: .min / 2)
    var failures = 0
    var lastFailure: DispatchAnswer?
    var retryAt = Instant(milliseconds: .min / 2)
    var fallbackFailures = 0
    var fallbackRetryAt = Instant(milliseconds: .min / 2)

    /// - Parameter rating: of the EVSE; a session that is already there at the first sight may be limited by an earlier run
    ///   of ours up to `doubtUntil`.
    mutating func begin(session: String?, rating: Power, doubtUntil: Instant, at now: Instant) {
        let isFirstSight = !isKnown
        isKnown = true
        guard session != self.session else { return }
        if isFirstSight, let session {
            ledger.doubtEverything(in: session, rating: rating, until: doubtUntil, at: now)
        }
        self.session = session
        ledger.keep(onlySession: session)
        samplesAbove = 0
        samplesWithin = 0
        samplesBelow = 0
        drawCap = nil
        idleSince = nil
        isFull = false
        failures = 0
        lastFailure = nil
        retryAt = Instant(milliseconds: .min / 2)
        lastCommandAt = Instant(milliseconds: .min / 2)
    }

    /// Judges a sample that was not seen before.
    /// - Returns: the new verdict where it changed.
    mutating func observe(
        _ sample: DispatchInput.Measured, capability: Capability, settings: DispatchSettings
    ) -> Bool? {
        guard sampleAt.map({ sample.at > $0 }) ?? true else { return nil }
        sampleAt = sample.at
        samplePower = sample.power
        guard session != nil, sample.at >= changedAt + settings.settleAfter else { return nil }
        let rating = capability.rating
        let allowed = ledger.ceiling(at: sample.at, rating: rating)
        judgeDrawing(sample, allowed: allowed, capability: capability, settings: settings)
        return judgeFollowing(sample.power, allowed: allowed, rating: rating, settings: settings)
    }

    private mutating func judgeFollowing(
        _ power: Power, allowed: Power, rating: Power, settings: DispatchSettings
    ) -> Bool? {
        let tolerance = Power(watts: Int64(Double(rating.watts) * settings.followTolerance))
        if power > allowed + tolerance {
            samplesWithin = 0
            samplesAbove += 1
            if samplesAbove >= settings.samplesToFlag, !ignoresProfiles {
                ignoresProfiles = true
                return true
            }
            return nil
        }
        samplesAbove = 0
        // Only a vehicle that is held down proves anything: one that wants little follows every setpoint.
        let isHeldDown = allowed.watts * 10 < rating.watts * 9 && (allowed == .zero || power.watts * 2 >= allowed.watts)
        if ignoresProfiles, isHeldDown {
            samplesWithin += 1
            if samplesWithin >= settings.samplesToClear {
                ignoresProfiles = false
                samplesWithin = 0
                return false
            }
        }
        return nil
    }

    /// What it draws although it was told less, by its newest sample: to be reckoned with before the verdict is sure.
    func overdraw(_ rating: Power, settings: DispatchSettings, at now: Instant) -> Power? {
        guard session != nil, let sampleAt, let samplePower, now - sampleAt <= settings.evseStaleAfter,
            sampleAt >= changedAt + settings.settleAfter
        else { return nil }
        let tolerance = Power(watts: Int64(Double(rating.watts) * settings.followTolerance))
        return samplePower > ledger.ceiling(at: sampleAt, rating: rating) + tolerance ? min(samplePower, rating) : nil
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
        if sample.power.watts + rating / 20 < allowed.watts {
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
    func drawRange(
        online: Bool, capability: Capability, ignores: Bool, at now: Instant, settings: DispatchSettings
    ) -> ClosedRange<Int64> {
        let rating = capability.rating
        let follows = !ignores && !ignoresProfiles
        guard online else {
            return 0...(follows ? ledger.worstCase(from: now, to: now, rating: rating) : rating).watts
        }
        let isFresh = sampleAt.map { now - $0 <= settings.evseStaleAfter } ?? false
        guard session != nil else {
            let power = max(0, isFresh ? (samplePower ?? .zero).watts : 0)
            return power...power
        }
        let ceiling = follows ? ledger.ceiling(at: now, rating: rating) : rating
        guard isFresh, let sampleAt, let samplePower else { return 0...max(0, ceiling.watts) }
        let slop = rating.watts / 50
        if sampleAt >= changedAt + settings.settleAfter {
            return max(0, samplePower.watts - slop)...max(0, samplePower.watts + slop)
        }
        return max(0, min(samplePower.watts, ceiling.watts) - slop)...(max(samplePower.watts, ceiling.watts) + slop)
    }
}
