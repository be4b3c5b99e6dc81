/// Half and full cycles of a state of charge as it goes by (ASTM E1049, rainflow, four points at a time): only the turning
/// points of open half cycles are kept.
///
/// Depth and mean are shares of the capacity, 0…1. `Double`, because a stress is an estimate; money is
/// `BatteryTerms`'s.
public struct RainflowCounter: Hashable, Sendable {
    public struct Cycle: Hashable, Sendable {
        public let depth: Double
        public let mean: Double
        /// 1, or 0.5 for a half cycle.
        public let count: Double
    }
    /// Turning points whose cycles are not closed; the last one may still move on.
    public private(set) var open: [Double] = []
    /// More are folded into half cycles from the oldest on: a trace that spirals outward for ever must not grow.
    public static let mostOpen = 256

    public init() {}

    /// Takes the next value.
    /// - Returns: cycles that it closed.
    public mutating func take(_ value: Double) -> [Cycle] {
        guard let last = open.last else {
            open.append(value)
            return []
        }
        if value == last { return [] }
        if open.count >= 2, (value > last) == (last > open[open.count - 2]) {
            open[open.count - 1] = value
        } else {
            open.append(value)
        }
        var closed: [Cycle] = []
        // The inner of three ranges is a full cycle when neither neighbour is smaller.
        while open.count >= 4 {
            let n = open.count
            let (a, b, c, d) = (open[n - 4], open[n - 3], open[n - 2], open[n - 1])
            guard abs(c - b) <= abs(b - a), abs(c - b) <= abs(d - c) else { break }
            closed.append(Self.cycle(b, c, 1))
            open.removeSubrange((n - 3)..<(n - 1))
        }
        if open.count > Self.mostOpen {
            closed.append(Self.cycle(open[0], open[1], 0.5))
            open.removeFirst()
        }
        return closed
    }

    /// What is still open, as half cycles.
    public var residue: [Cycle] { zip(open, open.dropFirst()).map { Self.cycle($0, $1, 0.5) } }

    private static func cycle(_ a: Double, _ b: Double, _ count: Double) -> Cycle {
        Cycle(depth: abs(a - b), mean: (a + b) / 2, count: count)
    }
}

/// The stress model of Xu et al. 2018 (IEEE Trans. Smart Grid 9, 1131–1140): ageing is a number that only grows, and the
/// capacity lost follows from it. Its constants are fitted on LMO cells: the shape (deep cycles cost more than shallow ones)
/// carries over, the level does not, so it ranks courses and prices nothing.
public struct CycleStress: Hashable, Sendable {
    /// The ageing so far.
    public private(set) var ageing = 0.0
    private var cycles = RainflowCounter()

    public init() {}

    /// Time passes at a state of charge.
    /// - Parameters:
    ///   - hours: since the value before.
    ///   - charge: 0…1.
    ///   - kelvin: of the cells.
    public mutating func take(charge: Double, hours: Double, kelvin: Double = 298) {
        ageing += 4.14e-10 * hours * 3600 * Self.level(charge) * Self.heat(kelvin)
        for cycle in cycles.take(charge) { ageing += Self.stress(cycle, kelvin: kelvin) }
    }

    /// With the half cycles that are still open.
    public func ageingNow(kelvin: Double = 298) -> Double {
        cycles.residue.reduce(ageing) { $0 + Self.stress($1, kelvin: kelvin) }
    }

    /// Part of the capacity lost at `ageing`.
    public static func loss(_ ageing: Double) -> Double {
        let (a, b) = (5.75e-2, 121.0)
        return 1 - a * exponential(-b * ageing) - (1 - a) * exponential(-ageing)
    }

    public static func stress(_ cycle: RainflowCounter.Cycle, kelvin: Double = 298) -> Double {
        cycle.count * depth(cycle.depth) * level(cycle.mean) * heat(kelvin)
    }

    /// Of one full cycle of a depth; grows faster than the depth.
    static func depth(_ depth: Double) -> Double {
        depth <= 0 ? 0 : 1 / (1.40e5 * raised(depth, to: -0.501) - 1.23e5)
    }
    static func level(_ charge: Double) -> Double { exponential(1.04 * (charge - 0.5)) }
    static func heat(_ kelvin: Double) -> Double { exponential(6.93e-2 * (kelvin - 298) * 298 / kelvin) }
}
