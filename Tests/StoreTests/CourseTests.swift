import Assets
import Charging
import Operations
import Quantities
import Testing

@testable import Store

@Suite("Courses over time") struct CourseTests {
    private let evse = EVSEID(StationID("CP"), 1)
    private let session = Session.ID("S-1")

    @Test func `setpoints come back with the one that holds at the beginning, and age`() async throws {
        var options = Store.Options()
        options.retention.setpoints = RetentionPolicy.Bound(days: 1, megabytes: 100)
        try await withStore(options) { store, _ in
            let points = [(-50, Power.kilowatts(-40)), (-5, .kilowatts(20)), (3, nil), (8, .zero), (20, .watts(-1))].map
            {
                SetpointPoint(evse: evse, session: session, at: t0 + .minutes($0.0), power: $0.1)
            }
            let other = SetpointPoint(evse: EVSEID(StationID("CP"), 2), session: session, at: t0, power: .zero)
            try await store.write(points.map(Change.setpoint) + [.setpoint(other)])
            let span = Interval(t0, t0 + .minutes(20))
            #expect(try await store.setpoints(of: evse, in: span) == Array(points[1...3]))
            #expect(try await store.setpoints(of: evse, in: Interval(t0 - .hours(2), t0 - .hours(1))) == [])
            try store.maintain(now: t0 + .days(2), everything: true)
            #expect(try await store.setpoints(of: evse, in: span) == [])
        }
    }

    @Test(arguments: 1...20) func `a thinned course keeps each step's first and last value of every measurand`(
        _ seed: UInt64
    ) {
        var random = SeededRandom(seed: seed)
        var at = t0
        var readings: [Reading] = []
        for number in 0..<400 {
            at += .seconds(Int64(random.next() % 90))
            let measurand = ["Power.Active.Import", "Energy.Active.Import.Register"][Int(random.next() % 2)]
            readings.append(Fixture.reading(at, Int64(number), measurand: measurand))
        }
        let step = Duration.minutes(5)
        let thin = Store.thinned(readings, step: step)
        #expect(Set(thin).isSubset(of: Set(readings)) && thin.map(\.at) == thin.map(\.at).sorted())
        func bucket(_ reading: Reading) -> String { "\(reading.measurand) \(reading.at.milliseconds / 300_000)" }
        let all = Dictionary(grouping: readings, by: bucket)
        let kept = Dictionary(grouping: thin, by: bucket)
        #expect(all.keys.sorted() == kept.keys.sorted())
        for (key, values) in all {
            #expect(kept[key] == (values.count == 1 ? values : [values[0], values[values.count - 1]]), "\(key)")
        }
    }
}
