public import Assets
public import Quantities

/// Who must yield to whom, highest first (architecture, decision 4).
public enum Priority: Int, Hashable, Sendable, Comparable, CaseIterable {
    /// Ratings, stop-all, a paused pile, the guard.
    case safety
    /// Limits of the grid: nodes, a grid operator's setpoint.
    case grid
    /// What the driver needs as a minimum.
    case driverMinimum
    /// What was promised: the energy wanted by departure, a demand-response contract.
    case contract
    /// A market award.
    case market
    /// Saving money: the plan.
    case cost
    /// A smaller value is a higher priority; `a < b` means that `a` yields to `b`.
    public static func < (a: Priority, b: Priority) -> Bool { a.rawValue > b.rawValue }
}

/// One wish about power from anyone: an operator's click, a plan, a grid operator's setpoint, a market award.
///
/// Its life is `received → allocated → confirmed → measured`; each step keeps when it happened and at which power.
public struct Instruction: Hashable, Sendable {
    public enum Target: Hashable, Sendable {
        case node(NodeID)
        case evse(EVSEID)
        /// The sum of all charging and discharging below a node, without its base load.
        case charging(below: NodeID)
    }
    public enum Demand: Hashable, Sendable {
        case atMost(Power)
        case atLeast(Power)
        case exactly(Power)
    }
    public enum Stage: Int, Hashable, Sendable, Comparable {
        case received, allocated, confirmed, measured
        public static func < (a: Stage, b: Stage) -> Bool { a.rawValue < b.rawValue }
    }
    public struct Step: Hashable, Sendable {
        public let stage: Stage
        public let at: Instant
        public let power: Power?
        public init(stage: Stage, at: Instant, power: Power?) {
            self.stage = stage
            self.at = at
            self.power = power
        }
    }

    public let id: String
    /// Where it came from, for people: `operator`, `plan`, `guard`, `iec104` …
    public let source: String
    public let priority: Priority
    public let target: Target
    public let demand: Demand
    /// While it holds.
    public let interval: Interval
    /// The fastest that a group may change its power, a second; `nil`: as fast as it can.
    public let ramp: Power?
    /// Steps in order; the first is ``Stage/received``.
    public private(set) var history: [Step]

    public init(
        id: String, source: String, priority: Priority, target: Target, demand: Demand, interval: Interval,
        ramp: Power? = nil, receivedAt: Instant
    ) {
        self.id = id
        self.source = source
        self.priority = priority
        self.target = target
        self.demand = demand
        self.interval = interval
        self.ramp = ramp
        self.history = [Step(stage: .received, at: receivedAt, power: nil)]
    }

    public var stage: Stage { history.last?.stage ?? .received }

    /// Notes the next stage. A stage that is not later than the present one is ignored: it was told twice.
    public mutating func advance(to stage: Stage, at: Instant, power: Power?) {
        if stage > self.stage { history.append(Step(stage: stage, at: at, power: power)) }
    }
}

/// What a set of instructions leaves for one target: a range, and which instruction set each end.
public struct PriorityStack: Hashable, Sendable {
    public private(set) var lowest: Power
    public private(set) var highest: Power
    /// The instruction that set each end; `nil` where the rating did.
    public private(set) var setLowest: Instruction?
    public private(set) var setHighest: Instruction?
    /// Instructions that a higher one made impossible to meet in full.
    public private(set) var yielded: [Instruction] = []

    /// - Parameter range: what the hardware can do; nothing goes beyond it.
    public init(
        _ instructions: [Instruction], for target: Instruction.Target, within range: ClosedRange<Power>, at now: Instant
    ) {
        lowest = range.lowerBound
        highest = range.upperBound
        // Higher priorities first; among equals the older one, then the id, so that the order of arrival decides nothing.
        let applicable = instructions.filter { $0.target == target && $0.interval.contains(now) }.sorted { a, b in
            if a.priority != b.priority { return a.priority > b.priority }
            if a.interval.start != b.interval.start { return a.interval.start < b.interval.start }
            return a.id < b.id
        }
        for instruction in applicable { apply(instruction) }
    }

    private mutating func apply(_ instruction: Instruction) {
        switch instruction.demand {
        case .atMost(let power):
            lowerHighest(to: power, instruction)
        case .atLeast(let power):
            raiseLowest(to: power, instruction)
        case .exactly(let power):
            lowerHighest(to: power, instruction)
            raiseLowest(to: power, instruction)
        }
    }

    private mutating func lowerHighest(to power: Power, _ instruction: Instruction) {
        if power < lowest { yielded.append(instruction) }
        let bound = max(power, lowest)
        if bound < highest {
            highest = bound
            setHighest = instruction
        }
    }

    private mutating func raiseLowest(to power: Power, _ instruction: Instruction) {
        if power > highest, yielded.last != instruction { yielded.append(instruction) }
        let bound = min(power, highest)
        if bound > lowest {
            lowest = bound
            setLowest = instruction
        }
    }
}
