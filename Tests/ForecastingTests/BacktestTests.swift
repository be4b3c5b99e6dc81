import Forecasting
import Foundation
import Quantities
import Testing

/// The forecaster against recorded private stays (Sørensen et al. 2021, CC BY 4.0): only what had ended before an arrival
/// is known at that arrival. `TIDEWATT_BACKTEST=1` runs every stay and prints the tables of docs/adr/0006.
@Suite("Backtest on recorded stays") struct BacktestTests {
    struct Stay {
        let user: String
        let arrival: Instant
        let departure: Instant
        let energy: Energy
    }
    static let isFull = ProcessInfo.processInfo.environment["TIDEWATT_BACKTEST"] != nil

    static func recorded() throws -> [Stay] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Sources/Simulation/Resources/norway_residential_sessions.csv")
        let lines = try String(contentsOf: file, encoding: .utf8).split(whereSeparator: \.isNewline).dropFirst()
        return lines.compactMap { line in
            let cells = line.split(separator: ",", omittingEmptySubsequences: false)
            // The recorded wall clock is read as a clock without daylight saving.
            guard cells[3] == "Private", let arrival = Instant(local: String(cells[4]), in: .utc),
                let departure = Instant(local: String(cells[5]), in: .utc), let kwh = Double(cells[6]), kwh > 0,
                departure > arrival
            else { return nil }
            return Stay(
                user: String(cells[2]), arrival: arrival, departure: departure,
                energy: Energy(roundingKilowattHours: kwh))
        }
    }

    /// Calls `judge` at each arrival after the first two months with what was known then.
    static func replay(every step: Int, _ judge: (Forecaster, Stay) -> Void) throws {
        let stays = try recorded().sorted { $0.arrival < $1.arrival }
        let ended = stays.sorted { $0.departure < $1.departure }
        var forecaster = Forecaster(zone: .utc)
        var next = 0
        let start = stays[0].arrival + .days(60)
        for (i, stay) in stays.enumerated() {
            while next < ended.count, ended[next].departure <= stay.arrival {
                forecaster.observe(
                    Forecaster.ObservedStay(
                        user: ended[next].user, arrival: ended[next].arrival, departure: ended[next].departure,
                        energy: ended[next].energy))
                next += 1
            }
            if stay.arrival >= start, i % step == 0 { judge(forecaster, stay) }
        }
    }

    struct Score {
        static let probabilities = [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95]
        var below = [Double](repeating: 0, count: 7)
        var pinball = [Double](repeating: 0, count: 7)
        var count = 0.0
        mutating func add(truth: Double, _ forecast: (Double) -> Double) {
            count += 1
            for (i, p) in Self.probabilities.enumerated() {
                let value = forecast(p)
                if truth <= value { below[i] += 1 }
                pinball[i] += truth >= value ? p * (truth - value) : (p - 1) * (truth - value)
            }
        }
        var coverage: [Double] { below.map { ($0 / count * 1000).rounded() / 1000 } }
        var loss: Double { (pinball.reduce(0, +) / count / 7 * 1000).rounded() / 1000 }
    }

    @Test func `quantiles cover what they claim, and knowing the driver beats knowing the site`() throws {
        var departure = Score()
        var departureOfSite = Score()
        var later = Score()
        var energy = Score()
        var energyOfSite = Score()
        func hours(_ from: Instant, _ to: Instant) -> Double { Double((to - from).wholeMilliseconds) / 3_600_000 }
        try Self.replay(every: Self.isFull ? 1 : 7) { forecaster, stay in
            let own = forecaster.departure(user: stay.user, arrival: stay.arrival, now: stay.arrival)
            departure.add(truth: hours(stay.arrival, stay.departure)) { hours(stay.arrival, own.value(at: $0)) }
            let site = forecaster.departure(user: nil, arrival: stay.arrival, now: stay.arrival)
            departureOfSite.add(truth: hours(stay.arrival, stay.departure)) { hours(stay.arrival, site.value(at: $0)) }
            let now = stay.arrival + .hours(6)
            if stay.departure > now {
                let left = forecaster.departure(user: stay.user, arrival: stay.arrival, now: now)
                later.add(truth: hours(now, stay.departure)) { hours(now, left.value(at: $0)) }
            }
            let kwh = forecaster.energy(user: stay.user, arrival: stay.arrival, delivered: .zero, stillDrawing: true)
            energy.add(truth: stay.energy.kilowattHours) { kwh.value(at: $0).kilowattHours }
            let siteEnergy = forecaster.energy(user: nil, arrival: stay.arrival, delivered: .zero, stillDrawing: true)
            energyOfSite.add(truth: stay.energy.kilowattHours) { siteEnergy.value(at: $0).kilowattHours }
        }
        if Self.isFull {
            print("probabilities        ", Score.probabilities)
            print("departure            ", departure.coverage, "pinball", departure.loss, "h, n", departure.count)
            print("departure, site only ", departureOfSite.coverage, "pinball", departureOfSite.loss)
            print("departure after 6 h  ", later.coverage, "pinball", later.loss)
            print("energy               ", energy.coverage, "pinball", energy.loss, "kWh")
            print("energy, site only    ", energyOfSite.coverage, "pinball", energyOfSite.loss)
        }
        for score in [departure, later, energy] {
            for (claimed, seen) in zip(Score.probabilities, score.coverage) {
                #expect(abs(claimed - seen) < 0.06, "\(claimed) covered \(seen)")
            }
        }
        #expect(departure.loss < departureOfSite.loss * 0.92)
        #expect(energy.loss < energyOfSite.loss * 0.8)
    }

    /// Energy missed and valley share when one vehicle at 7 kW is planned alone with given quantiles, again every half hour:
    /// cheapest slots first (valley 23–07, dear 17–23), early among equals. Without a departure quantile the driver states
    /// the departure.
    static func plan(
        departureQuantile: Double?, energyQuantile: Double, every step: Int
    ) throws -> (
        missed: Double, valley: Double, best: Double
    ) {
        var missed = 0.0
        var total = 0.0
        var valley = 0.0
        var best = 0.0
        try replay(every: step) { forecaster, stay in
            let quarters = Int((stay.departure - stay.arrival).wholeMilliseconds / 900_000)
            let most = 1.75
            let wanted = min(stay.energy.kilowattHours, Double(quarters) * most)
            func price(_ at: Instant) -> Int {
                let hour = Zone.utc.millisecondOfDay(at: at) / 3_600_000
                return hour >= 23 || hour < 7 ? 0 : hour >= 17 ? 2 : 1
            }
            var delivered = 0.0
            var inValley = 0.0
            var setpoints: [Bool] = []
            for quarter in 0..<quarters {
                let now = stay.arrival + .minutes(15) * quarter
                if delivered >= wanted - 1e-9 { break }
                if quarter % 2 == 0 {
                    let leaves =
                        departureQuantile.map {
                            forecaster.departure(user: stay.user, arrival: stay.arrival, now: now).value(at: $0)
                        } ?? stay.departure
                    let needs =
                        forecaster.energy(
                            user: stay.user, arrival: stay.arrival, delivered: Energy(roundingKilowattHours: delivered),
                            stillDrawing: true
                        ).value(at: energyQuantile).kilowattHours - delivered
                    let slots = max(1, Int((leaves - now).wholeMilliseconds / 900_000))
                    let count = min(slots, Int((needs / most).rounded(.up)))
                    let cheapest = (0..<slots).sorted {
                        let (a, b) = (price(now + .minutes(15) * $0), price(now + .minutes(15) * $1))
                        return a != b ? a < b : $0 < $1
                    }.prefix(count)
                    setpoints = [cheapest.contains(0), cheapest.contains(1)]
                }
                if setpoints[quarter % 2] {
                    let amount = min(most, wanted - delivered)
                    delivered += amount
                    if price(now) == 0 { inValley += amount }
                }
            }
            let possible = (0..<quarters).filter { price(stay.arrival + .minutes(15) * $0) == 0 }.count
            missed += wanted - delivered
            total += wanted
            valley += inValley
            best += min(wanted, Double(possible) * most)
        }
        return (missed / total, valley / total, best / total)
    }

    @Test func `planning with the chosen quantiles misses little energy and finds the valley`() throws {
        if Self.isFull {
            for departure in [0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5] {
                for energy in [0.7, 0.9] {
                    let result = try Self.plan(departureQuantile: departure, energyQuantile: energy, every: 3)
                    print(
                        "departure", departure, "energy", energy,
                        "missed % \((result.missed * 10_000).rounded() / 100)",
                        "valley % \((result.valley * 1000).rounded() / 10) of \((result.best * 1000).rounded() / 10)")
                }
            }
        }
        let chosen = ForecastQuantiles.standard
        let forecast = try Self.plan(departureQuantile: chosen.departure, energyQuantile: chosen.energy, every: 11)
        #expect(forecast.missed < 0.012, "\(forecast)")
        #expect(forecast.valley > forecast.best * 0.5, "\(forecast)")
        let stated = try Self.plan(departureQuantile: nil, energyQuantile: chosen.energy, every: 11)
        if Self.isFull { print("departure stated, energy", chosen.energy, stated) }
        #expect(stated.missed < 0.01, "\(stated)")
        #expect(stated.valley > stated.best * 0.97, "\(stated)")
    }
}
