public import Assets
public import Quantities

/// Turns the plan into setpoints for one site and keeps every node below its limit, with us and without us.
///
/// Each step asks two questions of every setpoint. Does it fit now: estimated base load and all that charging may draw at
/// this moment? And would it fit if we died now: the base load's high quantile and each EVSE's worst case until its
/// profiles have ended? Lower setpoints go out at once; higher ones only into room that others have confirmed to have left.
public struct Dispatcher: Sendable {
    public let settings: DispatchSettings
    private(set) var tracks: [EVSETrack] = []
    private var trackIndex: [EVSEID: Int] = [:]
    private(set) var nodeTracks: [NodeID: NodeTrack] = [:]
    private var owners: [UInt64: Int] = [:]
    private var nextNumber: UInt64 = 1
    private var fallbacks = FallbackKeeper()
    private var alarms = AlarmKeeper()
    private var instructionProgress: [String: Instruction.Stage] = [:]
    private var groupTracks: [String: GroupTrack] = [:]
    private var planStays: (plan: Plan.ID, computedAt: Instant, positions: [String: Int])?
    private var reviewedAt: Instant?
    private var violated: OfflineInvariant.Violation?

    public init(settings: DispatchSettings = DispatchSettings()) {
        self.settings = settings
    }

    /// Call at least once a second of domain time while vehicles charge, and at ``DispatchOutput/wakeAt`` at the latest.
    public mutating func step(_ input: DispatchInput, at now: Instant) -> DispatchOutput {
        var output = DispatchOutput(wakeAt: now + .seconds(1))
        let tree = NodeTree(input.nodes)
        let indices = input.evses.map { track(of: $0.id) }
        observe(input, indices, tree, at: now, into: &output)

        var frame = Frame(
            input: input, indices: indices, tree: tree, tracks: tracks, nodes: nodeTracks,
            stays: stays(of: input.plan), settings: settings, now: now)
        frame.shareOut(&groupTracks, tracks: tracks)
        frame.allocate(tracks: tracks)
        frame.admit()
        issue(frame, into: &output)
        review(&frame, into: &output)
        describe(frame, into: &output)

        let isActive = input.evses.contains { $0.session != nil } || frame.nodeTracks.contains { $0.isGuarding }
        if !isActive { output.wakeAt = now + settings.reviewEvery }
        return output
    }

    /// How a command of ``DispatchOutput/commands`` ended; also late. An unknown number is ignored.
    public mutating func settle(_ number: UInt64, _ answer: DispatchAnswer, at now: Instant) {
        guard let index = owners[number] else { return }
        // A command that got no reply may still be answered late: its owner is kept until its profile has ended.
        if answer != .noReply { owners[number] = nil }
        guard let settled = tracks[index].ledger.settle(number, answer, at: now) else { return }
        switch settled {
        case .setpoint(let setpoint):
            if answer == .accepted { tracks[index].response.told(setpoint, at: now) }
            tracks[index].changedAt = max(tracks[index].changedAt, now)
            if answer == .accepted {
                tracks[index].failures = 0
                tracks[index].lastFailure = nil
            } else {
                tracks[index].failures += 1
                tracks[index].lastFailure = answer
                tracks[index].retryAt = now + backOff(tracks[index].failures)
            }
        case .fallback:
            if answer == .accepted {
                tracks[index].fallbackFailures = 0
                tracks[index].changedAt = max(tracks[index].changedAt, now)
            } else {
                tracks[index].fallbackFailures += 1
                tracks[index].fallbackRetryAt = now + backOff(tracks[index].fallbackFailures)
            }
        }
    }

    /// The station says that it restarted: transaction profiles may be lost, or not (some say so after each reconnection);
    /// default profiles persist.
    public mutating func restarted(_ station: StationID) {
        for (evse, index) in trackIndex where evse.station == station { tracks[index].ledger.doubtConfirmed() }
    }

    /// What the EVSE was told may have ended with the line, or not.
    public mutating func doubt(_ evse: EVSEID) {
        if let index = trackIndex[evse] { tracks[index].ledger.doubtConfirmed() }
    }

    /// A test of its own showed that the EVSE follows.
    public mutating func trust(_ evse: EVSEID) {
        if let index = trackIndex[evse] { tracks[index].trust() }
    }

    /// The setpoint of a vehicle that waits for it goes out with the next step, also when nothing changed.
    public mutating func ask(again evse: EVSEID) {
        tracks[track(of: evse)].isAskedAgain = true
    }

    /// A station that follows asks for the newest value by itself: it is what was told last, and lasts for another dead-man
    /// duration. `nil`: it follows nothing.
    public mutating func renew(_ evse: EVSEID, at now: Instant) -> Power? {
        guard let index = trackIndex[evse] else { return nil }
        return tracks[index].ledger.renew(until: now + settings.deadMan)
    }

    /// After a restart of ours: a default profile that the station had confirmed. Without it the rating is reserved.
    public mutating func restore(_ evse: EVSEID, fallback: DailyProfile) {
        tracks[track(of: evse)].ledger.restore(fallback)
    }

    /// Power that the plan must leave to EVSEs it does not plan: idle and full ones at their default profile, unreachable
    /// ones and those that do not follow at their worst case. One value a slot.
    public func reserved(
        below node: NodeID, _ input: DispatchInput, planned: Set<EVSEID>, start: Instant, step: Duration, count: Int
    ) -> [Power] {
        let tree = NodeTree(input.nodes)
        guard let target = input.nodes.firstIndex(where: { $0.id == node }) else {
            return Array(repeating: .zero, count: count)
        }
        var sums = [Power](repeating: .zero, count: count)
        for evse in input.evses where evse.contacted && tree.path(from: evse.node).contains(target) {
            guard let index = trackIndex[evse.id] else {
                if !planned.contains(evse.id) { for k in sums.indices { sums[k] += evse.capability.rating } }
                continue
            }
            let rating = tracks[index].most(evse.capability)
            let ignores = evse.ignoresProfiles || tracks[index].ignoresProfiles
            if planned.contains(evse.id) && evse.online && !ignores { continue }
            for k in sums.indices {
                let from = start + step * k
                sums[k] +=
                    ignores ? rating : tracks[index].ledger.worstCase(from: from, to: from + step, rating: rating)
            }
        }
        return sums
    }

    /// The first violation of the offline invariant if everything died at `now`.
    public func offlineViolation(_ input: DispatchInput, at now: Instant) -> OfflineInvariant.Violation? {
        OfflineInvariant.violation(nodes: input.nodes, piles: input.evses.compactMap(offlinePile), ifAllDiesAt: now)
    }

    /// The EVSE as it stands without us; `nil`: it was never there and draws nothing.
    public func offlinePile(_ evse: DispatchInput.EVSE) -> OfflineInvariant.Pile? {
        guard evse.contacted else { return nil }
        let track = trackIndex[evse.id].map { tracks[$0] } ?? EVSETrack()
        return OfflineInvariant.Pile(
            node: evse.node, rating: track.most(evse.capability), setpoints: track.ledger.possibleSetpoints,
            fallbacks: track.ledger.possibleFallbacks, ignoresProfiles: evse.ignoresProfiles || track.ignoresProfiles)
    }

    /// What the EVSE was told and may obey; `nil` before the first step that saw it.
    public func heldLimits(of evse: EVSEID) -> HeldLimits? {
        trackIndex[evse].map { HeldLimits(tracks[$0].ledger, ignoresProfiles: tracks[$0].ignoresProfiles) }
    }

    // MARK: - Parts of a step

    /// Looked up once a plan, not once a step.
    private mutating func stays(of plan: Plan?) -> [String: Int] {
        guard let plan else { return [:] }
        if let known = planStays, known.plan == plan.id, known.computedAt == plan.computedAt,
            known.positions.count == plan.stays.count
        {
            return known.positions
        }
        var positions: [String: Int] = [:]
        for (i, stay) in plan.stays.enumerated() { positions[stay.session] = i }
        planStays = (plan.id, plan.computedAt, positions)
        return positions
    }

    private mutating func track(of evse: EVSEID) -> Int {
        if let index = trackIndex[evse] { return index }
        tracks.append(EVSETrack())
        trackIndex[evse] = tracks.count - 1
        return tracks.count - 1
    }

    private func backOff(_ failures: Int) -> Duration {
        min(settings.retryAfter * (1 << min(failures - 1, 6)), settings.profileDuration)
    }

    /// New samples and node readings.
    private mutating func observe(
        _ input: DispatchInput, _ indices: [Int], _ tree: NodeTree, at now: Instant, into output: inout DispatchOutput
    ) {
        for (evse, i) in zip(input.evses, indices) {
            tracks[i].begin(
                session: evse.session?.session, rating: evse.capability.rating,
                giving: evse.session?.mayGive ?? .zero, givingFor: evse.session?.goesOn(settings) ?? .zero,
                settings: settings, at: now)
            tracks[i].govern(evse.session == nil ? nil : evse.governed, at: now)
            tracks[i].pass(to: now, isOnline: evse.online, settings: settings)
            if let sample = evse.measured,
                let verdict = tracks[i].observe(sample, capability: evse.capability, settings: settings)
            {
                output.verdicts.append((evse.id, verdict))
            }
        }
        for (n, node) in input.nodes.enumerated() {
            var track = nodeTracks[node.id] ?? NodeTrack()
            if let reading = node.measured, track.measuredAt.map({ reading.at > $0 }) ?? true {
                var lowest: Int64 = 0
                var highest: Int64 = 0
                var rated: Int64 = 0
                for (evse, i) in zip(input.evses, indices)
                where evse.contacted && tree.path(from: evse.node).contains(n) {
                    let range = tracks[i].drawRange(
                        online: evse.online, capability: evse.capability, ignores: evse.ignoresProfiles, at: reading.at,
                        isExact: track.isGuarding, settings: settings)
                    lowest += range.lowerBound
                    highest += range.upperBound
                    rated += evse.capability.rating.watts
                }
                track.observe(reading, charging: lowest...highest, isNarrow: highest - lowest <= rated / 20)
            }
            track.updateGuard(limit: Frame.limit(of: node, input.instructions, at: now), at: now, settings: settings)
            nodeTracks[node.id] = track
        }
    }

    /// Sends what must be sent.
    private mutating func issue(_ frame: Frame, into output: inout DispatchOutput) {
        for (k, evse) in frame.input.evses.enumerated() {
            let i = frame.indices[k]
            guard let session = evse.session?.session, let decision = frame.decision(k, tracks[i]) else { continue }
            let number = nextNumber
            nextNumber += 1
            owners[number] = i
            let (content, kind) = frame.content(of: decision, k, session)
            tracks[i].ledger.sent(
                ProfileLedger.Setpoint(
                    number: number, session: session, limit: decision.limit, until: decision.until, sentAt: frame.now,
                    kind: kind))
            let isFresh = tracks[i].sampleAt.map { frame.now - $0 <= settings.settleAfter } ?? false
            tracks[i].response.sent(
                decision.limit, measured: isFresh ? tracks[i].samplePower : nil, settings: settings, at: frame.now)
            tracks[i].lastCommandAt = frame.now
            tracks[i].isAskedAgain = false
            if decision.isChange { tracks[i].changedAt = frame.now }
            output.commands.append(
                DispatchCommand(
                    number: number, evse: evse.id, content: content, isUrgent: decision.isUrgent,
                    reason: frame.reasons[k]))
        }
        output.commands = output.commands.filter(\.isUrgent) + output.commands.filter { !$0.isUrgent }
        if owners.count > 4 * max(64, tracks.count) { forgetSettled() }
    }

    /// Numbers that nothing waits for any more (overtaken, expired, ended sessions).
    private mutating func forgetSettled() {
        owners = owners.filter { number, index in tracks[index].ledger.knows(number) }
    }

    /// Default profiles and the proof of the offline invariant, every few seconds.
    private mutating func review(_ frame: inout Frame, into output: inout DispatchOutput) {
        let now = frame.now
        if let reviewedAt, now - reviewedAt < settings.reviewEvery, now >= reviewedAt { return }
        reviewedAt = now
        for (k, profile) in fallbacks.due(frame, tracks: tracks, settings: settings)
        where frame.admitFallback(profile, of: k) {
            let number = nextNumber
            nextNumber += 1
            let i = frame.indices[k]
            owners[number] = i
            tracks[i].ledger.sent(ProfileLedger.Fallback(number: number, profile: profile))
            output.commands.append(
                DispatchCommand(
                    number: number, evse: frame.input.evses[k].id, content: .fallback(profile), isUrgent: false,
                    reason: .offlineGuarantee(frame.input.evses[k].node ?? NodeID(""))))
        }
        violated = offlineViolation(frame.input, at: now)
        for node in frame.input.nodes {
            if violated?.node == node.id {
                if nodeTracks[node.id]?.violatedSince == nil { nodeTracks[node.id]?.violatedSince = now }
            } else {
                nodeTracks[node.id]?.violatedSince = nil
            }
        }
    }

    /// What people see: states, reasons, alarms.
    private mutating func describe(_ frame: Frame, into output: inout DispatchOutput) {
        let now = frame.now
        output.nodes = frame.describeNodes()
        output.evses = frame.input.evses.indices.map { frame.describe($0, tracks[frame.indices[$0]]) }
        var active: [DispatchAlarm] = []
        for (n, node) in frame.input.nodes.enumerated() {
            guard let track = nodeTracks[node.id] else { continue }
            active += NodeAlarms.conditions(
                node, limit: frame.limits[n], track: track, violated: violated, at: now, settings: settings)
        }
        for (evse, i) in zip(frame.input.evses, frame.indices) {
            let track = tracks[i]
            if evse.ignoresProfiles || track.ignoresProfiles {
                active.append(
                    DispatchAlarm(
                        priority: 2, key: .init(code: "station-does-not-follow", object: evse.id.description),
                        values: ["reserved_w": String(track.most(evse.capability).watts)]))
            }
            if let measured = track.beyondRating {
                active.append(
                    DispatchAlarm(
                        priority: 2, key: .init(code: "station-beyond-rating", object: evse.id.description),
                        values: [
                            "rating_w": String(evse.capability.rating.watts), "measured_w": String(measured.watts),
                        ]))
            }
            if track.lastFailure == .rejected, track.failures >= 3 {
                active.append(
                    DispatchAlarm(
                        priority: 3, key: .init(code: "setpoint-rejected", object: evse.id.description),
                        values: ["times": String(track.failures)]))
            }
        }
        output.groups = frame.describeGroups(tracks: tracks)
        for group in output.groups {
            guard let since = group.missedSince, now - since >= settings.followWithin else { continue }
            active.append(
                DispatchAlarm(
                    priority: 2, key: .init(code: "group-misses-setpoint", object: group.node.value),
                    values: [
                        "asked_w": String(group.asked.watts), "measured_w": String(group.measured.watts),
                        "short": group.shortfalls.prefix(8).map { "\($0.evse) \($0.reason.code)" }.joined(
                            separator: ", "),
                    ]))
        }
        (output.raised, output.ended) = alarms.update(active)
        output.progress = frame.progress(&instructionProgress, tracks: tracks)
    }
}
