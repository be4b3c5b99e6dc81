import Quantities

/// The dispatcher's constants, in one place with their reasons.
public struct DispatchSettings: Hashable, Sendable {
    /// How long a transaction profile holds: two re-plan intervals (architecture, decision 3).
    public var profileDuration: Duration = .minutes(10)
    /// A profile is renewed when less than this is left, so that a lost answer can be repeated before the end.
    public var renewBefore: Duration = .minutes(5)
    /// Smallest change worth a message, as a share of the rating.
    public var deadBand = 0.03
    /// Least time between two commands for one EVSE that are not safety cuts.
    public var leastInterval: Duration = .seconds(20)
    /// A rejected or unanswered command is repeated after this, doubled each time up to ``profileDuration``.
    public var retryAfter: Duration = .seconds(15)
    /// Share of a node's limit that targets keep free: base load moves between two meter readings.
    public var targetMargin = 0.03
    /// Share of a node's limit below it at which measured load sets off the guard.
    public var guardMargin = 0.01
    /// The guard lets go when measured load stayed below the limit less twice the target margin for this long.
    public var guardHold: Duration = .seconds(60)
    /// Older node readings are stale.
    public var meterStaleAfter: Duration = .seconds(60)
    /// Older EVSE readings say nothing of the present.
    public var evseStaleAfter: Duration = .minutes(3)
    /// A pile needs this long after a confirmed setpoint until its meter shows it (IEC 61851-1: 5 s for the vehicle).
    public var settleAfter: Duration = .seconds(10)
    /// Measured above the setpoint by more than this share of the rating counts as not following.
    public var followTolerance = 0.08
    /// So many samples in a row make the verdict.
    public var samplesToFlag = 3
    public var samplesToClear = 4
    /// A vehicle that draws nothing for so long although it may is full.
    public var fullAfter: Duration = .minutes(5)
    /// Room above what a vehicle draws that it keeps while it draws less than its setpoint: it may rise a little.
    public var headroom = 0.10
    /// Share of a node's room (limit less base quantile) that default profiles may add up to. What idle piles hold in
    /// reserve is lost to plugged-in vehicles: docs/adr/0006-forecasts-and-reserves.md.
    public var fallbackShare = 0.30
    /// A new session waits so long for a plan that knows it before it gets a share of the free room.
    public var planGrace: Duration = .minutes(2)
    /// Default profiles are looked over, and the offline invariant is proven, this often.
    public var reviewEvery: Duration = .seconds(10)
    /// An offline invariant that does not hold becomes an alarm after this: while piles confirm their first default
    /// profiles it cannot hold.
    public var invariantAlarmAfter: Duration = .minutes(2)
    /// Most default profiles sent in one step; they can wait, setpoints cannot.
    public var fallbacksPerStep = 20

    // Vehicles that are steered in both directions

    /// A power to follow ends by itself after so long without a word from us.
    public var deadMan: Duration = .seconds(60)
    /// It is told again when less than this is left: enough for one lost call, and no sooner.
    public var deadManRenewBefore: Duration = .seconds(25)
    /// Least time between two setpoints of one vehicle that are not safety cuts.
    public var steerInterval: Duration = .seconds(1)
    /// Smallest change of a followed power worth a message, as a share of the rating.
    public var steerBand = 0.005
    /// A vehicle shows a new setpoint on its meter within this (Q: 5 s).
    public var followWithin: Duration = .seconds(5)
    /// A pile that nobody used when it was lost is taken to be out of order after this; until then a vehicle may have come.
    public var outOfOrderAfter: Duration = .minutes(15)
    /// By how much measured power may differ from the setpoint, as a share of the rating, before it counts as falling short.
    public var steerTolerance = 0.03
    /// What a vehicle fell short of is not asked of it for so long, doubled each time.
    public var derateFor: Duration = .seconds(60)
    /// After a turn from charging to discharging or back no other one for so long.
    public var turnRest: Duration = .seconds(60)
    /// Share of a vehicle's charging power that counts when it is asked whether what was taken can come back by departure:
    /// others may charge beside it.
    public var recoveryShare = 0.5
    /// A vehicle that negotiates its schedule follows a new one within this (ISO 15118-20 lets it wait for a minute).
    public var negotiateWithin: Duration = .seconds(60)
    /// As ``derateFor``, of one that follows schedules.
    public var scheduleDerateFor: Duration = .minutes(10)
    /// Between two schedules for a vehicle that negotiates each of them; cuts for safety do not wait.
    public var scheduleInterval: Duration = .seconds(60)
    public init() {}
}
