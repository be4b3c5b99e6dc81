import Assets
import Foundation
@testable import GridDispatch
import Operations
import Quantities
import Testing

@testable import Simulation

@Suite("World of a park") struct ParkWorldTests {
    /// A thousand in the nightly run.
    static let seeds: ClosedRange<UInt64> =
        1...(ProcessInfo.processInfo.environment["TIDEWATT_PARK_SEEDS"].flatMap(UInt64.init) ?? 12)

    @Test func `vehicles that give back keep every floor and limit, and gaps are told`() async {
        var (asked, reached, told, deadMen, exported) = (0, 0, 0, 0, Energy.zero)
        let reports = await withTaskGroup(of: World.Report.self) { group in
            for seed in Self.seeds { group.addTask { World(.park(seed: seed)).play() } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        for report in reports {
            #expect(report.violations.isEmpty, "seed \(report.seed): \(report.violations.joined(separator: "\n"))")
            asked += report.asked
            reached += report.reached
            told += report.toldMissing
            deadMen += report.deadMen
            exported = exported + report.exported
        }
        // Nobody holds who saw nothing.
        #expect(reached * 6 > asked, "\(reached) of \(asked) powers were reached")
        #expect(told > 0 && deadMen > 0 && exported > .kilowattHours(5))
    }

    @Test func `the same seed is the same run`() {
        let a = World(.park(seed: 4, minutes: 12)).play()
        let b = World(.park(seed: 4, minutes: 12)).play()
        #expect(a.exported == b.exported && a.plans == b.plans && a.reached == b.reached)
    }

    // MARK: - Figures

    /// `TIDEWATT_FIGURES`: prints what docs/performance.md tells.
    static let figures = ProcessInfo.processInfo.environment["TIDEWATT_FIGURES"].flatMap(UInt64.init)

    /// One message in thirty needs up to four seconds; whoever waits for it comes late.
    @Test func `a park of 600 kW follows steps of half a megawatt and of a whole one within five seconds`() throws {
        var steps: [StepResponse] = []
        for seed in 1...(Self.figures ?? 3) {
            let (responses, violations) = StepResponse.ofPark(seed: seed)
            #expect(violations.isEmpty, "seed \(seed): \(violations)")
            #expect(responses.count == 4)
            if Self.figures != nil { for response in responses { print("step seed \(seed): \(response)") } }
            steps += responses
        }
        let times = try steps.map { try #require($0.to90, "\($0)") }
        #expect(times.count { $0 <= .seconds(5) } * 10 >= times.count * 9, "\(times)")
        for step in steps { #expect(try #require(step.settled) <= .seconds(12), "\(step)") }
    }

    @Test func `registers, sessions and what flowed are the same energy`() {
        for seed in 1...(Self.figures.map { min($0, 3) } ?? 1) {
            let balance = EnergyBalance.ofPark(seed: seed, hours: Self.figures == nil ? 1 : 24)
            #expect(balance.violations.isEmpty, "seed \(seed): \(balance.violations)")
            #expect(balance.sessions > 0)
            // Powers of whole seconds beside registers: ramps lie between. A session has whole watt-hours.
            func agree(_ a: Energy, _ b: Energy, within: Int64, _ what: String) {
                #expect(abs(a.milliwattHours - b.milliwattHours) <= within, "seed \(seed), \(what): \(balance)")
            }
            for (flowed, metered, booked) in [
                (balance.flowedIn, balance.metered.imported, balance.booked.imported),
                (balance.flowedOut, balance.metered.exported, balance.booked.exported),
            ] {
                agree(flowed, metered, within: flowed.milliwattHours / 200, "flow and registers")
                agree(metered, booked, within: 2_000 * Int64(balance.sessions), "registers and sessions")
            }
            #expect(balance.metered.exported > .kilowattHours(1), "\(balance)")
            if Self.figures != nil { print("balance seed \(seed): \(balance)") }
        }
    }

    // MARK: - Checkers can fail

    /// Violations of seeds whose platform reckons otherwise.
    private func violations(_ seeds: ClosedRange<UInt64>, _ change: @escaping (inout CoreConfiguration) -> Void)
        -> [String]
    {
        seeds.flatMap { World(.park(seed: $0, minutes: 20), change: change).play().violations }
    }

    @Test func `a dead-man that is too long is found out`() {
        #expect(
            violations(1...6) { $0.dispatch.deadMan = .minutes(10) }.contains { $0.contains("after the last word") })
    }

    @Test func `vehicles that are tossed about are found out`() {
        #expect(violations(1...6) { $0.dispatch.turnRest = .zero }.contains { $0.contains("turned round twice") })
    }

    @Test func `more outward flow than the node takes is found out`() {
        #expect(violations(1...8) { $0.dispatch.targetMargin = -2 }.contains { $0.hasPrefix("export") })
    }

    @Test func `what is taken below a driver's minimum is found out`() {
        func gives(_ stored: Int64, _ exchanged: Int64, power: Int64 = -1_000) -> String? {
            FloorChecker.violation(
                stored: .wattHours(stored), floor: .wattHours(10_000), exchanged: .wattHours(exchanged),
                power: .watts(power))
        }
        #expect(gives(9_949, 0) != nil && gives(9_951, 0) == nil)
        #expect(gives(9_500, 9_100) == nil && gives(9_500, 8_900) != nil)
        #expect(gives(9_000, 0, power: 1_000) == nil)
    }

    @Test func `a station that is built on before its default is read again is found out`() throws {
        func text(_ text: String) throws -> WireText { try #require(WireText(Array(text.utf8))) }
        let follow = try text(#"[2,"a","UpdateDynamicSchedule",{"scheduleUpdate":{"setpoint":-5}}]"#)
        var checker = RereadChecker()
        #expect(checker.sent(follow) != nil)
        checker.received(try text(#"[2,"b","ReportChargingProfiles",{}]"#))
        #expect(checker.sent(follow) == nil)
        checker.connected()
        let given = try text(
            #"[2,"c","SetChargingProfile",{"chargingProfile":{"chargingProfilePurpose":"TxDefaultProfile"}}]"#)
        #expect(checker.sent(given) == nil)
        checker.received(try text(#"[3,"c",{"status":"Rejected"}]"#))
        #expect(checker.sent(follow) != nil)
        checker.received(try text(#"[3,"c",{"status":"Accepted"}]"#))
        #expect(checker.sent(follow) == nil)
    }

    @Test func `a gap that nobody tells is found out, and one with a reason is not`() {
        let start = Instant("2026-02-01T00:00:00Z")!
        let instruction = Instruction(
            id: "call", source: "operator", priority: .market, target: .charging(below: World.node),
            demand: .exactly(.kilowatts(-50)), interval: Interval(start, start + .minutes(5)), receivedAt: start)
        func standing(missed: Bool, reasons: [SetpointReason]) -> GroupDispatch {
            GroupDispatch(
                instruction: "call", node: World.node, asked: .kilowatts(-50), target: .kilowatts(-50),
                allocated: .kilowatts(-50), measured: .kilowatts(-40), lowest: .kilowatts(-60), highest: .kilowatts(60),
                missedSince: missed ? start : nil,
                shortfalls: reasons.map { .init(evse: EVSEID(StationID("V1"), 1), reason: $0) })
        }
        func run(_ standing: GroupDispatch, isAlarmed: Bool, power: Power = .kilowatts(-40)) -> [String] {
            var checker = GroupChecker()
            return (0...60).compactMap { second in
                checker.observe(
                    instruction, since: start, power: power, standing: standing, isAlarmed: isAlarmed,
                    at: start + .seconds(second))
            }
        }
        #expect(run(standing(missed: false, reasons: []), isAlarmed: true).count == 1)
        #expect(run(standing(missed: true, reasons: []), isAlarmed: true).first?.contains("no reason") == true)
        #expect(run(standing(missed: true, reasons: [.offline]), isAlarmed: false).first?.contains("no alarm") == true)
        #expect(run(standing(missed: true, reasons: [.offline]), isAlarmed: true).isEmpty)
        #expect(run(standing(missed: false, reasons: []), isAlarmed: false, power: .watts(-49_000)).isEmpty)
    }

    @Test func `energy that meters and battery do not agree on is found out`() {
        func balance(_ gained: Int64) -> String? {
            StayBalance(
                imported: .wattHours(10_000), exported: .wattHours(4_500), gained: .wattHours(gained),
                lasted: .hours(1)
            ).violation(chargeLeft: 900_000, dischargeLeft: 900_000, standby: .watts(40))
        }
        // 9000 in less 5000 out, and 40 W for an hour that the electronics may have had.
        #expect(balance(4_000) == nil && balance(3_964) == nil)
        #expect(balance(4_002) != nil && balance(3_960) != nil)
    }
}
