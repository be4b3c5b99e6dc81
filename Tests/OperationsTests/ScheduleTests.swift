import Assets
import Charging
import GridDispatch
import OCPP
import OCPPMessages
import Quantities
import Testing

@testable import Operations

/// A station's own reckoning of its limits, beside ours.
@Suite("Schedules compared") struct ScheduleTests {
    private let start = Instant("2025-03-01T00:00:00Z")!

    private func comparison(
        _ steps: [(minute: Int, watts: Int64)], from first: Int = 0, to last: Int = 60,
        with ours: @escaping (Instant) -> Power
    ) -> ScheduleComparison? {
        ScheduleComparison(
            of: ReportedSchedule(
                span: Interval(start + .minutes(first), start + .minutes(last)),
                steps: steps.map { .init(start: start + .minutes($0.minute), limit: .watts($0.watts)) }),
            asked: Interval(start, start + .hours(1)), with: ours, rating: .watts(7040), tolerance: .watts(44))
    }

    @Test func `rounding, steps within a minute and what is above the rating are no difference`() {
        let ours = { (at: Instant) -> Power in at < start + .seconds(570) ? .watts(3520) : .watts(1430) }
        #expect(comparison([(0, 3500), (10, 1452)], with: ours)?.verdict == .agrees)
        #expect(comparison([(0, 22_000)], with: { _ in .watts(7040) })?.verdict == .agrees)
    }

    @Test func `only what was asked about counts, however much a station tells`() throws {
        var looks = 0
        let ours = { (at: Instant) -> Power in
            looks += 1
            return .watts(3520)
        }
        // As old as its profile, and two years ahead.
        let told = try #require(
            comparison([(-525_600, 7040), (-5, 3520), (60, 7040)], from: -525_600, to: 525_600, with: ours))
        #expect(told.verdict == .agrees && told.span == Interval(start, start + .hours(1)))
        #expect(looks <= 3 * 60)
        // A clock that is hours off tells nothing of now, nor does an empty schedule.
        #expect(comparison([(300, 7040)], from: 300, to: 360, with: ours) == nil)
        #expect(comparison([], with: ours) == nil)
    }

    @Test func `each span in which a station allows more or less is named`() throws {
        let ours = { (at: Instant) -> Power in at < start + .minutes(10) ? .watts(3520) : .watts(1430) }
        let more = try #require(comparison([(0, 3520), (10, 7040), (30, 0)], with: ours))
        #expect(more.verdict == .allowsMore)
        #expect(
            more.differences == [
                .init(
                    span: Interval(start + .minutes(10), start + .minutes(30)), ours: .watts(1430), theirs: .watts(7040)
                ),
                .init(span: Interval(start + .minutes(30), start + .hours(1)), ours: .watts(1430), theirs: .zero),
            ])
        #expect(comparison([(0, 1430)], with: ours)?.verdict == .allowsLess)
        // More anywhere is what counts, after however many spans of less.
        let late = comparison(
            (0..<60).map { ($0, $0 == 59 ? Int64(7040) : Int64($0 % 2 * 100)) }, with: { _ in .watts(3520) })
        #expect(late?.verdict == .allowsMore)
    }

    // MARK: - In a community

    /// A station that keeps the profiles it is sent, and whatever else somebody put into it.
    private struct Pile {
        var stack = ProfileStack()
        let supply = Supply(voltage: 220, phases: 1)

        mutating func answer(_ call: StationCall, transaction: Int, at now: Instant) -> String? {
            switch V16.Request.decode(V16.Action(rawValue: call.action) ?? .heartbeat, payload: call.payload.span)
                .result
            {
            case .success(.setChargingProfile(let request)):
                if let profile = ChargingProfile(request.csChargingProfiles) {
                    stack.install(profile, evse: request.connectorId, replacing: .sameLevel)
                }
            case .success(.getCompositeSchedule(let request)):
                let running = ProfileStack.Transaction(id: String(transaction), start: now)
                let schedule = CompositeSchedule(
                    stack, evse: request.connectorId, over: Interval(now, now + .seconds(request.duration)),
                    transaction: running, supply: supply)
                let response = V16.GetCompositeScheduleResponse(
                    status: .accepted, connectorId: request.connectorId, scheduleStart: now,
                    chargingSchedule: schedule.schedule(
                        in: request.chargingRateUnit ?? .a, supply: supply,
                        hardware: ChargingLimit(milliwatts: 7_040_000, phases: 1)))
                return String(decoding: response.json, as: UTF8.self)
            default: break
            }
            return nil
        }
    }

    private struct Street {
        var d = Dialogue()
        var pile = Pile()
        var transaction = 0
        var asked = 0

        init() {
            d.community(piles: 1, limit: .kilowatts(12))
            pass(.seconds(60))
            d.status("P1", "Preparing")
            transaction = d.start("P1", tag: "T1", meter: 0)
            d.status("P1", "Charging")
        }

        mutating func pass(_ duration: Duration) {
            let end = d.now + duration
            while d.now < end {
                d.pass(.seconds(1))
                for call in d.calls {
                    if call.action == "GetCompositeSchedule" { asked += 1 }
                    guard let reply = pile.answer(call, transaction: transaction, at: d.now) else { continue }
                    d.settle(call, .answered(payload: Array(reply.utf8)))
                }
                d.answerCalls()
            }
        }

        var comparison: ScheduleComparison? { d.core.limits(of: StationID("P1"))?.first?.comparison }
        var alarm: Alarm? {
            d.disk.alarms.values.first { $0.code == "schedule-allows-more" && $0.endedAt == nil }
        }
    }

    @Test func `a station that reckons as we do agrees, and is left alone for a day`() throws {
        var street = Street()
        street.pass(.minutes(5))
        #expect(try #require(street.comparison).verdict == .agrees)
        #expect(street.alarm == nil)
        let asked = street.asked
        street.pass(.minutes(40))
        #expect(street.asked == asked && asked > 0)
    }

    @Test func `a profile that somebody else put above ours is an alarm until it is gone`() throws {
        var street = Street()
        let foreign = ChargingProfile(
            id: 1, stackLevel: 5, purpose: .transactionDefault, kind: .relative, unit: .amperes, start: nil,
            duration: nil, periods: [.init(start: 0, limit: JSONDecimal(32), phases: 1)])
        street.pile.stack.install(foreign, evse: 1, replacing: .sameLevel)
        street.pass(.minutes(5))
        let comparison = try #require(street.comparison)
        #expect(comparison.verdict == .allowsMore)
        #expect(comparison.differences.contains { $0.theirs == .watts(7040) })
        let alarm = try #require(street.alarm)
        #expect(alarm.object == "P1/1" && alarm.values["station_w"] == "7040")

        // It does not outlive its pile.
        var removed = street
        removed.d.order(.deleteStation(StationID("P1")))
        #expect(removed.alarm == nil)

        street.pile.stack.clear(id: 1)
        street.pass(.minutes(20))
        #expect(try #require(street.comparison).verdict == .agrees)
        #expect(street.alarm == nil)
    }

    @Test func `what a station says too late is not held against it`() throws {
        var street = Street()
        street.pass(.seconds(1))
        let question = { (d: Dialogue) in d.calls.first { $0.action == "GetCompositeSchedule" } }
        while question(street.d) == nil {
            street.d.pass(.seconds(1))
            for call in street.d.calls where call.action != "GetCompositeSchedule" {
                _ = street.pile.answer(call, transaction: street.transaction, at: street.d.now)
                street.d.settle(call, .answered(payload: Array(#"{"status":"Accepted"}"#.utf8)))
            }
        }
        let call = try #require(question(street.d))
        let said =
            #"{"status":"Accepted","connectorId":1,"chargingSchedule":{"duration":3600,"chargingRateUnit":"A","chargingSchedulePeriod":[{"startPeriod":0,"limit":32}]}}"#
        street.d.settle(call, .timeout)
        street.d.settle(call, .answered(payload: Array(said.utf8)), late: true)
        #expect(street.comparison == nil && street.alarm == nil)
    }

    @Test func `a station that cannot say is not judged`() {
        var d = Dialogue()
        d.community(piles: 1, limit: .kilowatts(12))
        d.pass(.seconds(60), answering: true)
        d.status("P1", "Preparing")
        d.start("P1", tag: "T1", meter: 0)
        d.status("P1", "Charging")
        d.pass(.minutes(10), answering: true)
        #expect(d.core.limits(of: StationID("P1"))?.first?.comparison == nil)
        #expect(!d.disk.alarms.values.contains { $0.code == "schedule-allows-more" })
    }
}
