import Quantities

/// Ended stays of a site, and forecasts from them: a weighted empirical distribution.
///
/// A past stay weighs more the closer its time of arrival, the more alike its day (free or not, and the day after), and the
/// more recent it is. A driver's own stays count one each; all others of the site together count as much as two of them
/// (shrinkage), so that a newcomer gets the site's habits and a regular his own. What already happened conditions the
/// rest: only stays that lasted longer, or took more, than this one so far.
struct StayHistory: Sendable {
    struct Context: Hashable, Sendable {
        /// Days since 1970, local.
        let day: Int
        /// Hour of the day of arrival, local.
        let hour: Double
        let isFree: Bool
        let isNextFree: Bool
    }
    struct Entry: Hashable, Sendable {
        let context: Context
        let duration: Double
        let energy: Double
    }

    /// Own stays kept of one driver: half a year of daily charging. Drivers are bounded by ``mostDrivers``.
    private static let mostOwn = 180
    private static let mostDrivers = 20_000
    /// Stays of the site from which newcomers are forecast.
    private static let mostShared = 600

    // From the backtest, in docs/adr/0006-forecasts-and-reserves.md.
    private static let sharedWeight = 2.0
    private static let arrivalBandwidth = 2.0
    private static let energyBandwidth = 6.0
    private static let halfLifeDays = 120.0
    private static let otherDayAfter = 0.3
    /// Half of each stay's weight says "leaves at the same clock time", half "stays equally long".
    private static let clockShare = 0.5
    /// A site with as many stays weighs as much as the built-in prior.
    private static let priorStays = 10.0

    private var own: [String: [Entry]] = [:]
    private var shared: [(user: String?, entry: Entry)] = []

    mutating func insert(_ entry: Entry, user: String?) {
        if let user, own[user] != nil || own.count < Self.mostDrivers {
            own[user, default: []].append(entry)
            if let count = own[user]?.count, count > Self.mostOwn { own[user]?.removeFirst(count - Self.mostOwn) }
        }
        shared.append((user, entry))
        // Cut in blocks: moving 600 entries for each new one is wasted.
        if shared.count > Self.mostShared * 5 / 4 { shared.removeFirst(shared.count - Self.mostShared) }
    }

    /// Hours from arrival to departure, given that the vehicle stayed for `stayed` hours so far.
    func duration(user: String?, context: Context, stayed: Double) -> Quantiles<Double> {
        let forecast = forecast(user: user, bandwidth: Self.arrivalBandwidth, context: context, dayMatters: true) {
            entry, weight, sample in
            // Same clock time: as many hours after this day's midnight as then.
            let clock = entry.duration + entry.context.hour - context.hour
            if clock > stayed { sample(clock, weight * Self.clockShare) }
            if entry.duration > stayed { sample(entry.duration, weight * (1 - Self.clockShare)) }
        }
        // It outstayed everything that was ever seen: from here on memoryless, four hours on average.
        return forecast ?? beyond(stayed, mean: 4)
    }

    /// Kilowatt-hours from plug-in to departure, given `delivered` so far and that the vehicle still draws.
    func energy(user: String?, context: Context, delivered: Double) -> Quantiles<Double> {
        let forecast = forecast(user: user, bandwidth: Self.energyBandwidth, context: context, dayMatters: false) {
            entry, weight, sample in
            if entry.energy > delivered + 0.1 { sample(entry.energy, weight) }
        }
        return forecast ?? beyond(delivered, mean: 3)
    }

    private func beyond(_ value: Double, mean: Double) -> Quantiles<Double> {
        Quantiles(
            points: WeightedSample.probabilities.map { ($0, value + mean * -logarithm(1 - $0)) }, observations: 0)
    }

    private func forecast(
        user: String?, bandwidth: Double, context: Context, dayMatters: Bool,
        _ values: (_ entry: Entry, _ weight: Double, _ sample: (Double, Double) -> Void) -> Void
    ) -> Quantiles<Double>? {
        let mine = user.flatMap { own[$0] } ?? []
        var sample = WeightedSample()
        sample.reserve(2 * (mine.count + shared.count) + 2 * PriorStays.entries.count)
        let kernel = Kernel(context: context, bandwidth: bandwidth, dayMatters: dayMatters)
        for entry in mine { values(entry, kernel.weight(of: entry.context)) { sample.add($0, weight: $1) } }

        var weights = [Double](repeating: 0, count: shared.count)
        var total = 0.0
        for (i, other) in shared.enumerated() where user == nil || other.user != user {
            weights[i] = kernel.weight(of: other.entry.context)
            total += weights[i]
        }
        let trust = Double(shared.count) / (Double(shared.count) + Self.priorStays)
        if total > 0 {
            let scale = Self.sharedWeight * trust / total
            for (i, other) in shared.enumerated() where weights[i] > 0 {
                values(other.entry, weights[i] * scale) { sample.add($0, weight: $1) }
            }
        }
        let prior = PriorStays.entries.map { ($0, kernel.weight(of: $0.context, ageless: true)) }
        let priorTotal = prior.reduce(0) { $0 + $1.1 }
        if priorTotal > 0 {
            let scale = Self.sharedWeight * (1 - trust) / priorTotal
            for (entry, weight) in prior { values(entry, weight * scale) { sample.add($0, weight: $1) } }
        }
        return sample.quantiles(observations: mine.count)
    }

    /// How much a past stay says about this one.
    private struct Kernel {
        let context: Context
        let bandwidth: Double
        let dayMatters: Bool

        func weight(of past: Context, ageless: Bool = false) -> Double {
            var apart = abs(past.hour - context.hour)
            apart = min(apart, 24 - apart) / bandwidth
            var weight = exponential(-0.5 * apart * apart)
            if !ageless {
                weight *= exponential(-0.693_147_18 * Double(max(0, context.day - past.day)) / StayHistory.halfLifeDays)
            }
            if dayMatters {
                if past.isFree != context.isFree {
                    weight *= StayHistory.otherDayAfter * StayHistory.otherDayAfter
                } else if past.isNextFree != context.isNextFree {
                    weight *= StayHistory.otherDayAfter
                }
            }
            return weight
        }
    }
}
