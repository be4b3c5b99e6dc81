import Assets
import Quantities
import Testing

@testable import Simulation

@Suite("What the park's judge sees") struct ParkLedgerTests {
    private let scenario: ParkScenario
    private let pile: Int
    private let stay: ParkScenario.Stay

    init() throws {
        let scenario = try ParkScenario(days: 1)
        self.scenario = scenario
        stay = try #require(scenario.stays.first { $0.arrival > scenario.interval.start })
        pile = stay.pile
    }

    private func look(
        _ power: Power, setpoint: Power?, charge permille: Int?, imported: Int64 = 0, exported: Int64 = 0
    ) -> [StationFleet.Glimpse] {
        [
            StationFleet.Glimpse(
                identity: ParkScenario.identity(pile), connector: 1, power: power, setpoint: setpoint,
                imported: RegisterReading(milliwattHours: imported),
                exported: RegisterReading(milliwattHours: exported),
                statePermille: permille)
        ]
    }

    @Test func `energy between two looks goes to the quarter hours that it spans, and none is lost`() {
        var random = SeededRandom(seed: 5)
        for _ in 0..<50 {
            var ledger = ParkLedger(scenario)
            var (at, taken, given) = (scenario.interval.start - .minutes(3), Int64(0), Int64(0))
            var inside = (taken: Int64(0), given: Int64(0))
            ledger.look(look(.zero, setpoint: nil, charge: nil), at: at)
            while at < scenario.interval.end - .hours(1) {
                let step = Duration.seconds(Int64(1 + random.next() % 3500))
                let (more, less) = (Int64(random.next() % 1_000_000), Int64(random.next() % 1_000_000))
                // Only whole spans inside are known exactly.
                if at >= scenario.interval.start { inside = (inside.taken + more, inside.given + less) }
                let isFirst = at < scenario.interval.start
                at += isFirst ? scenario.interval.start - at : step
                if !isFirst { (taken, given) = (taken + more, given + less) }
                ledger.look(look(.zero, setpoint: nil, charge: nil, imported: taken, exported: given), at: at)
            }
            let observed = ledger.observed(in: scenario.interval)
            #expect(
                observed.imported.milliwattHours == inside.taken && observed.exported.milliwattHours == inside.given)
            let sum = ledger.powers(in: scenario.interval).reduce(Energy.zero) { $0 + $1.energy(over: .minutes(15)) }
            // Mean powers are whole watts.
            #expect(abs(sum.milliwattHours - (inside.taken - inside.given)) <= 96 * 250)
        }
    }

    @Test func `a setpoint is followed within five seconds, replaced, or a gap that the platform tells or not`() {
        var ledger = ParkLedger(scenario)
        var at = stay.arrival + .minutes(10)
        func pass(_ seconds: Int64, _ power: Power, _ setpoint: Power?, _ charge: Int? = 500) {
            at += .seconds(seconds)
            ledger.look(look(power, setpoint: setpoint, charge: charge), at: at)
        }
        pass(1, .zero, .zero)
        pass(1, .zero, .kilowatts(-40))
        pass(1, .kilowatts(-20), .kilowatts(-40))
        pass(1, .kilowatts(-39), .kilowatts(-40))
        // A change that a meter cannot tell from noise is none.
        pass(1, .kilowatts(-39), .watts(-40_500))
        // Replaced before its time was over.
        pass(1, .kilowatts(-39), .kilowatts(30))
        pass(1, .kilowatts(-20), .kilowatts(-60))
        // Never reached, and told.
        for _ in 0..<8 { pass(1, .kilowatts(-30), .kilowatts(-60)) }
        ledger.told(shortfallOf: ParkScenario.identity(pile), at: at)
        ledger.told(shortfallOf: ParkScenario.identity(pile), at: at)
        // Nearly full; nobody tells.
        for _ in 0..<9 { pass(1, .kilowatts(10), .kilowatts(60), 940) }
        let following = ledger.observed(in: scenario.interval).following
        #expect(following.changes == 4)
        #expect(following.followed == 1 && following.superseded == 1 && following.gaps == 2)
        #expect(following.reported == 1 && following.limitedByBattery == 1)
        #expect(following.share == Rational(1, 3))
    }

    @Test func `a van below its minimum, or gone with less than it wanted, is seen`() {
        var ledger = ParkLedger(scenario)
        let floor = min(stay.minimum, stay.stored).milliwattHours * 1000 / scenario.capacity.milliwattHours
        var at = stay.arrival
        func observed(_ permille: Int64) -> ParkLedger.Observed {
            at += .minutes(1)
            ledger.look(look(.zero, setpoint: nil, charge: Int(permille)), at: at)
            return ledger.observed(in: scenario.interval)
        }
        #expect(observed(floor).floorsBroken == 0)
        let below = observed(floor - 5)
        #expect(below.floorsBroken == 1 && below.leastAboveFloor.map { $0 < .zero } == true)
        let index = scenario.stays.firstIndex(of: stay)
        #expect(index != nil && ledger.missed(in: scenario.interval) > .zero)
    }

    @Test func `the building's battery keeps its bounds and takes nothing from nowhere`() throws {
        var random = SeededRandom(seed: 9)
        for _ in 0..<40 {
            var battery = StorageRule(scenario.storage)
            let begin = battery.stored
            var (into, out) = (Energy.zero, Energy.zero)
            for slot in 0..<400 {
                let net = Power(watts: Int64(random.next() % 500_000) - 150_000)
                let power = battery.step(net: net, minute: slot % 96 * 15, over: .minutes(15))
                #expect(battery.stored >= battery.least && battery.stored <= battery.most)
                #expect(power <= battery.maxCharge && -power <= battery.maxDischarge)
                // It never makes the building take more than its own bound, nor give what PV did not.
                if net < .zero { #expect(net + power <= .zero && power >= .zero) }
                if net > ParkBuilding.shaving { #expect(power <= .zero && net + power >= ParkBuilding.shaving) }
                let energy = power.energy(over: .minutes(15))
                if energy > .zero { into += energy } else { out += -energy }
            }
            let kept = (battery.stored - begin).kilowattHours
            #expect(kept <= into.kilowattHours * 0.95 - out.kilowattHours / 0.95 + 0.01)
        }
    }

    @Test func `both forms of the park are judged by the same rules`() throws {
        let month = try ParkMonth(scenario)
        let interval = scenario.interval
        let building = ParkBuilding(scenario, in: interval)
        let none = [Power](repeating: .zero, count: 96)
        func summary(_ vans: [Power], _ observed: ParkLedger.Observed?) throws -> ParkSummary {
            try ParkSummary(
                scenario, in: interval, report: month.summary.report, vans: vans,
                storage: building.means(.storage, in: interval),
                building: building.means(.load, in: interval), pv: building.means(.pv, in: interval), missed: .zero,
                observed: observed)
        }
        let quiet = try summary(none, ParkLedger.Observed())
        #expect(quiet.isKept && quiet.uncontrolledCost == month.summary.uncontrolledCost)
        var broken = ParkLedger.Observed()
        broken.floorsBroken = 1
        #expect(try !summary(none, broken).isKept)
        var high = none
        high[40] = scenario.limit + .kilowatts(200)
        high[41] = -scenario.exportLimit - .kilowatts(400)
        let over = try summary(high, ParkLedger.Observed())
        #expect(!over.isKept && over.slotsAboveLimit == 2)
    }
}
