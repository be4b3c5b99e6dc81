import Quantities

/// What the dispatcher remembers of a group that follows one setpoint: how far the ramp has come, and what measurement adds.
struct GroupTrack: Hashable, Sendable {
    private(set) var target: Int64
    private var steppedAt: Instant
    /// Watts added to the target because the sum of those that follow well enough is still off.
    private(set) var trim: Int64 = 0
    private var trimmedAt: Instant
    private(set) var missedSince: Instant?
    private(set) var asked: Int64

    /// - Parameters:
    ///   - measured: where the ramp begins.
    ///   - since: and when.
    init(asked: Int64, measured: Int64, since: Instant) {
        self.asked = asked
        target = measured
        steppedAt = since
        trimmedAt = since
    }

    /// Moves the target towards `asked`, by the ramp at most.
    /// - Parameter measured: where a new ramp begins when the group never came to where the old one led.
    mutating func step(
        to asked: Int64, ramp: Power?, measured: Int64, settings: DispatchSettings, at now: Instant
    ) {
        if asked != self.asked {
            trim = 0
            trimmedAt = now
            missedSince = nil
            // What a ramp under way is behind by is no reason.
            let behind = (ramp?.watts ?? 0) * settings.followWithin.wholeMilliseconds / 1000
            if abs(target - measured) > 2 * GroupTrack.tolerance(target) + behind { target = measured }
        }
        self.asked = asked
        // Who is further already is not called back.
        let way = asked - target
        let ahead = way > 0 ? min(measured, asked) - target : target - max(measured, asked)
        if ramp != nil, way != 0, ahead > 2 * GroupTrack.tolerance(target) { target += way > 0 ? ahead : -ahead }
        if let ramp, now > steppedAt {
            let most = ramp.watts * (now - steppedAt).wholeMilliseconds / 1000
            // A remainder of a second is kept for the next step.
            guard most > 0 || target == asked else { return }
            target += max(-most, min(most, asked - target))
        } else if ramp == nil {
            target = asked
        }
        steppedAt = now
    }

    /// Corrects what is left when everyone follows within tolerance: half of it every few seconds, never by more than may be
    /// off anyway.
    /// - Parameter unsure: by how much `measured` may be off because members cannot be reached: what nobody can see is not met.
    mutating func correct(
        measured: Int64, unsure: Int64 = 0, isSettled: Bool, settings: DispatchSettings, at now: Instant
    ) {
        let gap = target - measured
        let tolerance = GroupTrack.tolerance(target)
        if unsure > tolerance || target == asked && abs(gap) > tolerance {
            missedSince = missedSince ?? now
        } else {
            missedSince = nil
        }
        guard isSettled, target == asked, abs(gap) <= 2 * tolerance, now - trimmedAt >= settings.followWithin else {
            return
        }
        let most = abs(target) / 50
        trim = max(-most, min(most, trim + gap / 2))
        trimmedAt = now
    }

    /// Watts by which the sum may be off before it counts as missed: a fiftieth, and at least the resolution of a meter.
    static func tolerance(_ target: Int64) -> Int64 { max(200, abs(target) / 50) }
}

/// One member of a group, in watts; charging positive.
struct GroupUnit: Hashable {
    /// What it can be asked: `lowest ≤ 0 ≤ highest`.
    let lowest: Int64
    let highest: Int64
    /// Smaller magnitudes than these do nothing.
    let leastUp: Int64
    let leastDown: Int64
    /// What it runs at.
    let current: Int64
    /// Who charges first: the lowest; who gives first: the highest. Quarter hours of time to spare.
    let laxity: Int64
    /// It follows schedules that must be negotiated: it takes what the others leave.
    var isSlow = false

    /// Shares that add up to `total` as far as the units can: one after another to its most, those that run that way already
    /// first, so that a small change moves one unit and turns none round.
    static func divide(_ total: Int64, among units: [GroupUnit]) -> [Int64] {
        var shares = [Int64](repeating: 0, count: units.count)
        guard total != 0 else { return shares }
        let sign = total.signum()
        func most(_ i: Int) -> Int64 { sign > 0 ? units[i].highest : -units[i].lowest }
        func least(_ i: Int) -> Int64 { max(1, sign > 0 ? units[i].leastUp : units[i].leastDown) }
        // Who runs at its most changes places only with one that is two quarter hours ahead: a swap moves two vehicles for
        // nothing, and the sum with them.
        func precedence(_ i: Int) -> Int64 {
            let isAtMost = units[i].current.signum() == sign && abs(units[i].current) * 10 >= most(i) * 9
            return 2 * (sign > 0 ? -units[i].laxity : units[i].laxity) + (isAtMost ? 3 : 0)
        }
        let order = units.indices.filter { most($0) >= least($0) }.sorted { a, b in
            let (x, y) = (units[a], units[b])
            if x.isSlow != y.isSlow { return y.isSlow }
            let (runsX, runsY) = (x.current.signum() == sign, y.current.signum() == sign)
            if runsX != runsY { return runsX }
            let (first, second) = (precedence(a), precedence(b))
            if first != second { return first > second }
            return a < b
        }
        var left = abs(total)
        var served: [Int] = []
        for i in order where left > 0 {
            let take = min(most(i), left)
            var missing = least(i) - take
            // Too little for it: those before it leave it some of theirs, if they have enough above their own least.
            let spare = served.reduce(0) { $0 + abs(shares[$1]) - least($1) }
            guard missing <= spare else { continue }
            for j in served.reversed() where missing > 0 {
                let given = min(missing, abs(shares[j]) - least(j))
                shares[j] -= sign * given
                missing -= given
            }
            shares[i] = sign * max(take, least(i))
            left -= take
            served.append(i)
        }
        return shares
    }
}
