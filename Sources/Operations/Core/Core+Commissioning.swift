import Assets
import Charging
import GridDispatch
import Quantities

// First contact with a station of a site: abilities, meter values, and whether it follows its limits.
extension Core {
    mutating func commission(site s: Int, at now: Instant) {
        guard settings.commissioning else { return }
        for m in sites[s].members {
            advance(m, at: now)
            test(m, s, at: now)
            compareSchedules(m, s, at: now)
        }
    }

    private mutating func advance(_ m: Int, at now: Instant) {
        let commissioner = stations[m].commissioner
        guard commissioner.step != .done, !commissioner.isWaiting, stations[m].isOnline, stations[m].lane.isIdle,
            stations[m].lastBoot != .pending, stations[m].lastBoot != .rejected,
            commissioner.notBefore.map({ now >= $0 }) ?? true
        else { return }
        let command: StationCommand
        switch commissioner.step {
        case .readAbilities: command = .readAbilities
        case .readV2XAbilities: command = .readV2XAbilities(evses: evsesToAsk(m))
        case .sampleEvery: command = .sampleEvery(sampleInterval(m))
        case .sample(let wish): command = .sample(wish: wish, bothWays: isSteered(m))
        case .done: return
        }
        stations[m].commissioner.isWaiting = true
        if !send(command, .commissioning(command), rank: .commissioning, to: m, at: now) {
            stations[m].commissioner.isWaiting = false
        }
    }

    /// How a station took a step.
    mutating func commissioned(_ command: StationCommand, _ answer: CommandAnswer, _ m: Int, at now: Instant) {
        stations[m].commissioner.isWaiting = false
        if case .none(let silence) = answer {
            stations[m].commissioner.failures += 1
            stations[m].commissioner.notBefore = now + .minutes(1)
            if stations[m].commissioner.failures < Commissioner.attempts { return }
            if let step = command.step { note(m, .silent(step, silence), at: now) }
        }
        stations[m].commissioner.failures = 0
        switch command {
        case .readAbilities:
            if case .abilities(let abilities) = answer { learn(abilities, m, at: now) }
            stations[m].commissioner.step = stations[m].version == .v21 ? .readV2XAbilities : .sampleEvery
        case .readV2XAbilities:
            if case .abilities(let abilities) = answer, let told = abilities.v2x {
                updateCommissioning(m, at: now) { found in
                    let hasVehicle = found.v2x?.hasVehicle ?? false
                    found.v2x = told
                    found.v2x?.hasVehicle = hasVehicle
                }
            }
            stations[m].commissioner.step = .sampleEvery
        case .sampleEvery:
            if case .accepted = answer {
                let seconds = Int(sampleInterval(m).components.seconds)
                updateCommissioning(m, at: now) { $0.sampleInterval = seconds }
            }
            stations[m].commissioner.step = .sample(wish: 0)
        case .sample(let wish, _):
            if case .refused = answer, wish + 1 < StationCommand.sampledSets {
                stations[m].commissioner.step = .sample(wish: wish + 1)
                return
            }
            stations[m].commissioner.step = .done
        case .limitTransaction, .limitByDefault, .steer, .followSchedule, .readDefault, .readSchedule, .readListBounds,
            .readListVersion, .sendList:
            return
        }
        if case .refused(let word) = answer, let step = command.step { note(m, .refused(step, word: word), at: now) }
    }

    private mutating func learn(_ abilities: StationAbilities, _ m: Int, at now: Instant) {
        updateCommissioning(m, at: now) { found in
            found.rateUnit = abilities.unit?.rawValue ?? found.rateUnit
            found.maxStackLevel = abilities.maxLevel ?? found.maxStackLevel
            found.maxPeriods = abilities.maxPeriods.map { max(1, $0) } ?? found.maxPeriods
            found.maxProfiles = abilities.maxProfiles ?? found.maxProfiles
            found.sampleInterval = abilities.sampleInterval ?? found.sampleInterval
            if abilities.limitsPower == false {
                found.verdict = .doesNotFollow
                found.note = .noSmartCharging
            }
        }
        if let count = abilities.connectors {
            for number in 1...max(1, min(count, StationSlot.mostEVSEs)) { _ = stations[m].ensureEVSE(number) }
        }
    }

    private mutating func note(_ m: Int, _ note: CommissioningNote, at now: Instant) {
        updateCommissioning(m, at: now) { $0.note = note }
    }

    /// The dispatcher's own judgement, which goes on after the test.
    mutating func note(_ evse: EVSEID, ignoresProfiles: Bool, at now: Instant) {
        guard let m = stationIndex[evse.station] else { return }
        updateCommissioning(m, at: now) { found in
            found.verdict = ignoresProfiles ? .doesNotFollow : .follows
            found.note = ignoresProfiles ? .drewMore(evse: evse.number) : nil
        }
        requestPlan(for: m, "limit", at: now)
    }

    mutating func updateCommissioning(_ m: Int, at now: Instant, _ change: (inout Commissioning) -> Void) {
        var found = stations[m].commissioning ?? Commissioning(verdict: .unknown, at: now)
        let before = found
        change(&found)
        guard found != before || stations[m].commissioning == nil else { return }
        found = Commissioning(
            verdict: found.verdict, rateUnit: found.rateUnit, maxStackLevel: found.maxStackLevel,
            maxPeriods: found.maxPeriods, maxProfiles: found.maxProfiles, phases: found.phases,
            sampleInterval: found.sampleInterval, note: found.note, v2x: found.v2x, at: now)
        stations[m].commissioning = found
        persistLive(m)
        emit(.publish(.station(stations[m].station.id)))
    }

    // MARK: - The test

    private mutating func test(_ m: Int, _ s: Int, at now: Instant) {
        guard stations[m].commissioner.step == .done else { return }
        // A group that is asked for a power needs all its vehicles.
        let isAsked = sites[s].instructions.contains { instruction in
            if case .charging = instruction.target { instruction.interval.contains(now) } else { false }
        }
        if let test = stations[m].commissioner.test {
            if isAsked { endTest(m, s, .unknown, at: now) } else { judge(test, m, s, at: now) }
        } else if !isAsked, case .auto = sites[s].site.mode {
            switch stations[m].commissioning?.verdict ?? .unknown {
            case .unknown: beginTest(m, s, isRepeat: false, at: now)
            // It may have been mended: once a stay it is asked again, and reserved meanwhile.
            case .doesNotFollow where stations[m].commissioning?.note != .noSmartCharging:
                beginTest(m, s, isRepeat: true, at: now)
            case .doesNotFollow, .running, .follows: break
            }
        }
    }

    /// Only while a vehicle draws clearly more than the least current and nobody asked for full power: a test lowers the
    /// limit for a few minutes, which harms nothing.
    private mutating func beginTest(_ m: Int, _ s: Int, isRepeat: Bool, at now: Instant) {
        for evse in stations[m].evses {
            let capability = capability(stations[m])
            // A repeat must show a clear step down: only that tells a mended pile from a vehicle that wants little.
            let least =
                isRepeat
                ? capability.minimum.watts + 3 * Self.tolerance(capability) : capability.minimum.watts * 15 / 10
            guard let i = stations[m].activeSession(on: evse.number), !evse.control.chargeNow,
                stations[m].sessions[i].needs?.chargeNow != true, let power = evse.meter.power,
                let at = evse.meter.at, now - at <= settings.sampleInterval * 2,
                power.watts >= least, stations[m].commissioner.testedAgain != stations[m].sessions[i].id
            else { continue }
            let session = stations[m].sessions[i].id.value
            if isRepeat { stations[m].commissioner.testedAgain = stations[m].sessions[i].id }
            let until = now + settings.sampleInterval * 4 + .minutes(1)
            let test = FollowTest(session: session, limit: capability.minimum, isRepeat: isRepeat, until: until)
            stations[m].commissioner.test = test
            sites[s].instructions.append(
                Instruction(
                    id: "commissioning/\(evse.id)", source: "commissioning", priority: .grid, target: .evse(evse.id),
                    demand: .atMost(capability.minimum), interval: Interval(now, until), receivedAt: now))
            if !isRepeat { updateCommissioning(m, at: now) { $0.verdict = .running } }
            return
        }
    }

    /// How far above or below a limit still counts as on it, in watts.
    private static func tolerance(_ capability: Capability) -> Int64 { capability.rating.watts * 8 / 100 }

    private mutating func judge(_ before: FollowTest, _ m: Int, _ s: Int, at now: Instant) {
        var test = before
        let number = stations[m].sessions.last { $0.id.value == test.session && $0.status == .active }?.evse.number
        guard let evse = number.flatMap({ stations[m].evse($0) }).map({ stations[m].evses[$0] }), now < test.until
        else {
            return endTest(m, s, .unknown, at: now)
        }
        if test.countsFrom == nil, let dispatch = evse.dispatch, let confirmed = dispatch.confirmed,
            confirmed <= test.limit
        {
            test.countsFrom = now + settings.dispatch.settleAfter
        }
        if let from = test.countsFrom, let at = evse.meter.at, at >= from, at != test.lastSample,
            let power = evse.meter.power
        {
            test.lastSample = at
            let tolerance = Self.tolerance(capability(stations[m]))
            if power.watts > test.limit.watts + tolerance {
                test.samplesAbove += 1
            } else if power.watts >= test.limit.watts - tolerance {
                // A vehicle that stopped meanwhile shows nothing.
                test.samplesWithin += 1
            }
        }
        stations[m].commissioner.test = test
        if test.samplesWithin >= FollowTest.samplesNeeded { return endTest(m, s, .follows, at: now) }
        if test.samplesAbove >= FollowTest.samplesNeeded { endTest(m, s, .doesNotFollow, at: now) }
    }

    private mutating func endTest(_ m: Int, _ s: Int, _ verdict: Commissioning.Verdict, at now: Instant) {
        let test = stations[m].commissioner.test
        stations[m].commissioner.test = nil
        let prefix = "commissioning/\(stations[m].station.id)/"
        sites[s].instructions.removeAll { $0.id.hasPrefix(prefix) }
        updateCommissioning(m, at: now) { found in
            // The dispatcher may have judged meanwhile.
            if found.verdict == .running || (test?.isRepeat == true && verdict == .follows) { found.verdict = verdict }
        }
        if verdict == .doesNotFollow { requestPlan(for: m, "limit", at: now) }
        if verdict == .follows, let session = stations[m].sessions.last(where: { $0.id.value == test?.session }) {
            sites[s].dispatcher.trust(session.evse)
        }
    }
}

extension StationCommand {
    /// `nil`: no part of commissioning.
    fileprivate var step: CommissioningNote.Step? {
        switch self {
        case .limitTransaction, .limitByDefault, .steer, .followSchedule, .readDefault, .readSchedule, .readListBounds,
            .readListVersion, .sendList:
            nil
        case .readAbilities, .readV2XAbilities: .abilities
        case .sampleEvery: .sampleInterval
        case .sample: .measurands
        }
    }
}
