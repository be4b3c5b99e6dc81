import Foundation
import Quantities
import Testing

@testable import Simulation

@Suite("Demo community") struct CommunityTests {
    static let monday = CivilDay("2025-11-17")!
    static func recorded() throws -> RecordedStays { try DemoData.recordedStays() }
    static func community(seed: UInt64, days: Int = 7) throws -> Community {
        let start = Zone.shanghai.midnight(of: monday)
        return Community.fold(
            try recorded(), piles: 120, firstMonday: monday, interval: Interval(start, start + .days(days)),
            zone: .shanghai, seed: seed)
    }

    @Test func `rows without plug-out or energy are counted, not guessed`() throws {
        let recorded = try Self.recorded()
        #expect(recorded.stays.count + recorded.skipped == 5466)
        #expect(recorded.skipped > 0)
        #expect(recorded.stays.allSatisfy { $0.pluggedOut > $0.pluggedIn && $0.energy > .zero })
    }

    @Test func `folding keeps weekday, wall clock and energy, one driver a pile, no overlap`() throws {
        let community = try Self.community(seed: 3)
        #expect(community.drivers.count == 120)
        #expect(Set(community.drivers.map(\.name)).count == 120)
        let byKey = Dictionary(
            grouping: try Self.recorded().stays,
            by: { "\($0.user) \(($0.pluggedIn + 3 * 1440) % (7 * 1440)) \($0.energy.milliwattHours)" })
        for driver in community.drivers {
            let user = try #require(driver.name.split(separator: "·").first)
            for (stay, next) in zip(driver.stays, driver.stays.dropFirst()) {
                #expect(stay.departure <= next.arrival)
            }
            for stay in driver.stays {
                let day = Zone.shanghai.civilDay(at: stay.arrival)
                let minute = (day.weekday - 1) * 1440 + Zone.shanghai.millisecondOfDay(at: stay.arrival) / 60_000
                #expect(byKey["\(user) \(minute) \(stay.energy.milliwattHours)"] != nil, "\(driver.name) \(stay)")
            }
        }
    }

    @Test func `the same seed folds the same community, another seed another one`() throws {
        #expect(try Self.community(seed: 5).drivers == Self.community(seed: 5).drivers)
        #expect(try Self.community(seed: 5).drivers != Self.community(seed: 6).drivers)
    }

    @Test func `household load follows H0, steps on its evening and stays put for one instant`() throws {
        let evening = Interval(
            Zone.shanghai.instant(of: Self.monday, minute: 1080), Zone.shanghai.instant(of: Self.monday, minute: 1320))
        let calm = try DemoData.householdLoad(peak: .kilowatts(425), noise: 0, step: nil, seed: 1)
        let stepped = try DemoData.householdLoad(peak: .kilowatts(425), noise: 0, step: (evening, 1.2), seed: 1)
        let at = Zone.shanghai.instant(of: Self.monday, minute: 1150)
        #expect(abs(stepped.power(at: at).kilowatts - calm.power(at: at).kilowatts * 1.2) < 0.01)
        #expect(stepped.power(at: evening.end) == calm.power(at: evening.end))
        var peak = Power.zero
        for minute in 0..<(7 * 1440) {
            peak = max(peak, calm.power(at: Zone.shanghai.instant(of: Self.monday, minute: minute)))
        }
        #expect(peak <= .kilowatts(425) && peak >= .kilowatts(415))
        let noisy = try DemoData.householdLoad(peak: .kilowatts(425), noise: 0.02, step: nil, seed: 1)
        #expect(noisy.power(at: at) == noisy.power(at: at))
        #expect(noisy.power(at: at) != calm.power(at: at))
    }
}
