import Assets
import Forecasting
import Quantities
import Testing

@Suite("Forecaster") struct ForecasterTests {
    static let monday = CivilDay("2024-09-02")!
    let zone = Zone.shanghai

    /// A regular: comes at 18:30 ± 20 min on workdays, leaves at 07:30 ± 10 min, takes 12 ± 2 kWh.
    func regular(_ forecaster: inout Forecaster, weeks: Int, user: String = "u1", seed: UInt64 = 1, from hour: Int = 18)
    {
        var random = SeededRandom(seed: seed)
        for day in 0..<(weeks * 7) where day % 7 < 5 {
            let date = Self.monday.adding(days: day)
            let arrival = zone.instant(of: date, minute: hour * 60 + 30 + Int.random(in: -20...20, using: &random))
            let departure = zone.instant(
                of: date.adding(days: 1), minute: 7 * 60 + 30 + Int.random(in: -10...10, using: &random))
            forecaster.observe(
                Forecaster.ObservedStay(
                    user: user, arrival: arrival, departure: departure,
                    energy: .wattHours(Int64.random(in: 10_000...14_000, using: &random))))
        }
    }

    @Test func `a regular is known after a few weeks`() {
        var forecaster = Forecaster(zone: zone)
        regular(&forecaster, weeks: 4)
        let arrival = zone.instant(of: Self.monday.adding(days: 28), minute: 18 * 60 + 40)
        let departure = forecaster.departure(user: "u1", arrival: arrival, now: arrival)
        let expected = zone.instant(of: Self.monday.adding(days: 29), minute: 7 * 60 + 30)
        #expect(abs((departure.median - expected).wholeMilliseconds) < 20 * 60_000, "\(departure.median)")
        #expect(departure.value(at: 0.1) > expected - .hours(1))
        #expect(departure.observations == 20)
        let energy = forecaster.energy(user: "u1", arrival: arrival, delivered: .zero, stillDrawing: true)
        #expect(energy.value(at: 0.1) >= .kilowattHours(9) && energy.value(at: 0.9) <= .kilowattHours(15))
    }

    @Test func `a newcomer gets the site's habits`() {
        var forecaster = Forecaster(zone: zone)
        for user in 0..<10 { regular(&forecaster, weeks: 3, user: "u\(user)", seed: UInt64(user)) }
        let arrival = zone.instant(of: Self.monday.adding(days: 21), minute: 18 * 60 + 40)
        let departure = forecaster.departure(user: "new", arrival: arrival, now: arrival)
        let expected = zone.instant(of: Self.monday.adding(days: 22), minute: 7 * 60 + 30)
        #expect(abs((departure.median - expected).wholeMilliseconds) < 30 * 60_000)
        #expect(departure.observations == 0)
    }

    @Test func `a site without history still has an answer, with wide quantiles`() {
        let forecaster = Forecaster(zone: zone)
        let arrival = zone.instant(of: Self.monday, minute: 18 * 60)
        let departure = forecaster.departure(user: nil, arrival: arrival, now: arrival)
        #expect(departure.value(at: 0.1) < arrival + .hours(6))
        #expect(departure.value(at: 0.9) > arrival + .hours(12))
        let energy = forecaster.energy(user: nil, arrival: arrival, delivered: .zero, stillDrawing: true)
        #expect(energy.value(at: 0.9) > .kilowattHours(10))
    }

    @Test func `what happened conditions what is left`() {
        for seed in UInt64(1)...40 {
            var forecaster = Forecaster(zone: zone)
            regular(&forecaster, weeks: 2, seed: seed)
            var random = SeededRandom(seed: seed)
            let arrival = zone.instant(
                of: Self.monday.adding(days: 14), minute: Int.random(in: 0..<1440, using: &random))
            let now = arrival + .minutes(Int.random(in: 0...(4 * 1440), using: &random))
            let departure = forecaster.departure(user: "u1", arrival: arrival, now: now)
            #expect(departure.points.allSatisfy { $0.value >= now }, "seed \(seed)")
            let delivered = Energy.wattHours(Int64.random(in: 0...80_000, using: &random))
            let energy = forecaster.energy(user: "u1", arrival: arrival, delivered: delivered, stillDrawing: true)
            #expect(energy.points.allSatisfy { $0.value >= delivered }, "seed \(seed)")
            #expect(energy.value(at: 0.98) > delivered, "seed \(seed)")
            for points in [
                departure.points.map { Double($0.value.milliseconds) }, energy.points.map { $0.value.kilowattHours },
            ] {
                #expect(zip(points, points.dropFirst()).allSatisfy { $0 <= $1 }, "seed \(seed): quantiles rise")
            }
        }
    }

    @Test func `a vehicle that stopped drawing is full`() {
        let forecaster = Forecaster(zone: zone)
        let energy = forecaster.energy(
            user: "u1", arrival: Instant(milliseconds: 0), delivered: .kilowattHours(7), stillDrawing: false)
        #expect(energy.median == .kilowattHours(7) && energy.value(at: 0.99) == .kilowattHours(7))
    }

    @Test func `a dated holiday is a free day`() {
        var forecaster = Forecaster(zone: zone)
        regular(&forecaster, weeks: 4)
        // On free days the same driver stays until noon.
        for week in 0..<4 {
            let saturday = Self.monday.adding(days: week * 7 + 5)
            forecaster.observe(
                Forecaster.ObservedStay(
                    user: "u1", arrival: zone.instant(of: saturday, minute: 18 * 60 + 30),
                    departure: zone.instant(of: saturday.adding(days: 1), minute: 12 * 60), energy: .kilowattHours(12)))
        }
        let day = Self.monday.adding(days: 29)
        let arrival = zone.instant(of: day, minute: 18 * 60 + 30)
        let asWorkday = forecaster.departure(user: "u1", arrival: arrival, now: arrival).median
        forecaster.dayKinds[day] = .sunday
        forecaster.dayKinds[day.adding(days: 1)] = .sunday
        let asHoliday = forecaster.departure(user: "u1", arrival: arrival, now: arrival).median
        #expect(asHoliday > asWorkday + .hours(3), "\(asWorkday) \(asHoliday)")
    }

    // MARK: - Base load

    /// 100 kW at night, 300 kW from 17 to 22 on workdays, 250 kW on free days, ± 5 %.
    func observeDays(_ forecaster: inout Forecaster, _ days: Range<Int>, factor: Double = 1, seed: UInt64 = 5) {
        var random = SeededRandom(seed: seed)
        for day in days {
            for quarter in 0..<96 {
                let date = Self.monday.adding(days: day)
                let evening = (68..<88).contains(quarter)
                let watts = evening ? (date.weekday >= 6 ? 250_000.0 : 300_000) : 100_000
                forecaster.observe(
                    baseLoad: Power(watts: Int64(watts * factor * (0.95 + 0.1 * random.unit()))), of: NodeID("T1"),
                    at: zone.instant(of: date, minute: quarter * 15))
            }
        }
    }

    @Test func `base load is learned by quarter hour and kind of day`() throws {
        var forecaster = Forecaster(zone: zone)
        #expect(
            forecaster.baseLoad(of: NodeID("T1"), start: Instant(milliseconds: 0), count: 4, probability: 0.5) == nil)
        observeDays(&forecaster, 0..<28)
        func evening(_ day: Int, _ probability: Double) throws -> Power {
            try #require(
                forecaster.baseLoad(
                    of: NodeID("T1"), start: zone.instant(of: Self.monday.adding(days: day), minute: 19 * 60), count: 1,
                    probability: probability)
            )[0]
        }
        #expect(abs(try evening(29, 0.5).watts - 300_000) < 8_000)
        #expect(abs(try evening(33, 0.5).watts - 250_000) < 8_000)
        #expect(try evening(29, 0.95) > evening(29, 0.5))
        let envelope = try #require(
            forecaster.baseEnvelope(
                of: NodeID("T1"), probability: 0.9, now: zone.instant(of: Self.monday.adding(days: 33), minute: 607)))
        #expect(envelope.values.count == 96)
        #expect(envelope.start == zone.instant(of: Self.monday.adding(days: 33), minute: 600))
        // The envelope knows no weekday: the evening of workdays counts on Saturday too.
        let at = zone.instant(of: Self.monday.adding(days: 33), minute: 19 * 60)
        #expect(try #require(envelope[at: at]).watts > 295_000)
    }

    @Test func `an evening that is a fifth higher moves the next hours, and fades`() throws {
        var forecaster = Forecaster(zone: zone)
        observeDays(&forecaster, 0..<28)
        let day = Self.monday.adding(days: 28)
        for quarter in 68..<76 {
            forecaster.observe(
                baseLoad: .watts(360_000), of: NodeID("T1"), at: zone.instant(of: day, minute: quarter * 15))
        }
        let next = try #require(
            forecaster.baseLoad(
                of: NodeID("T1"), start: zone.instant(of: day, minute: 76 * 15), count: 60, probability: 0.5))
        #expect(next[0].watts > 340_000)
        #expect(next[20].watts < 112_000, "five hours later: \(next[20].watts)")
    }

    @Test func `a young history reckons with the highest it has seen nearby`() throws {
        var forecaster = Forecaster(zone: zone)
        for quarter in 0..<20 {
            forecaster.observe(
                baseLoad: .watts(100_000 + Int64(quarter) * 1_000), of: NodeID("T1"),
                at: zone.instant(of: Self.monday, minute: quarter * 15))
        }
        let later = try #require(
            forecaster.baseLoad(
                of: NodeID("T1"), start: zone.instant(of: Self.monday, minute: 24 * 15), count: 1, probability: 0.9))
        #expect(later[0].watts >= 100_000)
    }

    @Test func `hours that were never seen go by the present load while they are near`() throws {
        var forecaster = Forecaster(zone: zone)
        // Noon is high, the evening falls: at 23:00 nothing is known of the night.
        for quarter in 48..<92 {
            forecaster.observe(
                baseLoad: .watts(400_000 - Int64(quarter - 48) * 7_000), of: NodeID("T1"),
                at: zone.instant(of: Self.monday, minute: quarter * 15))
        }
        let night = try #require(
            forecaster.baseLoad(
                of: NodeID("T1"), start: zone.instant(of: Self.monday, minute: 94 * 15), count: 16, probability: 0.9))
        let present: Int64 = 400_000 - 43 * 7_000
        #expect(night[0].watts <= present * 2, "half an hour ahead: \(night[0].watts)")
        #expect(night[0].watts >= present)
        #expect(night[15].watts > night[0].watts, "far ahead the highest seen must do again")
    }
}
