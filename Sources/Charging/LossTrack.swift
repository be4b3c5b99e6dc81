public import Quantities

/// What the state of charge and the two registers of a session say of its losses, without knowing the battery's capacity:
///
///     round trip = (ΔSoC charged ÷ energy in) · (energy out ÷ ΔSoC discharged)
///
/// A state of charge comes in steps, mostly of a whole per cent. Where it steps, the battery passed one exact level, some time
/// between two readings; so only the way from the first to the last step of a run in one direction counts, and what flowed on it
/// is known to within the two readings around each. How a battery's management comes to its figures is not in that.
public struct LossTrack: Hashable, Sendable {
    /// All three at one instant.
    public struct Sample: Hashable, Sendable {
        public let at: Instant
        /// Hundredths of a per cent.
        public let charge: Int64
        public let imported: RegisterReading
        public let exported: RegisterReading
        public init(at: Instant, charge: Int64, imported: RegisterReading, exported: RegisterReading) {
            self.at = at
            self.charge = charge
            self.imported = imported
            self.exported = exported
        }

        fileprivate func register(_ isCharging: Bool) -> Int64 {
            (isCharging ? imported : exported).milliwattHours
        }
    }

    /// What went one way, and by how much the state of charge moved with it.
    public struct Way: Hashable, Sendable {
        /// Hundredths of a per cent.
        public fileprivate(set) var points: Int64 = 0
        /// The energy was this at least and at most, as the meter has it.
        public fileprivate(set) var least = Energy.zero
        public fileprivate(set) var most = Energy.zero

        fileprivate mutating func add(_ other: Way) {
            points += other.points
            least += other.least
            most += other.most
        }
    }

    /// A step of the state of charge to this value, and the register at the readings around it, mWh.
    private struct Step: Hashable, Sendable {
        let charge: Int64
        let before: Int64
        let after: Int64
    }
    private struct Run: Hashable, Sendable {
        let isCharging: Bool
        var first: Step?
        var last: Step?
    }

    /// Of runs that are over.
    private var inward = Way()
    private var outward = Way()
    private var run: Run?
    private var newest: Sample?
    /// When energy was seen to flow last.
    private var flowedAt: Instant?

    public init() {}

    /// A run that moved the battery less says more of its steps than of its losses.
    private static let leastRun: Int64 = 200
    /// Each way, before a round trip is told.
    private static let leastPoints: Int64 = 500
    /// A hundred full cycles: what comes after them is not looked at.
    private static let mostPoints: Int64 = 1_000_000
    /// Less, over a reading or more, is standby and no flow.
    public static let leastFlow = Power.watts(200)
    /// Registers may be cut to whole watt-hours.
    private static let rounding = Energy.wattHours(1)

    // MARK: - Readings

    /// The next one; one that is not later than the newest says nothing.
    public mutating func take(_ sample: Sample) {
        guard (0...10_000).contains(sample.charge) else { return }
        guard let before = newest else {
            newest = sample
            flowedAt = sample.at
            return
        }
        guard sample.at > before.at else { return }
        newest = sample
        let (taken, given) = (sample.imported - before.imported, sample.exported - before.exported)
        let moved = sample.charge - before.charge
        let isSound = taken >= .zero && given >= .zero && taken <= Session.largestStep && given <= Session.largestStep
        // A register that fell, or a turn between the two: nobody knows what of it went where.
        guard isSound, taken == .zero || given == .zero, max(inward.points, outward.points) < Self.mostPoints else {
            return close(at: sample.at)
        }
        let flow = taken + given
        if flow == .zero {
            // Registers that are cut to whole watt-hours may stand still while it steps.
            if moved != 0 { step(to: sample, from: before, run?.isCharging ?? true, moved) }
            return
        }
        let time = max(1, (sample.at - (flowedAt ?? before.at)).wholeMilliseconds)
        guard flow.meanPower(over: .milliseconds(time)) >= Self.leastFlow else { return close(at: sample.at) }
        let isCharging = taken > .zero
        if run?.isCharging != isCharging {
            close(at: sample.at)
            run = Run(isCharging: isCharging)
        }
        flowedAt = sample.at
        if moved != 0 { step(to: sample, from: before, isCharging, moved) }
    }

    private mutating func step(to sample: Sample, from before: Sample, _ isCharging: Bool, _ moved: Int64) {
        // It moved by itself, or against what flows: its management corrected it.
        guard run != nil, isCharging == (moved > 0) else { return close(at: sample.at) }
        let step = Step(
            charge: sample.charge, before: before.register(isCharging), after: sample.register(isCharging))
        if run?.first == nil { run?.first = step } else { run?.last = step }
    }

    private mutating func close(at instant: Instant) {
        if let run, let way = Self.way(of: run) {
            if run.isCharging { inward.add(way) } else { outward.add(way) }
        }
        run = nil
        flowedAt = instant
    }

    private static func way(of run: Run) -> Way? {
        guard let first = run.first, let last = run.last else { return nil }
        var way = Way()
        way.points = abs(last.charge - first.charge)
        guard way.points >= leastRun else { return nil }
        way.least = max(.zero, Energy(milliwattHours: last.before - first.after) - rounding)
        way.most = Energy(milliwattHours: last.after - first.before) + rounding
        return way
    }

    // MARK: - What comes of them

    public var charged: Way { total(inward, isCharging: true) }
    public var discharged: Way { total(outward, isCharging: false) }

    private func total(_ over: Way, isCharging: Bool) -> Way {
        var all = over
        if let run, run.isCharging == isCharging, let way = Self.way(of: run) { all.add(way) }
        return all
    }

    /// `nil`: too little went one of the ways, or what was told cannot be.
    public var roundTrip: RoundTrip? {
        let (i, o) = (charged, discharged)
        guard i.points >= Self.leastPoints, o.points >= Self.leastPoints, i.least > .zero, o.least > .zero else {
            return nil
        }
        return Self.share(
            least: (i.points, o.least, i.most, o.points), likely: (i.points, o.middle, i.middle, o.points),
            most: (i.points, o.most, i.least, o.points))
    }

    /// What of the energy from the grid reaches a battery of this capacity; `nil` as for ``roundTrip``.
    public func chargeShare(capacity: Energy) -> RoundTrip? {
        let way = charged
        guard way.points >= Self.leastPoints, way.least > .zero, capacity > .zero else { return nil }
        return Self.share(
            least: (way.points, capacity, way.most, 10_000), likely: (way.points, capacity, way.middle, 10_000),
            most: (way.points, capacity, way.least, 10_000))
    }

    /// What of a battery's energy reaches the grid.
    public func dischargeShare(capacity: Energy) -> RoundTrip? {
        let way = discharged
        guard way.points >= Self.leastPoints, way.least > .zero, capacity > .zero else { return nil }
        return Self.share(
            least: (10_000, way.least, capacity, way.points), likely: (10_000, way.middle, capacity, way.points),
            most: (10_000, way.most, capacity, way.points))
    }

    /// (points · energy) ÷ (energy · points), thousandths.
    private typealias Fraction = (Int64, Energy, Energy, Int64)

    private static func share(least: Fraction, likely: Fraction, most: Fraction) -> RoundTrip? {
        func permille(_ f: Fraction, _ rest: (_ divisor: Int128) -> Int128) -> Int {
            let above = Int128(f.0) * Int128(f.1.milliwattHours) * 1000
            let below = Int128(f.2.milliwattHours) * Int128(f.3)
            return Int(clamping: (above + rest(below)) / below)
        }
        let (low, high) = (permille(least) { _ in 0 }, permille(most) { $0 - 1 })
        // More than all, or less than half: the figures are not of one battery, or its management is lost.
        guard low <= 1000, high >= 500 else { return nil }
        return RoundTrip(low: low, middle: permille(likely) { $0 / 2 }, high: high)
    }
}

extension LossTrack.Way {
    fileprivate var middle: Energy { Energy(milliwattHours: (least.milliwattHours + most.milliwattHours) / 2) }
}

// For the disk: whole numbers between commas, parts between semicolons; `-` where there is none.
extension LossTrack {
    public var text: String {
        func way(_ way: Way) -> String { "\(way.points),\(way.least.milliwattHours),\(way.most.milliwattHours)" }
        func step(_ step: Step?) -> String { step.map { "\($0.charge),\($0.before),\($0.after)" } ?? "-" }
        return [
            way(inward), way(outward),
            newest.map {
                "\($0.at.milliseconds),\($0.charge),\($0.imported.milliwattHours),\($0.exported.milliwattHours)"
            } ?? "-",
            flowedAt.map { String($0.milliseconds) } ?? "-", run.map { $0.isCharging ? "1" : "0" } ?? "-",
            step(run?.first), step(run?.last),
        ].joined(separator: ";")
    }

    /// Reads ``text``; `nil`: it is none.
    public init?(text: String) {
        let parts = text.split(separator: ";", omittingEmptySubsequences: false).map { part in
            part.split(separator: ",").compactMap { Int64($0) }
        }
        func way(_ part: [Int64]) -> Way? {
            guard part.count == 3 else { return nil }
            var way = Way()
            way.points = part[0]
            (way.least, way.most) = (Energy(milliwattHours: part[1]), Energy(milliwattHours: part[2]))
            return way
        }
        func step(_ part: [Int64]) -> Step? {
            part.count == 3 ? Step(charge: part[0], before: part[1], after: part[2]) : nil
        }
        guard parts.count == 7, let inward = way(parts[0]), let outward = way(parts[1]) else { return nil }
        (self.inward, self.outward) = (inward, outward)
        if parts[2].count == 4 {
            newest = Sample(
                at: Instant(milliseconds: parts[2][0]), charge: parts[2][1],
                imported: RegisterReading(milliwattHours: parts[2][2]),
                exported: RegisterReading(milliwattHours: parts[2][3]))
        }
        flowedAt = parts[3].first.map { Instant(milliseconds: $0) }
        if let isCharging = parts[4].first {
            run = Run(isCharging: isCharging == 1, first: step(parts[5]), last: step(parts[6]))
        }
    }
}
