import Charging
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
                        setpoint: $0.step.setpoint, mode: $0.step.mode)
                }),
            asked: Interval(start, start + .hours(1)), with: ours, rating: .kilowatts(22), tolerance: .watts(138))
    }

    private func setpoint(_ watts: Int64) -> TwoWayLimit {
        TwoWayLimit(mode: "CentralSetpoint", limit: nil, dischargeLimit: nil, setpoint: .watts(watts))
    }
    private func bounds(_ limit: Int64?, _ discharge: Int64?, _ mode: String = "ExternalLimits") -> TwoWayLimit {
        TwoWayLimit(
            mode: mode, limit: limit.map(Power.init(watts:)), dischargeLimit: discharge.map(Power.init(watts:)),
            setpoint: nil)
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
