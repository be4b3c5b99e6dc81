public import Documents
public import Quantities

/// Base load of a community's households: the standard profile H0 (BDEW), scaled to a peak, with noise that no
/// forecaster sees and one evening on which it is a fifth higher.
public struct HouseholdLoad: Sendable {
    public enum Season: String, Sendable, CaseIterable { case winter, transition, summer }

    /// 96 weights a day type: workday, Saturday, Sunday, for one season.
    private let weights: [[Double]]
    private let watts: Double
    private let zone: Zone
    private let step: (evening: Interval, factor: Double)?
    private let seed: UInt64
    private let noise: Double

    /// - Parameters:
    ///   - peak: power of the season's highest quarter hour, before noise and step.
    ///   - noise: standard deviation of the minute noise as a share of the load; a slow part (quarter hours) and a fast
    ///     part (minutes) in equal measure.
    public init(
        profile bytes: [UInt8], file: String, season: Season, peak: Power, zone: Zone, noise: Double,
        step: (evening: Interval, factor: Double)?, seed: UInt64
    ) throws(Problems) {
        let table = try CSVDocument(bytes, file: file, required: ["season", "day", "from", "weight"])
        var weights: [String: [Double]] = [:]
        for row in table.rows where row["season"] == season.rawValue {
            guard let weight = row["weight"].flatMap(Rational.init(decimal:)) else {
                throw Problems(row.problem("weight", .decimalNeeded))
            }
            weights[row["day"] ?? "", default: []].append(weight.approximate)
        }
        let days = ["workday", "saturday", "sunday"].map { weights[$0] ?? [] }
        guard days.allSatisfy({ $0.count == 96 }), let top = days.joined().max(), top > 0 else {
            throw Problems(
                Problem(
                    file: file, line: 1, message: .weightsNeeded(season: season.rawValue)))
        }
        self.weights = days
        self.watts = Double(peak.watts) / top
        self.zone = zone
        self.noise = noise
        self.step = step
        self.seed = seed
    }

    /// Load at `instant`; the same instant always gives the same load.
    public func power(at instant: Instant) -> Power {
        let day = zone.civilDay(at: instant)
        let shape = weights[day.weekday == 6 ? 1 : day.weekday == 7 ? 2 : 0]
        let minute = Double(zone.millisecondOfDay(at: instant)) / 60_000
        // Between the middles of quarter hours the profile is joined by straight lines.
        let position = minute / 15 - 0.5
        let left = Int(position.rounded(.down))
        let fraction = position - Double(left)
        let value = shape[(left + 96) % 96] * (1 - fraction) + shape[(left + 1) % 96] * fraction
        let factor = step.map { $0.evening.contains(instant) ? $0.factor : 1 } ?? 1
        let minutes = instant.milliseconds / 60_000
        let wobble = (gauss(minutes / 15, salt: 1) + gauss(minutes, salt: 2)) * noise * 0.7071
        return Power(watts: Int64((value * watts * factor * max(0.5, 1 + wobble)).rounded()))
    }

    private func gauss(_ index: Int64, salt: UInt64) -> Double {
        var random = SeededRandom(seed: seed).split(UInt64(bitPattern: index) &* 4 &+ salt)
        // Sum of twelve uniforms: mean 6, variance 1; plenty for noise.
        return (0..<12).reduce(0) { sum, _ in sum + random.unit() } - 6
    }
}
