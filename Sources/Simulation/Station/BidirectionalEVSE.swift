public import OCPP
public import Quantities

/// Power electronics of an EVSE that works both ways, and what stands around it. Measured is at its grid side, so that its
/// own losses are paid for: they are seen in what arrives at the vehicle.
public struct BidirectionalEVSE: Hashable, Sendable {
    public enum Current: Hashable, Sendable { case direct, alternating }
    /// Local load balancing (2.1 Q09) keeps the meter upstream between these, in watts.
    public struct LoadBand: Hashable, Sendable {
        public var lower: Int64
        public var upper: Int64
        public var lowerOffset: Int64 = 0
        public var upperOffset: Int64 = 0
        public init(lower: Int64, upper: Int64) {
            self.lower = lower
            self.upper = upper
        }
    }

    public var current = Current.direct
    /// At the meter, both positive.
    public var maxCharge = Power.kilowatts(20)
    public var maxDischarge = Power.kilowatts(20)
    /// Between an order and the first change of power.
    public var responseDelay: Duration = .milliseconds(400)
    /// Watts a second, both up and down.
    public var ramp: Int64 = 20_000
    /// Power is set in steps of this, towards zero.
    public var resolution = Power.watts(10)
    /// Per mille that come through, each way.
    public var efficiencyPermille = 970
    /// Drawn by itself while a transaction is not asleep; what flows beyond it reaches the vehicle.
    public var standby = Power.watts(40)
    /// The modes that it knows beside ChargingOnly.
    public var modes = ChargingProfile.Mode.allCases
    /// It can be switched off while a transaction is idle.
    public var sleeps = true
    /// Smaller changes of frequency are not answered, mHz.
    public var frequencyThreshold = 10
    /// `nil`: nobody has configured it.
    public var loadBand: LoadBand?
    /// A refused transfer is followed by asking for one that only charges; else the transaction ends (Q01.FR.05, FR.06).
    public var renegotiates = false

    public init() {}
}

/// What flows through the electronics of one EVSE: an order takes effect after a while, and power then moves in small steps.
/// What vehicle and hardware allow binds at once.
struct PowerFlow: Hashable, Sendable {
    /// Power moves this often while it moves.
    static let tick = Duration.milliseconds(100)

    /// Through the electronics now, at the meter; below zero while discharging.
    private(set) var power = Power.zero
    /// Where it goes now.
    private(set) var goal = Power.zero
    /// The last order, and when it takes effect.
    private var ordered = Power.zero
    private var orderedFor: Instant?
    private var stepAt: Instant?

    var due: Instant? { [orderedFor, stepAt].compactMap { $0 }.min() }

    /// - Parameters:
    ///   - bounds: what vehicle and hardware allow.
    ///   - perTick: by how much power changes in a ``tick``.
    mutating func follow(
        _ order: Power, within bounds: ClosedRange<Power>, delay: Duration, perTick: Power, at now: Instant
    ) {
        if order != ordered {
            ordered = order
            orderedFor = orderedFor ?? now + delay
        }
        if let due = orderedFor, due <= now {
            orderedFor = nil
            goal = ordered
        }
        // Moving towards what cannot be reached is standing still.
        let aim = min(max(goal, bounds.lowerBound), bounds.upperBound)
        power = min(max(power, bounds.lowerBound), bounds.upperBound)
        if let due = stepAt, due <= now {
            stepAt = nil
            let step = max(.watts(1), perTick)
            power = aim > power ? min(aim, power + step) : max(aim, power - step)
        }
        if power == aim { stepAt = nil } else { stepAt = stepAt ?? now + Self.tick }
    }

    /// The contactors open.
    mutating func cutOff() { self = PowerFlow() }
}
