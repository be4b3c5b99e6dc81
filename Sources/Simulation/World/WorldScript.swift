import Assets
import OCPP
import OCPPMessages
import Quantities

/// Everything that will happen in one seeded run, decided beforehand: the site, its drivers, its misfortunes.
public struct WorldScript: Sendable {
    public struct Stay: Sendable {
        let pile: Int
        let arrival: Instant
        let departure: Instant
        let vehicle: SimulatedVehicle
        /// What the driver says at the plug, if anything.
        let minimum: Energy?
        let wanted: Energy?
        let saysDeparture: Bool
    }
    /// Misfortunes come one after another, each in its own twenty minutes, so that a checker can tell what may go wrong.
    public enum Misfortune: Hashable, Sendable {
        /// The platform dies and is back after a while.
        case crash(Interval)
        /// Some stations cannot reach the platform.
        case partition(Interval, piles: [Int])
        case meterSilence(Interval)
        /// The households draw a fifth more than ever.
        case step(Interval)

        var interval: Interval {
            switch self {
            case .crash(let interval), .partition(let interval, _), .meterSilence(let interval), .step(let interval):
                interval
            }
        }
    }

    public let seed: UInt64
    public let start: Instant
    public let end: Instant
    let piles: Int
    let limit: Power
    let stations: [StationSettings]
    let stays: [Stay]
    let misfortunes: [Misfortune]
    let baseMean: Double
    let noise: Double
    /// What is there where vehicles give back; `nil`: a street of piles that charge.
    let park: Park?

    /// - Parameter hours: how long vehicles come and go; a quarter of an hour of quiet follows.
    public init(seed: UInt64, hours: Int = 2) {
        var random = SeededRandom(seed: seed)
        self.seed = seed
        park = nil
        let start = Instant(seconds: 1_769_846_400 + Int64(random.next() % 24) * 3600)
        self.start = start
        let end = start + .hours(hours)
        self.end = end + .minutes(15)
        let count = Int.random(in: 3...7, using: &random)
        piles = count
        baseMean = Double.random(in: 8_000...16_000, using: &random)
        noise = Double.random(in: 0...0.04, using: &random)
        // Half of the piles at full power would not fit.
        limit = Power(watts: Int64(baseMean * 1.15) + Int64(count) * 7_040 * 45 / 100)

        let ignoring = random.unit() < 0.15 ? Int.random(in: 0..<count, using: &random) : nil
        // A stream of its own: what else happens is the same whatever the stations speak.
        var speech = SeededRandom(seed: seed).split(201)
        let shareOf201 = [0, 0.5, 1][Int(speech.next() % 3)]
        stations = (0..<count).map { i in
            var settings = StationSettings(identity: "P\(i + 1)")
            settings.version = speech.unit() < shareOf201 ? .v201 : .v16
            settings.faults.seed = seed &* 31 &+ UInt64(i)
            settings.faults.ignoresProfiles = i == ignoring
            settings.faults.reconnectsWithoutBoot = random.unit() < 0.5
            settings.faults.duplicatesPermille = random.unit() < 0.3 ? 50 : 0
            settings.faults.lateAnswersPermille = random.unit() < 0.2 ? 30 : 0
            settings.faults.dropsPermille = random.unit() < 0.3 ? 10 : 0
            settings.faults.clockSkew = random.unit() < 0.2 ? .seconds(Int.random(in: -40...40, using: &random)) : .zero
            if random.unit() < 0.3 { settings.rateUnits = [random.unit() < 0.5 ? .amperes : .watts] }
            settings.reconnectWait = .seconds(3)
            settings.longestReconnectWait = .seconds(60)
            return settings
        }

        var stays: [Stay] = []
        for pile in 0..<count {
            var at = start + .minutes(3) + .seconds(Int.random(in: 0...2_400, using: &random))
            while at < end - .minutes(15) {
                let latest = end - .minutes(1)
                let departure = min(latest, at + .minutes(Int.random(in: 12...100, using: &random)))
                let wanted = Energy.wattHours(Int64.random(in: 500...12_000, using: &random))
                let says = random.unit()
                stays.append(
                    Stay(
                        pile: pile, arrival: at, departure: departure,
                        vehicle: SimulatedVehicle(
                            battery: .kilowattHours(50),
                            stored: .wattHours(Int64.random(in: 5_000...44_000, using: &random)), wanted: wanted,
                            maxPower: random.unit() < 0.2 ? .watts(3_600) : .watts(7_000)),
                        minimum: says < 0.35 ? .wattHours(Int64.random(in: 300...1_500, using: &random)) : nil,
                        wanted: says < 0.2 ? wanted : nil, saysDeparture: says < 0.5))
                at = departure + .minutes(Int.random(in: 2...30, using: &random))
            }
        }
        self.stays = stays
        let all = Self.misfortunes(from: start + .minutes(10), to: end - .minutes(10), count, &random)
        // A pile that ignores everything is held by nobody before the platform can know: until its first vehicle has charged
        // for a while only the base load moves.
        let known = ignoring.flatMap { pile in stays.first { $0.pile == pile } }.map { $0.arrival + .minutes(10) }
        misfortunes = all.filter { misfortune in
            if case .step = misfortune { return true }
            return ignoring == nil || known.map { misfortune.interval.start >= $0 } ?? false
        }
    }

    private static func misfortunes(
        from first: Instant, to last: Instant, _ piles: Int, _ random: inout SeededRandom
    ) -> [Misfortune] {
        var misfortunes: [Misfortune] = []
        var at = first
        while at + .minutes(20) <= last {
            let begin = at + .seconds(Int.random(in: 0...240, using: &random))
            let interval = Interval(begin, begin + .seconds(Int.random(in: 5...900, using: &random)))
            switch Int.random(in: 0..<6, using: &random) {
            case 0, 1: misfortunes.append(.crash(interval))
            case 2: misfortunes.append(.partition(interval, piles: (0..<piles).filter { _ in random.unit() < 0.6 }))
            case 3: misfortunes.append(.meterSilence(interval))
            case 4: misfortunes.append(.step(interval))
            default: break
            }
            at += .minutes(20)
        }
        return misfortunes
    }

    /// Load of the households at `instant`, without charging. `foreseeable`: without the step.
    func base(at instant: Instant, foreseeable: Bool = false) -> Power {
        let minute = instant.milliseconds / 60_000
        var wobble = SeededRandom(seed: seed).split(UInt64(bitPattern: minute))
        let share = foreseeable ? 1 : 1 + noise * (wobble.unit() * 2 - 1)
        let isHigh =
            !foreseeable && misfortunes.contains { if case .step(let i) = $0 { i.contains(instant) } else { false } }
        return Power(watts: Int64(baseMean * share * (isHigh ? 1.2 : 1)))
    }

    /// Quarter-hour means of the two weeks before, as a meter would have them.
    var baseHistory: [(at: Instant, power: Power)] {
        let first = start.floored(to: .minutes(15), from: Instant(milliseconds: 0)) - .days(14)
        return (0..<(14 * 96)).map { k in
            let at = first + .minutes(15) * k
            var wobble = SeededRandom(seed: seed).split(UInt64(k) &+ 77)
            return (at, Power(watts: Int64(baseMean * (1 + noise * (wobble.unit() * 2 - 1)))))
        }
    }
}
