import Assets
import Charging
import Documents
import Foundation
import Metering
import Operations
import Quantities
import Rulebook
import Simulation
import Store

/// What plan and setpoints said, minute by minute, as energy by quarter hour.
actor DemoLedger {
    let start: Instant
    private var planned: [Energy] = []
    private var issued: [Energy] = []

    init(start: Instant) { self.start = start }

    func add(minute: Instant, planned power: Power, issued asked: Power) {
        let slot = Int((minute - start).wholeMilliseconds / DemoJudge.step.wholeMilliseconds)
        guard slot >= 0 else { return }
        while planned.count <= slot {
            planned.append(.zero)
            issued.append(.zero)
        }
        planned[slot] += power.energy(over: .minutes(1))
        issued[slot] += asked.energy(over: .minutes(1))
    }

    /// Padded with zeros to `count` slots.
    func energies(count: Int) -> (planned: [Energy], issued: [Energy]) {
        func padded(_ list: [Energy]) -> [Energy] {
            Array((list + Array(repeating: .zero, count: max(0, count - list.count))).prefix(count))
        }
        return (padded(planned), padded(issued))
    }
}

/// Judges the demo's days: measured energy comes from the platform's own registers, the truth from the scenario.
final class DemoJudge: Sendable {
    static let step = Duration.minutes(15)
    private let scenario: DemoScenario
    private let platform: Platform
    private let prices: Series<SlotPrice>
    private let base: [Power]
    private let stays: [CommunityFacts.Stay]
    private let foresight: [Energy]

    init(scenario: DemoScenario, platform: Platform) throws {
        self.scenario = scenario
        self.platform = platform
        guard let tariff = RulePacks.builtIn.tariff(DemoSite.tariff) else {
            throw Refusal(.demoTariffMissing(DemoSite.tariff))
        }
        let end = scenario.judged.end + .hours(12)
        let count = Int((end - scenario.start).wholeMilliseconds / Self.step.wholeMilliseconds)
        prices = try tariff.slotPrices(start: scenario.start, step: Self.step, count: count)
        base = scenario.householdMeans(in: prices.interval, step: Self.step)
        stays = scenario.community.drivers.flatMap(\.stays).map {
            CommunityFacts.Stay(
                arrival: $0.arrival, departure: $0.departure, wanted: $0.energy, most: scenario.pilePower)
        }
        let none = Array(repeating: Energy.zero, count: count)
        foresight = CommunityFacts(
            site: DemoSite.site, zone: scenario.zone, limit: scenario.limit, prices: prices, base: base, stays: stays,
            measured: none, issued: none, planned: none
        ).foresight()
    }

    func judge(_ day: CivilDay, ledger: DemoLedger) async throws -> DayReport {
        let verdict = try await verdict(within: scenario.zone.day(day), ledger)
        guard let report = verdict.days.first(where: { $0.day == day }) else {
            throw Refusal(.dayNotJudged("\(day)"))
        }
        return report
    }

    /// From the start to noon after the last judged day.
    func whole(ledger: DemoLedger) async throws -> DayReport {
        try await verdict(within: prices.interval, ledger).whole
    }

    private func verdict(within span: Interval, _ ledger: DemoLedger) async throws -> Verdict {
        let (planned, issued) = await ledger.energies(count: prices.values.count)
        return Verdict(
            CommunityFacts(
                site: DemoSite.site, zone: scenario.zone, limit: scenario.limit, prices: prices, base: base,
                stays: stays, measured: try await measured(within: span), issued: issued, planned: planned),
            foresight: foresight)
    }

    /// Energy by slot from register differences of every session that lies in `span`; zero outside of it.
    private func measured(within span: Interval) async throws -> [Energy] {
        var slots = Array(repeating: Energy.zero, count: prices.values.count)
        var after: Session.ID?
        let filter = SessionFilter(site: DemoSite.site, from: span.start, to: span.end)
        repeat {
            let page = try await platform.store.sessions(filter, after: after, limit: 200)
            for view in page {
                for interval in intervalEnergies(
                    readings: try await registers(of: view.session), step: Self.step, origin: prices.start,
                    longestGap: .hours(1))
                where span.contains(interval.interval.start) {
                    if let slot = prices.index(at: interval.interval.start) { slots[slot] += interval.energy }
                }
            }
            after = page.count == 200 ? page.last?.session.id : nil
        } while after != nil
        return slots
    }

    private func registers(of session: Session) async throws -> [(at: Instant, value: RegisterReading)] {
        var registers: [(at: Instant, value: RegisterReading)] = []
        if let start = session.registerStart { registers.append((session.startedAt, start)) }
        var seen = 0
        while true {
            let page = try await platform.store.readings(of: session.id, after: seen, limit: 5000)
            for reading in page {
                if let value = reading.importRegister { registers.append((reading.at, value)) }
            }
            seen += page.count
            if page.count < 5000 { break }
        }
        if let end = session.endedAt, let stop = session.registerStop { registers.append((end, stop)) }
        return registers.sorted { $0.at < $1.at }
    }
}
