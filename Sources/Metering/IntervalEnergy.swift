public import Quantities

/// What is odd about the readings behind an interval.
public enum RegisterFlag: String, Hashable, Sendable, CaseIterable {
    /// The counter began anew; what it counted across the break is not known.
    case reset
    /// A single reading that does not fit between its neighbours was left out.
    case outlier
}

/// The energy of one interval from a meter's register.
public struct MeteredInterval: Hashable, Sendable {
    public let interval: Interval
    /// Energy of the part that is covered; zero when nothing is.
    public let energy: Energy
    /// How much of the interval lies between readings.
    public let covered: Duration
    public let quality: EnergyQuality
    public let flags: Set<RegisterFlag>

    public init(
        interval: Interval, energy: Energy, covered: Duration, quality: EnergyQuality, flags: Set<RegisterFlag> = []
    ) {
        self.interval = interval
        self.energy = energy
        self.covered = covered
        self.quality = quality
        self.flags = flags
    }
}

/// Interval energy from the readings of one register, by linear interpolation between neighbours.
///
/// The register at each boundary is rounded to the milliwatt-hour, not the energy of each interval: so the intervals between
/// two readings sum to exactly their difference.
/// - Parameters:
///   - readings: by time; of several at one instant the last counts.
///   - step: intervals begin at whole steps after `origin`.
///   - longestGap: between readings further apart the energy counts as estimated.
///   - highestPower: what the meter's connection can carry; a faster rise is a fault of the reading. `nil`: not checked.
/// - Returns: every interval that readings touch, in order; those inside a span without readings are `missing`.
public func intervalEnergies(
    readings: [(at: Instant, value: RegisterReading)], step: Duration, origin: Instant = Instant(milliseconds: 0),
    longestGap: Duration? = nil, highestPower: Power? = nil
) -> [MeteredInterval] {
    let (segments, outliers) = registerSegments(readings, highestPower: highestPower)
    guard let first = readings.first?.at, let last = readings.last?.at, first < last else { return [] }
    let limit = longestGap ?? step * 2
    var result: [MeteredInterval] = []
    var start = first.floored(to: step, from: origin)
    var index = 0
    var odd = 0
    while start < last {
        let interval = Interval(start, start + step)
        while index < segments.count, segments[index].interval.end <= interval.start { index += 1 }
        var (energy, covered, estimated) = (Energy.zero, Duration.zero, false)
        var flags: Set<RegisterFlag> = []
        for segment in segments[index...].prefix(while: { $0.interval.start < interval.end }) {
            guard let part = segment.interval.intersection(interval) else { continue }
            guard let to = segment.end else {
                flags.insert(.reset)
                continue
            }
            energy += segment.register(at: part.end, to: to) - segment.register(at: part.start, to: to)
            covered += part.duration
            if segment.interval.duration > limit { estimated = true }
        }
        while odd < outliers.count, outliers[odd] < interval.end {
            if outliers[odd] >= interval.start { flags.insert(.outlier) }
            odd += 1
        }
        let quality: EnergyQuality =
            covered == .zero ? .missing : covered == step && !estimated ? .measured : .estimated
        result.append(
            MeteredInterval(interval: interval, energy: energy, covered: covered, quality: quality, flags: flags))
        start += step
    }
    return result
}

/// From one believed reading to the next.
private struct RegisterSegment {
    let interval: Interval
    let begin: RegisterReading
    /// `nil` when the counter began anew in between.
    let end: RegisterReading?

    func register(at instant: Instant, to end: RegisterReading) -> RegisterReading {
        if instant == interval.start { return begin }
        if instant == interval.end { return end }
        let rise = Int128(end.milliwattHours) - Int128(begin.milliwattHours)
        let part = Int128((instant - interval.start).wholeMilliseconds)
        let total = Int128(interval.duration.wholeMilliseconds)
        return RegisterReading(milliwattHours: begin.milliwattHours + Int64((rise * part * 2 + total) / (total * 2)))
    }
}

/// Readings that can follow each other make segments. One that cannot is left out when its successor fits without it (an
/// outlier); else the counter began anew with it.
private func registerSegments(
    _ readings: [(at: Instant, value: RegisterReading)], highestPower: Power?
) -> (segments: [RegisterSegment], outliers: [Instant]) {
    var unique: [(at: Instant, value: RegisterReading)] = []
    for reading in readings {
        if unique.last?.at == reading.at { unique.removeLast() }
        unique.append(reading)
    }
    func fits(_ a: (at: Instant, value: RegisterReading), _ b: (at: Instant, value: RegisterReading)) -> Bool {
        guard a.value <= b.value else { return false }
        guard let highestPower else { return true }
        return b.value - a.value <= highestPower.energy(over: b.at - a.at)
    }
    guard var last = unique.first else { return ([], []) }
    var segments: [RegisterSegment] = []
    var outliers: [Instant] = []
    var index = 1
    while index < unique.count {
        let next = unique[index]
        let interval = Interval(last.at, next.at)
        if fits(last, next) {
            segments.append(RegisterSegment(interval: interval, begin: last.value, end: next.value))
        } else if index + 1 < unique.count, fits(last, unique[index + 1]) {
            outliers.append(next.at)
            index += 1
            continue
        } else {
            segments.append(RegisterSegment(interval: interval, begin: last.value, end: nil))
        }
        last = next
        index += 1
    }
    return (segments, outliers)
}
