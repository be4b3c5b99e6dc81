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

    private static func curve(_ least: Int) -> [V2.V2XFreqWattPoint] {
        [
            .init(frequency: JSONDecimal(mantissa: 498, scale: 1), power: JSONDecimal(least)),
            .init(frequency: JSONDecimal(mantissa: 502, scale: 1), power: JSONDecimal(7500)),
        ]
    }
    /// Each as it may stand in a profile, and as another station would have it.
    private static let modes: [(told: V2.ChargingSchedulePeriod, other: V2.ChargingSchedulePeriod)] = [
        (.init(startPeriod: 0, limit: JSONDecimal(7000)), .init(startPeriod: 0, limit: JSONDecimal(9000))),
        (
            .init(startPeriod: 0, setpoint: JSONDecimal(-4000), operationMode: .centralSetpoint),
            .init(startPeriod: 0, setpoint: JSONDecimal(-5000), operationMode: .centralSetpoint)
        ),
        (
            .init(startPeriod: 0, setpoint: JSONDecimal(4000), operationMode: .centralFrequency),
            .init(startPeriod: 0, setpoint: JSONDecimal(-4000), operationMode: .centralFrequency)
        ),
        (
            .init(startPeriod: 0, setpoint: JSONDecimal(3000), operationMode: .externalSetpoint),
            .init(startPeriod: 0, setpoint: JSONDecimal(3500), operationMode: .externalSetpoint)
        ),
        (
            .init(
                startPeriod: 0, limit: JSONDecimal(9000), dischargeLimit: JSONDecimal(-3000),
                operationMode: .externalLimits),
            .init(
                startPeriod: 0, limit: JSONDecimal(9000), dischargeLimit: JSONDecimal(-6000),
                operationMode: .externalLimits)
        ),
        (
            .init(
                startPeriod: 0, v2xBaseline: JSONDecimal(-2000), operationMode: .localFrequency,
                v2xFreqWattCurve: curve(-8000),
                v2xSignalWattCurve: [
                    .init(signal: -5, power: JSONDecimal(0)), .init(signal: 5, power: JSONDecimal(900)),
                ]
            ),
            .init(
                startPeriod: 0, v2xBaseline: JSONDecimal(-2000), operationMode: .localFrequency,
                v2xFreqWattCurve: curve(-9000),
                v2xSignalWattCurve: [
                    .init(signal: -5, power: JSONDecimal(0)), .init(signal: 5, power: JSONDecimal(900)),
                ]
            )
        ),
        (
            .init(startPeriod: 0, limit: JSONDecimal(6000), operationMode: .localLoadBalancing),
            .init(startPeriod: 0, limit: JSONDecimal(5000), operationMode: .localLoadBalancing)
        ),
        (
            .init(startPeriod: 0, preconditioningRequest: true, evseSleep: true, operationMode: .idle),
            .init(startPeriod: 0, evseSleep: true, operationMode: .idle)
        ),
    ]

    @Test(arguments: modes.indices) func `every mode: what we keep of a profile reckons as the station does`(
        mode: Int
    ) throws {
        #expect(Self.modes.count == ChargingProfile.Mode.allCases.count)
        let supply = Supply(voltage: 230, phases: 3)
        let hour = Interval(start, start + .hours(1))
        let transaction = ProfileStack.Transaction(id: "tx", start: start, hasPriority: false)
        func profile(_ period: V2.ChargingSchedulePeriod) -> V2.ChargingProfile {
            V2.ChargingProfile(
                id: 7, stackLevel: 1, chargingProfilePurpose: .txProfile, chargingProfileKind: .absolute,
                chargingSchedule: [
                    V2.ChargingSchedule(
                        id: 1, chargingRateUnit: .w, chargingSchedulePeriod: [period], startSchedule: start,
                        duration: 3600)
                ], transactionId: "tx")
        }
        func stack(_ profile: ChargingProfile?) throws -> ProfileStack {
            var stack = ProfileStack()
            stack.install(try #require(profile), evse: 1, replacing: .sameID)
            return stack
        }
        /// As the station answers, over the wire.
        func answered(_ period: V2.ChargingSchedulePeriod) throws -> ReportedSchedule {
            let composite = PowerSchedule(
                try stack(ChargingProfile(profile(period), at: start)), evse: 1, over: hour, transaction: transaction,
                supply: supply
            ).schedule(of: 1, in: .w, supply: supply, hardware: ChargingLimit(milliwatts: 22_000_000, phases: 3))
            let response = V2.GetCompositeScheduleResponse(status: .accepted, schedule: composite)
            guard
                case .success(.getCompositeSchedule(let read)) = V2.Response.decode(
                    .getCompositeSchedule, payload: response.json.span, in: .v21
                ).result, let schedule = read.schedule
            else { throw Problem.unread }
            return OCPP2Adapter.reported(schedule, LimitForm(unit: .watts, voltage: 230, phases: 3, maxLevel: 9))
        }
        // As it is kept, and read again after a restart.
        let told = HeldProfile(profile(Self.modes[mode].told), 1)
        let schedules = try #require([HeldProfile.Schedule](text: told.schedules.text))
        #expect(schedules == told.schedules)
        let kept = try stack(
            HeldProfile(
                id: told.id, evse: 1, purpose: told.purpose, level: told.level, kind: told.kind,
                transaction: told.transaction, schedules: schedules
            ).chargingProfile())
        let ours = { (at: Instant) in
            HeldDirective(kept.directive(evse: 1, at: at, transaction: transaction, supply: supply)).limits
        }
        func compared(_ period: V2.ChargingSchedulePeriod) throws -> ScheduleComparison? {
            ScheduleComparison(
                of: try answered(period), asked: hour, with: ours, rating: .kilowatts(22), tolerance: .watts(138))
        }
        #expect(try compared(Self.modes[mode].told)?.verdict == .agrees)
        #expect(try compared(Self.modes[mode].other)?.differences.count == 1)
        // What it reports is told from what it was set.
        #expect(HeldProfile(profile(Self.modes[mode].told), 1).isSame(asSet: told))
        #expect(
            !HeldProfile(profile(Self.modes[mode].other), 1).isSame(asSet: told) || mode == 3, "an external one moves")
    }
    private enum Problem: Error { case unread }

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
