import Quantities

/// How well a steered vehicle follows. What it falls short of is not asked of it for a while, so that others can make up.
struct Response: Hashable, Sendable {
    /// Confirmed setpoints, oldest first: samples lag behind them.
    private var told: [Told] = []
    private struct Told: Hashable {
        let at: Instant
        let watts: Int64
        /// What takes its place by a schedule.
        let later: [ScheduleStep]

        /// All that it says of a stretch of time.
        func powers(from: Instant, to: Instant) -> ClosedRange<Int64> {
            var (lowest, highest) = (Int64.max, Int64.min)
            var (begins, power) = (Instant(milliseconds: .min / 2), watts)
            func consider(until ends: Instant) {
                guard begins <= to, ends > from else { return }
                (lowest, highest) = (min(lowest, power), max(highest, power))
            }
            for step in later {
                consider(until: step.from)
                (begins, power) = (step.from, step.power.watts)
            }
            consider(until: Instant(milliseconds: .max / 2))
            return lowest...highest
        }
    }
    /// How soon a vehicle follows, and how long it is left alone once it did not.
    struct Pace: Hashable {
        let within: Duration
        /// By so much the clock may be off by which what it was told changes.
        var clock = Duration.zero
        /// What it fell short of is not asked of it for so long, doubled each time up to `atMost`.
        let restFor: Duration
        let atMost: Duration
        /// Another try costs more than it may bring: it is made only where others cannot make up.
        var triesOnlyInNeed = false
    }
    /// The most it was seen to take or give where it did less than it was told; magnitudes in watts. `nil`: it follows.
    private(set) var mostTaken: Int64?
    private(set) var mostGiven: Int64?
    var fallsShort: Bool { mostTaken != nil || mostGiven != nil }
    private var retryAt = Instant(milliseconds: .min / 2)
    private var shortfalls = 0
    /// Which way it went last, as it was told or as its meter showed; 0: not known.
    private(set) var sign: Int64 = 0
    private(set) var turnedAt = Instant(milliseconds: .min / 2)
    /// Since then nothing has shown which way it goes; `nil`: that is known, or was never asked.
    private var lostAt: Instant?
    /// The setpoint that turns it round is on its way, or had no answer.
    private(set) var isTurning = false

    private var wasZero = false
    /// The sample before.
    private var judged: Int64?

    private static let kept = 12

    /// A station confirmed a setpoint; a limit says nothing of what the vehicle does.
    mutating func told(_ setpoint: ProfileLedger.Setpoint, at now: Instant) {
        let later: [ScheduleStep]
        switch setpoint.kind {
        case .limit: return
        case .deadMan: later = []
        case .schedule(let steps): later = steps
        }
        // It turns when the station has it, not when it was sent.
        if isTurning { turnedAt = max(turnedAt, now) }
        isTurning = false
        told.append(Told(at: now, watts: setpoint.limit.watts, later: later))
        if told.count > Self.kept { told.removeFirst() }
    }

    /// Nothing that it follows holds any more: samples of this time fall short of nothing.
    mutating func endTold() { told = [] }

    /// The bounds of what was confirmed since then, and what held before that; watts. `nil`: nothing was confirmed.
    func toldSince(_ at: Instant) -> ClosedRange<Int64>? {
        guard let first = told.lastIndex(where: { $0.at <= at }) ?? told.indices.first else { return nil }
        let powers = told[first...].map(\.watts)
        guard let lowest = powers.min(), let highest = powers.max() else { return nil }
        return lowest...highest
    }

    // MARK: - Turns

    /// Less than this is standby, or a meter's error: neither a way to go nor a turn.
    static let least = Power(watts: 300)

    /// A setpoint goes out.
    /// - Parameter measured: what the vehicle does now; `nil`: nobody knows.
    mutating func sent(_ power: Power, measured: Power?, settings: DispatchSettings, at now: Instant) {
        let sign = Self.sign(power)
        defer { wasZero = sign == 0 }
        guard sign != 0 else { return }
        // Left to itself a new vehicle charges, if it does anything: to let it charge turns nothing round, and before it gave
        // it may have charged between two samples.
        let isUnknown = lostAt != nil || self.sign == 0 && sign < 0
        let before = self.sign != 0 ? self.sign : Self.sign(measured ?? .zero)
        // One that was called off before it came to anything comes with the next start.
        if isUnknown || before != 0 && (sign != before || wasZero && now - turnedAt < settings.turnRest) {
            turnedAt = now
            isTurning = true
        }
        self.sign = sign
        lostAt = nil
    }

    /// A sample that nothing which it was told lately explains: its default profile may have turned it round, or an earlier run
    /// of ours.
    /// - Parameter before: the sample before.
    mutating func moved(
        _ sample: DispatchInput.Measured, before: DispatchInput.Measured?, settings: DispatchSettings
    ) {
        let sign = Self.sign(sample.power)
        if isTurning, sign != 0, sign == self.sign {
            // It may have done so by its default profile, when what it did before had ended.
            turnedAt = max(turnedAt, sample.at)
            isTurning = false
        }
        guard sign != 0, sign != self.sign else { return }
        if sign == -self.sign, let before, (sample.power.watts - before.power.watts) * self.sign >= Self.least.watts {
            // A slow converter that is still on its way: it turns later than it was told to.
            turnedAt = max(turnedAt, sample.at)
            return
        }
        // Who still gives may be on the way to its default profile, by which it charges: to call it back would turn it twice.
        if let lostAt, sample.at < (sign < 0 ? turnedAt + settings.settleAfter : lostAt) { return }
        if lostAt != nil || self.sign != 0 { turnedAt = max(turnedAt, sample.at) }
        self.sign = sign
        lostAt = nil
    }

    /// Nobody hears of it: it may have turned round in any of these moments.
    mutating func stayOutOfSight(at now: Instant) {
        if lostAt != nil { turnedAt = now }
    }

    /// Nothing holds it any more, and by its default profile it charges: it may turn round to that in any of these moments.
    mutating func stayOnItsOwn(at now: Instant) {
        if sign < 0 { loseSight(at: now) } else { stayOutOfSight(at: now) }
    }

    /// What turns it round had no answer: it may do so in any of these moments, by that or when what it did before ends.
    mutating func stayTurning(at now: Instant) {
        if isTurning { turnedAt = now }
    }

    /// It was left to itself, or to an earlier run of ours: which way it goes now has to be seen, and it may have turned round
    /// just now.
    mutating func loseSight(at now: Instant) {
        sign = 0
        turnedAt = now
        lostAt = now
    }

    private static func sign(_ power: Power) -> Int64 { abs(power.watts) < least.watts ? 0 : power.watts.signum() }

    /// Which directions may be asked of it: after a turn only the new one for a while, relays and batteries do not like
    /// to be tossed about. Zero may always be asked.
    func mayAsk(_ sign: Int64, settings: DispatchSettings, at now: Instant) -> Bool {
        sign == 0 || sign == self.sign || now - turnedAt >= settings.turnRest
    }

    // MARK: - Falling short

    /// Judges a sample against everything that was in force while it was taken.
    mutating func judge(_ sample: DispatchInput.Measured, tolerance: Int64, pace: Pace) {
        let from = sample.at - pace.within
        let before = told.last { $0.at <= from }
        let during = told.filter { $0.at > from && $0.at <= sample.at }
        // Nothing was in force for long enough to be followed.
        guard let before, before.watts != 0 || !during.isEmpty else { return }
        var (lowest, highest) = (Int64.max, Int64.min)
        for telling in [before] + during {
            let bounds = telling.powers(from: max(from, telling.at) - pace.clock, to: sample.at + pace.clock)
            (lowest, highest) = (min(lowest, bounds.lowerBound), max(highest, bounds.upperBound))
        }
        let power = sample.power.watts
        let last = judged
        judged = power
        // A slow converter that is still on its way falls short of nothing.
        let isRising = last.map { power > $0 + tolerance / 2 } ?? false
        let isFalling = last.map { power < $0 - tolerance / 2 } ?? false
        if lowest > 0, power < lowest - tolerance, !isRising {
            fallShort(at: sample.at, pace)
            mostTaken = max(0, power) + tolerance
        } else if highest < 0, power > highest + tolerance, !isFalling {
            fallShort(at: sample.at, pace)
            mostGiven = max(0, -power) + tolerance
        } else if let mostTaken, power > mostTaken + tolerance {
            self.mostTaken = nil
        } else if let mostGiven, -power > mostGiven + tolerance {
            self.mostGiven = nil
        }
    }

    private mutating func fallShort(at instant: Instant, _ pace: Pace) {
        // Each sample of one shortfall moves the mark, not the patience.
        guard !fallsShort || instant >= retryAt else { return }
        shortfalls += 1
        retryAt = instant + min(pace.restFor * (1 << min(shortfalls - 1, 4)), pace.atMost)
    }

    /// What it may be asked at the most, magnitudes; `nil`: all that it can.
    /// - Parameter isNeeded: others could not make up.
    func bounds(isNeeded: Bool, at now: Instant) -> (taking: Int64?, giving: Int64?) {
        isNeeded && now >= retryAt ? (nil, nil) : (mostTaken, mostGiven)
    }

    /// Gives it another chance when its time has come; a vehicle that follows for as long again is forgiven.
    mutating func pass(to now: Instant, pace: Pace?, settings: DispatchSettings) {
        guard now >= retryAt else { return }
        if fallsShort {
            guard pace?.triesOnlyInNeed != true else { return }
            mostTaken = nil
            mostGiven = nil
        } else if shortfalls > 0, now >= retryAt + settings.profileDuration {
            shortfalls = 0
        }
    }
}
