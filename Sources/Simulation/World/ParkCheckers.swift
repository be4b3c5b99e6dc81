import GridDispatch
import Quantities

// What must hold where vehicles give back. Checkers see vehicles, meters and wires, and what the platform shows; nothing of
// how it decides.

/// A vehicle gives nothing below what its driver leaves in it.
struct FloorChecker {
    /// The platform reckons with 50 per mille of losses each way while it knows nothing better; those of the script are 30
    /// to 88. So it may err by a twentieth of what was exchanged, and by what its meters round away.
    static func tolerance(exchanged: Energy) -> Energy {
        .wattHours(50) + Energy(milliwattHours: exchanged.milliwattHours / 20)
    }
    /// A minimum that is stated later counts from then on: it has to reach the station, or the dead-man ends what holds.
    static let statedWithin: Duration = .seconds(75)

    /// - Parameters:
    ///   - floor: energy in the battery; `exchanged`: through the meter since plug-in, both ways.
    static func violation(stored: Energy, floor: Energy, exchanged: Energy, power: Power) -> String? {
        guard power < .zero, stored < floor - tolerance(exchanged: exchanged) else { return nil }
        return
            "gives \(-power.watts) W with \(stored.wattHoursText) Wh stored, its driver leaves \(floor.wattHoursText) Wh"
    }
}

/// Without a word from the platform discharge ends by itself.
struct DeadManChecker {
    /// As every setpoint says (``GridDispatch/DispatchSettings/deadMan``).
    static let duration: Duration = .seconds(60)
    private var toldAt: Instant?
    private var gave = false
    /// Discharges that ended with nobody saying so.
    private(set) var ended = 0

    /// A power to follow, or a new value, reached the station.
    mutating func told(at now: Instant) { toldAt = now }

    /// - Parameter coming: how long its converter needs from full discharge to nothing.
    mutating func observe(_ power: Power, coming: Duration, at now: Instant) -> String? {
        let silence = toldAt.map { now - $0 }
        if gave, power >= .zero, let silence, silence >= Self.duration { ended += 1 }
        gave = power < .zero
        guard gave else { return nil }
        guard let silence else { return "gives \(-power.watts) W though nobody told it to" }
        return silence > Self.duration + coming + .seconds(1)
            ? "still gives \(-power.watts) W \(silence.wholeMilliseconds / 1000) s after the last word" : nil
    }
}

/// Nobody is tossed between charging and discharging.
struct TurnChecker {
    /// The platform lets a vehicle rest for a minute from telling it; from what flows to what flows it may be a little less.
    static let rest: Duration = .seconds(50)
    /// Less than this is standby, or a meter's.
    private static let least: Int64 = 300
    /// Above this it goes some way, though it counts only when it comes to more.
    private static let standby: Int64 = 100
    private var sign: Int64 = 0
    private var turnedAt: Instant?
    private var side: (sign: Int64, since: Instant)?

    mutating func reset() { self = TurnChecker() }

    mutating func observe(_ power: Power, at now: Instant) -> String? {
        if abs(power.watts) >= Self.standby, power.watts.signum() != side?.sign { side = (power.watts.signum(), now) }
        guard let side, abs(power.watts) >= Self.least, side.sign != sign else { return nil }
        let before = (sign, turnedAt)
        sign = side.sign
        guard before.0 != 0 else { return nil }
        turnedAt = side.since
        guard let last = before.1, side.since - last < Self.rest else { return nil }
        return "turned round twice within \((side.since - last).wholeMilliseconds / 1000) s"
    }
}

/// The sum of all charging below the node is what was asked, soon, or the platform says by how much it is missed and who
/// falls short why.
struct GroupChecker {
    /// A setpoint is reached within this (OCPP 2.1 Q: 5 s).
    static let within: Duration = .seconds(5)
    /// A gap is seen on meters that speak every two seconds over a wire that may need four, and counts after five.
    private let toldWithin: Duration
    /// The alarm comes after five more and has to be written.
    private var alarmedWithin: Duration { toldWithin + .seconds(11) }

    /// Between two reasons there may be a moment; and who is metered seldom may have stopped just when the last reason went.
    private let silentFor: Duration

    /// - Parameter othersEvery: how often piles are metered that nobody steers; `nil`: there are none.
    init(othersEvery: Duration? = nil) {
        toldWithin = .seconds(14) + (othersEvery ?? .zero)
        silentFor = .seconds(3) + (othersEvery ?? .zero)
    }

    private var call: (id: String, asked: Power, at: Instant)?
    private var offSince: Instant?
    /// No word since then of what is missing.
    private var silentSince: Instant?
    private var unalarmedSince: Instant?
    private var isReached = false
    private var complained = false

    private(set) var asked = 0
    private(set) var reached = 0
    private(set) var reachedInTime = 0
    private(set) var told = 0
    private var isTold = false

    static func tolerance(_ asked: Power) -> Int64 { max(600, abs(asked.watts) * 3 / 100) }

    /// - Parameters:
    ///   - since: from when the whole of it may be expected, its ramp over.
    ///   - power: what really flows.
    ///   - standing: as the platform shows it; `nil`: there is no platform.
    mutating func observe(
        _ instruction: Instruction, since: Instant, power: Power, standing: GroupDispatch?, isAlarmed: Bool,
        at now: Instant
    ) -> String? {
        guard case .exactly(let asked) = instruction.demand else { return nil }
        if call?.at != instruction.interval.start || call?.id != instruction.id {
            call = (instruction.id, asked, instruction.interval.start)
            offSince = nil
            isReached = false
            complained = false
            isTold = false
            silentSince = nil
            unalarmedSince = nil
            self.asked += 1
        }
        let gap = power.watts - asked.watts
        if abs(gap) <= Self.tolerance(asked) {
            offSince = nil
            if !isReached {
                isReached = true
                reached += 1
                if now - since <= Self.within { reachedInTime += 1 }
            }
            return nil
        }
        guard now >= since, let standing else {
            offSince = nil
            return nil
        }
        let begun = max(since, offSince ?? now)
        offSince = begun
        let isReasoned = standing.missedSince != nil && !standing.shortfalls.isEmpty
        if isReasoned, !isTold {
            isTold = true
            told += 1
        }
        silentSince = isReasoned ? nil : silentSince ?? now
        unalarmedSince = isAlarmed ? nil : unalarmedSince ?? now
        guard !complained else { return nil }
        let lasts = now - begun
        if lasts > toldWithin, let silentSince, now - silentSince > silentFor {
            complained = true
            return "asked for \(asked.watts) W, \(power.watts) W flow for \(lasts.wholeMilliseconds / 1000) s, and "
                + (standing.missedSince == nil ? "nobody says so" : "no reason is told")
        }
        if lasts > alarmedWithin, let unalarmedSince, now - unalarmedSince > silentFor + .seconds(8) {
            complained = true
            return "asked for \(asked.watts) W, \(power.watts) W flow, and there is no alarm"
        }
        return nil
    }

    /// Nobody asks for anything, or for more than one thing.
    mutating func rest() { call = nil }
}

/// A station that was away is told what to follow only after its default profile was read or given again.
struct RereadChecker {
    private var isSure = false
    private var defaults: Set<String> = []

    /// A new connection.
    mutating func connected() { self = RereadChecker() }

    /// A frame leaves the platform.
    mutating func sent(_ frame: WireText) -> String? {
        if frame.action == "SetChargingProfile", frame.text.contains("TxDefaultProfile") { defaults.insert(frame.id) }
        guard !isSure, frame.action == "SetChargingProfile" || frame.action == "UpdateDynamicSchedule",
            frame.text.contains("\"setpoint\"")
        else { return nil }
        return "told what to follow before its default profile is known again"
    }

    /// A frame reaches it.
    mutating func received(_ frame: WireText) {
        if frame.action == "ReportChargingProfiles" { isSure = true }
        if frame.action == nil, defaults.contains(frame.id), frame.text.contains("\"Accepted\"") { isSure = true }
    }
}

/// Energy of a stay: what meters counted and what the battery had of it.
struct StayBalance {
    let imported: Energy
    let exported: Energy
    /// Into the battery, less what came out.
    let gained: Energy
    let lasted: Duration

    /// - Parameter loss: per mille left after converter and vehicle, in each direction.
    func violation(chargeLeft: Int64, dischargeLeft: Int64, standby: Power) -> String? {
        let standing = standby.energy(over: lasted).milliwattHours
        let out = exported.milliwattHours * 1_000_000 / dischargeLeft
        let most = imported.milliwattHours * chargeLeft / 1_000_000 - out
        let least = (imported.milliwattHours - standing) * chargeLeft / 1_000_000 - out
        let slack: Int64 = 1_000
        guard gained.milliwattHours > most + slack || gained.milliwattHours < least - slack else { return nil }
        return
            "its battery has \(gained.wattHoursText) Wh more, meters and losses say \(least / 1000) to \(most / 1000) Wh"
    }
}

/// What of an OCPP text a checker needs: `[2,"id","Action",{…}]` or `[3,"id",{…}]`.
struct WireText {
    let action: String?
    let id: String
    let text: String

    /// `nil`: an error, or no OCPP.
    init?(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        let parts = text.prefix(200).split(separator: "\"", maxSplits: 4, omittingEmptySubsequences: false)
        guard parts.count > 2, parts[0] == "[2," || parts[0] == "[3," else { return nil }
        id = String(parts[1])
        action = parts[0] == "[2," && parts.count > 3 ? String(parts[3]) : nil
        self.text = text
    }
}
