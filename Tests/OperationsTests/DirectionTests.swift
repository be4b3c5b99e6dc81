import Charging
import OCPP
import OCPPMessages
import Quantities
import Testing

@testable import Operations

/// A station's own reckoning beside ours in both directions of power (2.1 K08).
@Suite("Schedules compared in both directions") struct DirectionTests {
    private let start = Instant("2025-03-01T00:00:00Z")!

    private func comparison(
        _ steps: [(minute: Int, step: TwoWayLimit)], with ours: @escaping (Instant) -> TwoWayLimit
    ) -> ScheduleComparison? {
        ScheduleComparison(
            of: ReportedSchedule(
                span: Interval(start, start + .hours(1)),
                steps: steps.map {
                    ReportedSchedule.Step(
                        start: start + .minutes($0.minute), limit: $0.step.limit ?? .zero,
                        isUnlimited: $0.step.limit == nil, dischargeLimit: $0.step.dischargeLimit,
                        setpoint: $0.step.setpoint, mode: $0.step.mode,
                        curves: $0.step.response.flatMap {
                            FrequencyCurves(
                                baseline: $0.baseline,
                                frequency: $0.frequency.map { .init(at: $0.at, power: $0.power) },
                                signal: $0.signal.map { .init(at: $0.at, power: $0.power) })
                        }, sleeps: $0.step.sleeps, preconditions: $0.step.preconditions)
                }),
            asked: Interval(start, start + .hours(1)), with: ours, rating: .kilowatts(22), tolerance: .watts(138))
    }

    private func setpoint(_ watts: Int64) -> TwoWayLimit {
        TwoWayLimit(mode: "CentralSetpoint", setpoint: .watts(watts))
    }
    private func bounds(_ limit: Int64?, _ discharge: Int64?, _ mode: String = "ExternalLimits") -> TwoWayLimit {
        TwoWayLimit(
            mode: mode, limit: limit.map(Power.init(watts:)), dischargeLimit: discharge.map(Power.init(watts:)))
    }

    @Test func `each field that differs is named with its span`() throws {
        #expect(comparison([(0, setpoint(-5000))], with: { _ in setpoint(-5100) })?.verdict == .agrees)
        let more = try #require(
            comparison([(0, setpoint(-9000)), (30, setpoint(-5000))], with: { _ in setpoint(-5000) }))
        #expect(more.verdict == .allowsMore && more.differences.map(\.field) == [.setpoint])
        #expect(
            more.differences.first?.span == Interval(start, start + .minutes(30)))
        // Less power out is less.
        #expect(comparison([(0, setpoint(-1000))], with: { _ in setpoint(-5000) })?.verdict == .allowsLess)
        #expect(comparison([(0, setpoint(1000))], with: { _ in setpoint(-5000) })?.verdict == .allowsMore)
        let limits = try #require(comparison([(0, bounds(9000, -8000))], with: { _ in bounds(7000, -3000) }))
        #expect(Set(limits.differences.map(\.field)) == [.limit, .dischargeLimit])
        #expect(limits.differences.filter { !$0.allowsMore }.isEmpty)
    }

    @Test func `modes are compared, and what a mode leaves out means what the standard says`() throws {
        // Nobody gives back in ChargingOnly; without a limit the rating holds.
        #expect(
            comparison([(0, bounds(7000, nil, "ChargingOnly"))], with: { _ in bounds(7000, 0, "ChargingOnly") })?
                .verdict == .agrees)
        #expect(comparison([(0, bounds(nil, nil))], with: { _ in bounds(22_000, -22_000) })?.verdict == .agrees)
        let other = try #require(comparison([(0, setpoint(-3000))], with: { _ in bounds(3000, 0, "ChargingOnly") }))
        #expect(other.verdict == .allowsMore && other.differences.map(\.field) == [.mode])
        #expect(
            other.differences.first?.theirMode == "CentralSetpoint"
                && other.differences.first?.ourMode == "ChargingOnly")
        #expect(
            comparison([(0, bounds(3000, nil, "ChargingOnly"))], with: { _ in setpoint(-3000) })?.verdict == .allowsLess
        )
    }

    private func local(
        _ baseline: Int64, _ frequency: [(hertz: Double, watts: Int64)], signal: [(Int64, watts: Int64)] = []
    ) -> TwoWayLimit {
        TwoWayLimit(
            mode: "LocalFrequency",
            response: FrequencyResponse(
                baseline: baseline * 1000,
                frequency: frequency.map { .init(at: Int64($0.hertz * 1000), power: $0.watts * 1000) },
                signal: signal.map { .init(at: $0.0, power: $0.watts * 1000) }))
    }

    @Test func `LocalFrequency is compared by baseline and by what its curves answer`() throws {
        let ours = local(2000, [(49.8, -8000), (50, 0), (50.2, 8000)], signal: [(-10, -4000), (10, 4000)])
        #expect(comparison([(0, ours)], with: { _ in ours })?.verdict == .agrees)
        // The same curve with a point more on its line.
        let same = local(
            2000, [(49.8, -8000), (49.9, -4000), (50, 0), (50.2, 8000)], signal: [(-10, -4000), (0, 0), (10, 4000)])
        #expect(comparison([(0, same)], with: { _ in ours })?.verdict == .agrees)

        let baseline = try #require(
            comparison(
                [(0, local(3000, [(49.8, -8000), (50, 0), (50.2, 8000)], signal: [(-10, -4000), (10, 4000)]))],
                with: { _ in ours }))
        #expect(baseline.differences.map(\.field) == [.baseline] && baseline.verdict == .allowsMore)

        // It gives more below 49.8 Hz and takes less above: where more would flow counts.
        let steeper = try #require(
            comparison(
                [(0, local(2000, [(49.8, -9000), (50, 0), (50.2, 2000)], signal: [(-10, -4000), (10, 4000)]))],
                with: { _ in ours }))
        let one = try #require(steeper.differences.first)
        #expect(steeper.differences.count == 1 && one.field == .frequencyCurve && one.at == 49_800)
        #expect(one.ours == .watts(-8000) && one.theirs == .watts(-9000) && one.allowsMore)
        #expect(one.span == Interval(start, start + .hours(1)), "one span, not a row a minute")

        let slack = try #require(
            comparison(
                [(0, local(2000, [(49.8, -8000), (50, 0), (50.2, 8000)], signal: [(-10, -1000), (10, 4000)]))],
                with: { _ in ours }))
        #expect(slack.verdict == .allowsLess && slack.differences.map(\.field) == [.signalCurve])
        #expect(slack.differences.first?.at == -10)

        // One that tells no curve answers nothing.
        let none = try #require(
            comparison([(0, TwoWayLimit(mode: "LocalFrequency"))], with: { _ in ours }))
        #expect(
            none.verdict == .allowsLess && none.differences.map(\.field) == [.baseline, .frequencyCurve, .signalCurve])
    }

    @Test func `Idle is compared by whether the EVSE sleeps and the battery is kept warm`() throws {
        func idle(_ sleeps: Bool, _ preconditions: Bool) -> TwoWayLimit {
            TwoWayLimit(mode: "Idle", sleeps: sleeps, preconditions: preconditions)
        }
        #expect(comparison([(0, idle(true, true))], with: { _ in idle(true, true) })?.verdict == .agrees)
        let awake = try #require(comparison([(0, idle(false, false))], with: { _ in idle(true, false) }))
        #expect(awake.verdict == .allowsLess && awake.differences.map(\.field) == [.sleep])
        #expect(awake.differences.first?.isOnAtStation == false)
        let heats = try #require(comparison([(0, idle(true, true))], with: { _ in idle(true, false) }))
        #expect(heats.verdict == .allowsMore && heats.differences.map(\.field) == [.preconditioning])
    }

    @Test(arguments: 0..<100) func `a station that reckons as we do agrees, and one that reckons otherwise does not`(
        seed: UInt64
    ) throws {
        var random = SeededRandom(seed: seed)
        let minutes = [0] + (0..<4).map { _ in Int(random.next() % 60) }.sorted()
        let steps = Set(minutes).sorted().map { minute -> (minute: Int, step: TwoWayLimit) in
            random.next() % 2 == 0
                ? (minute, setpoint(Int64(random.next() % 40_000) - 20_000))
                : (minute, bounds(Int64(random.next() % 22_000), -Int64(random.next() % 22_000)))
        }
        let ours = { (at: Instant) in
            steps.last { start + .minutes($0.minute) <= at }?.step ?? steps[0].step
        }
        #expect(comparison(steps, with: ours)?.verdict == .agrees)
        // One value of one step moved by more than rounding, for longer than a minute and its neighbours.
        let longest = zip(steps.indices, steps.map(\.minute).dropFirst() + [60]).max {
            $0.1 - steps[$0.0].minute < $1.1 - steps[$1.0].minute
        }
        let i = try #require(longest?.0)
        var moved = steps
        if let setpoint = moved[i].step.setpoint {
            moved[i].step.setpoint = setpoint + .watts(500)
        } else {
            moved[i].step.dischargeLimit = (moved[i].step.dischargeLimit ?? .zero) - .watts(500)
        }
        #expect(comparison(moved, with: ours)?.differences.isEmpty == false)
    }

    @Test func `what a station answers is read with its signs`() {
        let answer = V2.CompositeSchedule(
            evseId: 1, duration: 600, scheduleStart: start, chargingRateUnit: .a,
            chargingSchedulePeriod: [
                V2.ChargingSchedulePeriod(
                    startPeriod: 300, limit: JSONDecimal(16), dischargeLimit: JSONDecimal(-10),
                    operationMode: .externalLimits),
                V2.ChargingSchedulePeriod(startPeriod: 0, setpoint: JSONDecimal(-20), operationMode: .centralSetpoint),
            ])
        let form = LimitForm(unit: .amperes, voltage: 230, phases: 3, maxLevel: 9)
        let read = OCPP2Adapter.reported(answer, form).steps
        #expect(read.map(\.setpoint) == [.watts(-13_800), nil])
        #expect(read.map(\.dischargeLimit) == [nil, .watts(-6900)] && read.map(\.limit).last == .watts(11_040))
        #expect(read.map(\.mode) == ["CentralSetpoint", "ExternalLimits"] && read.map(\.isUnlimited) == [true, false])
    }
}
