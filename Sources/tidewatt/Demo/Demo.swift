import Charging
import Documents
import Foundation
import GridDispatch
import NIOPosix
import Operations
import Quantities
import Rulebook
import Simulation

/// One run of the demo: sets the site up through the public API, lets the community live, and judges its days.
struct Demo: Sendable {
    let scenario: DemoScenario
    let platform: Platform
    let clock: DomainClock
    let ignoring: Int
    let speech: StationSpeech
    /// Per cent of stays whose driver says when the vehicle leaves and what it needs.
    let stating: Int
    let output: OutputOptions
    let httpBase: String
    let stations: StationEndpoint

    /// - Returns: whether no quarter of an hour of the judged days was above the limit.
    func play(once: Bool) async throws -> Bool {
        introduce()
        let site = DemoSite(scenario: scenario, client: DemoClient(base: httpBase))
        try await site.createGrid()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let fleet = StationFleet(
            endpoint: stations, members: members, clock: clock.forFleet, group: group)
        let ledger = DemoLedger(start: scenario.start)
        let kept = try await withThrowingTaskGroup(of: Bool?.self) { tasks in
            defer { tasks.cancelAll() }
            // The meter speaks before the first pile comes, so that nobody looks for it in vain.
            tasks.addTask { try await meter(fleet) }
            try await site.createStations()
            fleet.start()
            tasks.addTask { try await attend(fleet) }
            tasks.addTask { try await watch(ledger) }
            tasks.addTask { try await stateNeeds() }
            tasks.addTask { try await judgeDays(ledger, once: once) }
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

    private func judgeDays(_ ledger: DemoLedger, once: Bool) async throws -> Bool {
        var kept = true
        let judge = try DemoJudge(scenario: scenario, platform: platform)
        for day in 0..<scenario.days {
            let civil = scenario.firstMonday.adding(days: day)
            try await wait(until: scenario.zone.midnight(of: civil.adding(days: 1)) + .minutes(3))
            let report = try await judge.judge(civil, ledger: ledger)
            kept = kept && report.orderly.slotsAboveLimit == 0
            platform.store.append([.dayReport(report)]) { _ in }
            show(report, of: civil)
        }
        // The last night belongs to the week: what was postponed into it is delivered by noon.
        try await wait(until: scenario.judged.end + .hours(12))
        show(try await judge.whole(ledger: ledger))
        if !once { try await wait(until: .distantFuture) }
        return kept
    }

    private func wait(until instant: Instant) async throws {
        while clock.now < instant {
            try await Task.sleep(for: min(clock.realDelay(until: instant), .seconds(60)) + .milliseconds(5))
        }
    }

    // MARK: - The community

    private var members: [StationFleet.Member] {
        var random = SeededRandom(seed: scenario.seed).split(3)
        let run = String(UInt64(DomainClock.real.now.milliseconds), radix: 36) + "-"
        return scenario.community.drivers.enumerated().map { index, driver in
            var settings = StationSettings(identity: DemoSite.identity(index))
            // A kept data directory knows the message ids of the run before, which began at the same virtual instant.
            settings.messageIDPrefix = run
            settings.version = speech.version(ofStation: index)
            settings.offlineWait = .milliseconds(Int64(10_000 * clock.speed))
            settings.faults.ignoresProfiles = index >= scenario.piles - ignoring
            let stays = driver.stays.map { stay in
                // Most drivers leave with 80 to 100 %: some taper at the end, most do not.
                let battery = max(Energy.kilowattHours(60), stay.energy + .kilowattHours(6))
                let left = Energy(milliwattHours: Int64(Double(battery.milliwattHours) * 0.2 * random.unit()))
                let stored = max(.zero, battery - stay.energy - left)
                return StationFleet.Stay(
                    arrival: stay.arrival, departure: stay.departure,
                    vehicle: SimulatedVehicle(
                        battery: battery, stored: stored, wanted: stay.energy, maxPower: scenario.pilePower,
                        phases: 1),
                    idTag: DemoSite.tag(index))
            }
            return StationFleet.Member(settings: settings, stays: stays)
        }
    }

    /// Drivers who say on the pile's page when they leave and what they need, as soon as their session has begun.
    private func stateNeeds() async throws -> Bool? {
        let site = DemoSite(scenario: scenario, client: DemoClient(base: httpBase))
        let index = Dictionary(uniqueKeysWithValues: (0..<scenario.piles).map { (DemoSite.identity($0), $0) })
        var seen: Set<Session.ID> = []
        for await event in platform.events() {
            try Task.checkCancellation()
            guard case .session(let id) = event, seen.insert(id).inserted,
                let session = await platform.session(id)?.session,
                let driver = index[session.evse.station.value],
                let stay = scenario.community.drivers[driver].stays.last(where: {
                    $0.arrival <= session.startedAt + .minutes(5)
                }), stay.departure > clock.now + .minutes(5)
            else { continue }
            var random = SeededRandom(seed: scenario.seed).split(
                UInt64(bitPattern: stay.arrival.milliseconds) &+ UInt64(driver))
            guard random.unit() * 100 < Double(stating) else { continue }
            do {
                try await site.state(departure: stay.departure, energy: stay.energy, of: id)
            } catch let refusal as Refusal where refusal.message.code == Message.badAnswerCode {
                // A session that ended meanwhile has no needs any more.
            }
        }
        return nil
    }

    /// Every pile must have come: a community of fewer would be judged as if it were whole.
    private func attend(_ fleet: StationFleet) async throws -> Bool? {
        let last = ContinuousClock.now + Self.attendance
        while true {
            let found = await fleet.summary()
            if found.connected == found.stations { return nil }
            guard ContinuousClock.now < last else {
                throw Refusal(.demoPilesMissing(found.connected, of: found.stations, why: found.lastFault))
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }
    /// They come within a second; a machine under load may take longer.
    private static let attendance: Duration = .seconds(60)

    /// The site meter: households plus whatever the piles draw, told through the API like any meter would.
    private func meter(_ fleet: StationFleet) async throws -> Bool? {
        let site = DemoSite(scenario: scenario, client: DemoClient(base: httpBase))
        let pause = Duration.milliseconds(Int64(max(30, 10_000 / clock.speed)))
        while !Task.isCancelled {
            let now = clock.now
            let charging = await fleet.powers().reduce(Power.zero, +)
            try await site.report(scenario.household.power(at: now) + charging, at: now)
            try await Task.sleep(for: pause)
        }
        return nil
    }

    /// Once a virtual minute: what the plan in force says and what the setpoints ask.
    private func watch(_ ledger: DemoLedger) async throws -> Bool? {
        var minute = scenario.start
        while !Task.isCancelled {
            try await wait(until: minute)
            let plan = await platform.plan(of: DemoSite.site)
            var planned = Power.zero
            if let plan, let slot = plan.slot(at: minute) {
                planned = plan.stays.reduce(.zero) {
                    $0 + ($1.setpoints.indices.contains(slot) ? $1.setpoints[slot] : .zero)
                }
            }
            var asked = Power.zero
            for view in await platform.stations(after: nil, limit: scenario.piles) {
                for evse in view.evses where evse.session != nil {
                    let drawn = evse.power ?? .zero
                    // A vehicle that is full draws nothing whatever it is offered.
                    if drawn > .watts(100) { asked += min(evse.setpoint ?? drawn, scenario.pilePower) }
                }
            }
            await ledger.add(minute: minute, planned: planned, issued: asked)
            minute += .minutes(1)
            // Behind at high speeds: the values hold for the minutes between.
            while minute + .minutes(1) < clock.now {
                await ledger.add(minute: minute, planned: planned, issued: asked)
                minute += .minutes(1)
            }
        }
        return nil
    }

    // MARK: - What people read

    private func introduce() {
        let stays = scenario.community.drivers.reduce(0) { $0 + $1.stays.count }
        let energy = scenario.community.drivers.flatMap(\.stays).reduce(Energy.zero) { $0 + $1.energy }
        say(
            "console: \(httpBase)/\n"
                + output.lang(
                    "seed \(scenario.seed): \(scenario.piles) piles, \(stays) recorded stays (\(kwh(energy)) kWh), "
                        + "\(scenario.skippedRows) rows skipped, limit \(kw(scenario.limit)) kW, clock ×\(Int(clock.speed)) "
                        + "from \(scenario.zone.iso8601(scenario.start))",
                    "种子 \(scenario.seed)：\(scenario.piles) 台桩，\(stays) 次记录会话（\(kwh(energy)) kWh），"
                        + "跳过 \(scenario.skippedRows) 行，限值 \(kw(scenario.limit)) kW，时钟 ×\(Int(clock.speed))，"
                        + "起点 \(scenario.zone.iso8601(scenario.start))"))
    }

    private func show(_ report: DayReport, of day: CivilDay) {
        if output.format == .json { return Output.write(report.json(day: day.description).text() + "\n") }
        Output.write(report.text(title: day.description, in: output.lang) + "\n")
    }

    private func show(_ whole: DayReport) {
        if output.format == .json { return Output.write(whole.json(day: "all").text() + "\n") }
        Output.write(whole.text(title: output.lang("all days", "全程"), in: output.lang) + "\n")
    }

    private func say(_ text: String) { platform.log.plain(text) }
    private func kw(_ power: Power) -> String { decimalText(Int128(power.watts), scale: 3) }
    private func kwh(_ energy: Energy) -> String { String(energy.milliwattHours / 1_000_000) }
}
