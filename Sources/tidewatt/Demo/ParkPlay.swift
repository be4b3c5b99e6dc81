import Charging
import Documents
import Foundation
import NIOPosix
import Operations
import Quantities
import Rulebook
import Simulation

/// The park over real connections: ten simulated stations of OCPP 2.1 whose vans give energy back, the platform with its
/// planner and dispatcher, and a judge who looks at the piles themselves.
struct ParkPlay: Sendable {
    let scenario: ParkScenario
    let platform: Platform
    let clock: DomainClock
    let output: OutputOptions
    let httpBase: String
    let stations: StationEndpoint

    /// Before the first day: piles connect and are set up while nobody charges, which takes its real time at any speed. In whole quarter hours.
    static func lead(speed: Double) -> Duration { .minutes(15 * max(2, Int((20 * speed / 900).rounded(.up)))) }

    /// - Returns: whether every limit and every driver's minimum was kept on all days.
    func play(once: Bool) async throws -> Bool {
        introduce()
        let start = scenario.interval.start - Self.lead(speed: clock.speed)
        let building = ParkBuilding(scenario, in: Interval(start - .days(21), scenario.interval.end + .days(2)))
        let site = ParkSite(scenario: scenario, client: DemoClient(base: httpBase))
        try await site.create(history: building, until: start)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let run = String(UInt64(DomainClock.real.now.milliseconds), radix: 36) + "-"
        let fleet = StationFleet(
            endpoint: stations,
            members: scenario.members(run: run, offlineWait: .milliseconds(Int64(10_000 * clock.speed))),
            clock: clock.forFleet, group: group)
        let watcher = ParkWatcher(scenario)
        let kept = try await withThrowingTaskGroup(of: Bool?.self) { tasks in
            defer { tasks.cancelAll() }
            tasks.addTask { try await meter(site, building, fleet) }
            try await site.createStations()
            fleet.start()
            tasks.addTask { try await attend(fleet) }
            tasks.addTask { try await look(fleet, watcher) }
            tasks.addTask { try await listen(watcher) }
            tasks.addTask { try await judgeDays(building, watcher, once: once) }
            // The judge ends it, or whatever fails.
            while let ended = try await tasks.next() {
                if let kept = ended { return kept }
            }
            throw CancellationError()
        }
        await fleet.finish(within: .seconds(5))
        try? await group.shutdownGracefully()
        return kept
    }

    // MARK: - Judging

    private func judgeDays(_ building: ParkBuilding, _ watcher: ParkWatcher, once: Bool) async throws -> Bool {
        for number in 0..<scenario.days {
            let day = scenario.zone.day(scenario.firstDay.adding(days: number))
            try await wait(until: day.end + Self.settling)
            show(try await judge(day, building, watcher), day: scenario.firstDay.adding(days: number).description)
        }
        let whole = try await judge(scenario.interval, building, watcher)
        show(whole, day: "all")
        if !once { try await wait(until: .distantFuture) }
        return whole.isKept
    }
    /// After a day's end, for readings and stops that are on their way.
    private static let settling = Duration.minutes(5)

    private func judge(
        _ interval: Interval, _ building: ParkBuilding, _ watcher: ParkWatcher
    ) async throws -> ParkSummary {
        guard let report = await platform.v2g(of: ParkSite.site, in: interval) else {
            throw Refusal(.dayNotJudged("\(scenario.zone.civilDay(at: interval.start))"))
        }
        return try await watcher.summary(interval, report, building)
    }

    private func wait(until instant: Instant) async throws {
        while clock.now < instant {
            try await Task.sleep(for: min(clock.realDelay(until: instant), .seconds(60)) + .milliseconds(5))
        }
    }

    // MARK: - The park

    /// Every pile must have come: a park of fewer would be judged as if it were whole.
    private func attend(_ fleet: StationFleet) async throws -> Bool? {
        let last = ContinuousClock.now + .seconds(60)
        while true {
            let found = await fleet.summary()
            if found.connected == found.stations { return nil }
            guard ContinuousClock.now < last else {
                throw Refusal(.demoPilesMissing(found.connected, of: found.stations, why: found.lastFault))
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// The transformer's meter and those of the building, every ten seconds, told through the API.
    private func meter(_ site: ParkSite, _ building: ParkBuilding, _ fleet: StationFleet) async throws -> Bool? {
        let pause = Duration.milliseconds(Int64(max(30, 10_000 / clock.speed)))
        while !Task.isCancelled {
            let now = clock.now
            let vans = await fleet.powers().reduce(Power.zero, +)
            try await site.report(building, vans: vans, at: now)
            try await Task.sleep(for: pause)
        }
        return nil
    }

    /// Looks at every pile once a second of the park's time, at high speeds as often as the machine allows.
    private func look(_ fleet: StationFleet, _ watcher: ParkWatcher) async throws -> Bool? {
        let pause = Duration.milliseconds(Int64(max(8, 1000 / clock.speed)))
        while !Task.isCancelled {
            let glimpses = await fleet.glimpses()
            await watcher.look(glimpses, at: clock.now)
            try await Task.sleep(for: pause)
        }
        return nil
    }

    /// What the platform says of piles that do less than they were told.
    private func listen(_ watcher: ParkWatcher) async throws -> Bool? {
        let pause = Duration.milliseconds(Int64(max(50, 5000 / clock.speed)))
        while !Task.isCancelled {
            for view in await platform.stations(after: nil, limit: scenario.piles + 1) {
                for evse in view.evses {
                    guard let reason = evse.setpointReason, Self.shortfalls.contains(reason) else { continue }
                    await watcher.told(shortfallOf: view.station.id.value, at: clock.now)
                }
            }
            try await Task.sleep(for: pause)
        }
        return nil
    }
    private static let shortfalls: Set<String> = ["falls-short", "below-setpoint", "full", "unanswered", "offline"]

    // MARK: - What people read

    private func introduce() {
        platform.log.plain(
            "console: \(httpBase)/sites/\(ParkSite.site)/v2g\n"
                + output.lang(
                    "seed \(scenario.seed): \(scenario.piles) piles of 60 kW both ways, \(scenario.stays.count) stays, "
                        + "clock ×\(Int(clock.speed)) from \(scenario.zone.iso8601(scenario.interval.start)); "
                        + "the building's battery is run by the building itself",
                    "种子 \(scenario.seed)：\(scenario.piles) 台 60 kW 双向桩，\(scenario.stays.count) 次停留，"
                        + "时钟 ×\(Int(clock.speed))，起点 \(scenario.zone.iso8601(scenario.interval.start))；"
                        + "楼宇储能由楼宇自行管理"))
    }

    private func show(_ summary: ParkSummary, day: String) {
        if output.format == .json { return Output.write(summary.json(day: day).text() + "\n") }
        Output.write(summary.text(day: day, in: output.lang) + "\n")
    }
}

/// Keeps the ledger for those who write to it and read from it at the same time.
actor ParkWatcher {
    private let scenario: ParkScenario
    private var ledger: ParkLedger

    init(_ scenario: ParkScenario) {
        self.scenario = scenario
        ledger = ParkLedger(scenario)
    }

    func look(_ glimpses: [StationFleet.Glimpse], at now: Instant) { ledger.look(glimpses, at: now) }
    func told(shortfallOf identity: String, at now: Instant) { ledger.told(shortfallOf: identity, at: now) }

    func summary(_ interval: Interval, _ report: V2GReport, _ building: ParkBuilding) throws -> ParkSummary {
        do throws(TariffGap) {
            return try ParkSummary(
                scenario, in: interval, report: report, vans: ledger.powers(in: interval),
                storage: building.means(.storage, in: interval), building: building.means(.load, in: interval),
                pv: building.means(.pv, in: interval), missed: ledger.missed(in: interval),
                observed: ledger.observed(in: interval))
        } catch {
            throw Problems(Problem(file: scenario.buying.id, line: 0, message: error.message))
        }
    }
}
