public import Assets
public import Quantities

/// What the dispatcher of one site sees at one instant. Build it anew each step; it is a plain value.
public struct DispatchInput: Sendable {
    public var mode: Site.Mode
    /// The plan in force, or nil: setpoints are provisional until there is one.
    public var plan: Plan?
    /// All nodes above the site's EVSEs, in any order; a parent that is not listed has no limit.
    public var nodes: [Node]
    /// All EVSEs of the site, also idle and offline ones: each can start to charge without us.
    public var evses: [EVSE]
    /// Wishes from outside the site (a grid operator, a market, a contract); the site's own are derived from the rest.
    public var instructions: [Instruction]

    public init(mode: Site.Mode, plan: Plan?, nodes: [Node], evses: [EVSE], instructions: [Instruction] = []) {
        self.mode = mode
        self.plan = plan
        self.nodes = nodes
        self.evses = evses
        self.instructions = instructions
    }

    public struct Measured: Hashable, Sendable {
        public let power: Power
        public let at: Instant
        public init(power: Power, at: Instant) {
            self.power = power
            self.at = at
        }
    }

    public struct Node: Sendable {
        public let id: NodeID
        public let parent: NodeID?
        /// `nil`: no limit of its own.
        public let limit: Power?
        /// The most that may flow out of it, a positive magnitude; `nil`: no limit of its own.
        public let exportLimit: Power?
        /// The node's meter: base load and charging together. `nil`: it has none, or never spoke.
        public let measured: Measured?
        /// High quantile of the base load at each time of day (`Forecaster.baseEnvelope`); `nil`: nothing is known, and
        /// without a meter the limit is then taken as one for charging alone.
        public let base: DailyProfile?
        public init(
            id: NodeID, parent: NodeID?, limit: Power?, exportLimit: Power? = nil, measured: Measured?,
            base: DailyProfile?
        ) {
            self.id = id
            self.parent = parent
            self.limit = limit
            self.exportLimit = exportLimit
            self.measured = measured
            self.base = base
        }
    }

    public struct EVSE: Sendable {
        public let id: EVSEID
        public let node: NodeID?
        public let capability: Capability
        /// `false` until the station spoke to us for the first time: a pile that is not there draws nothing.
        public var contacted: Bool
        public var online: Bool
        /// The running transaction; setpoints go only to one.
        public var session: Stay?
        /// Newest measured power of the EVSE. Outside a session `nil` counts as zero.
        public var measured: Measured?
        public var paused: Bool
        /// The operator's limit, and the pile's own operator limit: the lower of both.
        public var limit: Power?
        /// What others than us leave it (an energy manager, a grid operator); the station holds itself to it.
        public var outsideLimit: Power?
        public var chargeNow: Bool
        /// `true`: commissioning found that it ignores profiles; it is reserved at its rating.
        public var ignoresProfiles: Bool
        /// What profiles above ours let its vehicle do, whoever set them.
        public var governed: Governed?

        public init(
            id: EVSEID, node: NodeID?, capability: Capability, contacted: Bool = true, online: Bool,
            session: Stay? = nil, measured: Measured? = nil, paused: Bool = false, limit: Power? = nil,
            outsideLimit: Power? = nil, chargeNow: Bool = false, ignoresProfiles: Bool = false,
            governed: Governed? = nil
        ) {
            self.id = id
            self.node = node
            self.capability = capability
            self.contacted = contacted
            self.online = online
            self.session = session
            self.measured = measured
            self.paused = paused
            self.limit = limit
            self.outsideLimit = outsideLimit
            self.chargeNow = chargeNow
            self.ignoresProfiles = ignoresProfiles
            self.governed = governed
        }
    }

    /// Charging profiles above the platform's own hold an EVSE: an operation mode that a person ordered, priority charging, a
    /// profile made by hand. All that they allow is reckoned with; it is not steered until they end.
    public struct Governed: Hashable, Sendable {
        /// Charging positive; 0 lies within.
        public let range: ClosedRange<Power>
        /// `nil`: until somebody ends them.
        public let until: Instant?
        public init(range: ClosedRange<Power>, until: Instant?) {
            self.range = range
            self.until = until
        }
    }

    /// A vehicle that is plugged in with a running transaction, and what it still needs.
    public struct Stay: Hashable, Sendable {
        public let session: String
        public var startedAt: Instant
        /// Energy imported so far, less what was given back.
        public var delivered: Energy
        /// Energy wanted from plug-in to departure: stated, else a forecast quantile; `nil`: unknown.
        public var wanted: Energy?
        /// Energy that comes before any saving.
        public var minimum: Energy?
        public var departure: Instant?
        /// The vehicle stopped drawing although it was allowed to (``FullDetection`` or the station's SuspendedEV).
        public var isFull: Bool
        /// `nil`: it only charges, and is told limits.
        public var steering: Steering?
        /// It will be steered as soon as what its station falls back to is sure again: until then it is left alone.
        public var awaitsSteering: Bool
        /// The most that an earlier run of ours may have told it to give, a magnitude.
        public var mayGive: Power
        /// Its vehicle follows schedules that are negotiated with it, not values of the moment.
        public var isScheduled: Bool
        public init(
            session: String, startedAt: Instant, delivered: Energy, wanted: Energy? = nil, minimum: Energy? = nil,
            departure: Instant? = nil, isFull: Bool = false, steering: Steering? = nil,
            awaitsSteering: Bool = false, mayGive: Power = .zero, isScheduled: Bool = false
        ) {
            self.session = session
            self.startedAt = startedAt
            self.delivered = delivered
            self.wanted = wanted
            self.minimum = minimum
            self.departure = departure
            self.isFull = isFull
            self.steering = steering
            self.awaitsSteering = awaitsSteering
            self.mayGive = mayGive
            self.isScheduled = isScheduled
        }
    }
}

/// What one EVSE can be told. Powers are positive magnitudes.
public struct Capability: Hashable, Sendable {
    public enum Granularity: Hashable, Sendable {
        /// Whole steps of current per phase; OCPP allows 100 mA.
        case milliamperes(Int64)
        case watts(Int64)
    }
    public let electrical: Station.Electrical
    public let granularity: Granularity
    /// Most periods that one schedule may have.
    public let maxPeriods: Int
    public init(
        electrical: Station.Electrical, granularity: Granularity = .milliamperes(100), maxPeriods: Int = 24
    ) {
        self.electrical = electrical
        self.granularity = granularity
        self.maxPeriods = maxPeriods
    }

    public var rating: Power { electrical.maxPower }
    public var minimum: Power { electrical.minPower }

    /// The highest power at or below `power` that the EVSE can be told: 0, or a whole step from the minimum to the rating.
    public func settable(_ power: Power) -> Power {
        if power < minimum { return .zero }
        let bounded = min(power, rating)
        switch granularity {
        case .watts(let step):
            let cut = Power(watts: bounded.watts / max(1, step) * max(1, step))
            return cut < minimum ? minimum : cut
        case .milliamperes(let step):
            // A power that was itself made from whole steps must come back as it is, though both ways round down.
            let least = max(1, step)
            var current = electrical.milliamperes(bounded) / least * least
            if electrical.power(milliamperes: current + least) <= bounded { current += least }
            let cut = electrical.power(milliamperes: current)
            return cut < minimum ? minimum : cut
        }
    }
}
