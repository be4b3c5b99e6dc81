import Assets
import Quantities

/// One step's working state: what each EVSE asks for, what fits, and what may go out now. Watts as `Int64` throughout.
///
/// `allocate` finds targets as if every EVSE could be set at will; `admit` cuts them to what may be sent at this moment,
/// while others have not yet confirmed to have left their room; `decision` says whether that is worth a message.
struct Frame {
    let input: DispatchInput
    /// Track of each EVSE of the input.
    let indices: [Int]
    let settings: DispatchSettings
    let now: Instant
    /// Nodes above each EVSE.
    let paths: [[Int]]
    let nodeTracks: [NodeTrack]
    /// Effective limit of each node: its own and what instructions leave of it.
    let limits: [Int64?]
    let base: [Int64]
    /// The time until a profile sent now would end, cut at quarter hours, where default profiles and quantiles step.
    let segments: [(from: Instant, to: Instant)]
    let piles: [Pile]
    /// Where the plan in force has each session's stay.
    let stays: [String: Int]

    /// Room of each node for charging now, above the base load and below the target margin; before anything is granted.
    let roomNow: [Int64]
    /// Room of each node in each segment without us: below the limit, above the base load's high quantile.
    let roomOffline: [[Int64]]

    /// Nodes where what may flow now exceeds what targets aim at by more than the keep margin.
    let isOverloaded: [Bool]

    /// Nodes where what may be in force would not fit without us: each cut counts there, however small.
    let isOverOffline: [Bool]

    /// Room of each node for discharge now; before anything is granted.
    let exportRoom: [Int64]
    /// Discharge that may flow now out of the EVSEs below each node.
    let givingBelow: [Int64]
    /// Nodes out of which more may flow now than they take.
    let isOverExporting: [Bool]
    /// What groups ask of their members, watts; charging positive.
    var shares: [Int: (amount: Int64, instruction: Instruction)] = [:]
    var groups: [GroupFrame] = []

    /// The target of each EVSE, below 0 where it is to discharge; `nil`: nothing is asked of it.
    var targets: [Int64?]
    /// What may go out now of each target.
    var admitted: [Int64?]
    /// Until when what may go out fits without us: to be in force no longer.
    var fitsUntil: [Instant]
    var reasons: [SetpointReason]
    /// Room without us that is left of each node in each segment after all that is in force and admitted.
    var roomLeft: [[Int64]]
    /// EVSEs in the order in which they are served.
    var order: [Int] = []

    /// An EVSE as this step sees it.
    struct Pile {
        enum Standing { case absent, idle, unreachable, steered }
        let standing: Standing
        /// Reserved whatever it is told: it does not follow, draws more than it was told, refuses again and again, or is held by
        /// profiles above ours.
        let isReserved: Bool
        /// It does not follow: its whole rating counts, whatever it is told.
        let ignores: Bool
        let rating: Int64
        /// The most that may flow now.
        let ceiling: Int64
        /// The part of it that setpoints and default profile allow: what it was told it may keep.
        let allowed: Int64
        /// The most that may flow without us, in each segment.
        let worst: [Int64]
        /// The part of it that no setpoint can lower: the default profile.
        let floor: [Int64]
        /// The default profile at this moment: so much may flow whatever we do, so it is free to be told.
        let floorNow: Int64
        /// Time to spare in whole quarter hours, rounded towards zero.
        let laxityQuarters: Int64
        let isGuarded: Bool
        /// The most that may be discharged now, a magnitude.
        let giving: Int64
        /// The most that may be asked of it: with its floor kept, and with what the driver wants kept too.
        let gives: Int64
        let givesAndReturns: Int64
    }

    init(
        input: DispatchInput, indices: [Int], tree: NodeTree, tracks: [EVSETrack], nodes: [NodeID: NodeTrack],
        stays: [String: Int], settings: DispatchSettings, now: Instant
    ) {
        self.input = input
        self.indices = indices
        self.stays = stays
        self.settings = settings
        self.now = now
        let paths = input.evses.map { tree.path(from: $0.node) }
        let nodeTracks = input.nodes.map { nodes[$0.id] ?? NodeTrack() }
        let limits = input.nodes.map { Frame.limit(of: $0, input.instructions, at: now) }
        let base = zip(input.nodes, nodeTracks).map { node, track in
            track.baseNow(forecast: node.base?[at: now], at: now, settings: settings)
        }
        let segments = Frame.segments(from: now, to: now + settings.profileDuration)
        self.paths = paths
        self.nodeTracks = nodeTracks
        self.limits = limits
        self.base = base
        self.segments = segments
        let piles = input.evses.indices.map { k in
            Pile(
                input.evses[k], tracks[indices[k]], segments,
                isGuarded: paths[k].contains { nodeTracks[$0].isGuarding }, settings: settings, at: now)
        }
        self.piles = piles
        let roomNow = limits.indices.map { n in
            limits[n].map { $0 - base[n] - Int64(Double($0) * settings.targetMargin) } ?? .max / 4
        }
        self.roomNow = roomNow
        var load = [Int64](repeating: 0, count: limits.count)
        for (pile, path) in zip(piles, paths) { for n in path { load[n] += pile.ceiling } }
        isOverloaded = limits.indices.map { n in
            guard let limit = limits[n] else { return false }
            return load[n] - roomNow[n] > Int64(Double(limit) * (settings.targetMargin - settings.guardMargin))
        }
        let roomOffline = limits.indices.map { n in
            segments.map { segment -> Int64 in
                guard let limit = limits[n] else { return .max / 4 }
                let quantile = input.nodes[n].base?.maximum(from: segment.from, to: segment.to).watts ?? 0
                return limit - max(quantile, base[n])
            }
        }
        self.roomOffline = roomOffline
        isOverOffline = limits.indices.map { n in
            segments.indices.contains { s in
                piles.indices.reduce(Int64(0)) { $0 + (paths[$1].contains(n) ? piles[$1].worst[s] : 0) }
                    > roomOffline[n][s]
            }
        }
        exportRoom = Frame.exportRoom(input, nodeTracks, settings: settings, at: now)
        var given = [Int64](repeating: 0, count: limits.count)
        for (pile, path) in zip(piles, paths) { for n in path { given[n] += pile.giving } }
        givingBelow = given
        isOverExporting = zip(zip(given, exportRoom), input.nodes).map { pair, node in
            // The target margin is for moves of the base load; what reaches into the half of it is cut.
            pair.0 > pair.1 + Int64(Double(node.exportLimit?.watts ?? 0) * settings.targetMargin / 2)
        }
        roomLeft = roomOffline
        targets = Array(repeating: nil, count: piles.count)
        admitted = Array(repeating: nil, count: piles.count)
        fitsUntil = Array(repeating: now + settings.profileDuration, count: piles.count)
        reasons = Array(repeating: .noSession, count: piles.count)
    }

    static func limit(of node: DispatchInput.Node, _ instructions: [Instruction], at now: Instant) -> Int64? {
        guard instructions.contains(where: { $0.target == .node(node.id) }) else { return node.limit?.watts }
        let own = node.limit ?? Power(watts: .max / 8)
        let stack = PriorityStack(instructions, for: .node(node.id), within: .zero...max(.zero, own), at: now)
        return stack.setHighest == nil ? node.limit?.watts : stack.highest.watts
    }

    private static func segments(from start: Instant, to end: Instant) -> [(from: Instant, to: Instant)] {
        var segments: [(from: Instant, to: Instant)] = []
        var from = start
        while from < end {
            // Cut where the next quarter hour begins on a clock that is fast: what it brings does not count before.
            let origin = Instant(milliseconds: 0) - ProfileLedger.clockTolerance
            let next = min(end, from.floored(to: .minutes(15), from: origin) + .minutes(15))
            segments.append((from, next))
            from = next
        }
        return segments
    }
}

extension Frame.Pile {
    fileprivate init(
        _ evse: DispatchInput.EVSE, _ track: EVSETrack, _ segments: [(from: Instant, to: Instant)], isGuarded: Bool,
        settings: DispatchSettings, at now: Instant
    ) {
        let power = track.most(evse.capability)
        rating = evse.capability.rating.watts
        self.isGuarded = isGuarded
        laxityQuarters = Self.laxity(evse, at: now).wholeMilliseconds / 900_000
        guard evse.contacted else {
            standing = .absent
            isReserved = false
            ignores = false
            ceiling = 0
            allowed = 0
            worst = segments.map { _ in 0 }
            floor = worst
            floorNow = 0
            giving = 0
            gives = 0
            givesAndReturns = 0
            return
        }
        // A converter needs a moment to come down from what it was told before.
        let sampled =
            track.sampleAt.map { now - $0 <= settings.settleAfter } ?? false ? track.samplePower?.watts ?? 0 : 0
        let isTold = evse.session?.steering != nil
        giving = max(track.ledger.giving(at: now).watts, isTold ? -sampled : 0)
        let running = Power(watts: giving)
        let most = { (keepsWanted: Bool) -> Int64 in
            guard evse.online, let stay = evse.session, let steering = stay.steering else { return 0 }
            return steering.mostGiving(
                stay, knownAt: evse.measured?.at, running: running, keepsWanted: keepsWanted, settings: settings,
                at: now
            ).watts
        }
        gives = most(false)
        givesAndReturns = most(true)
        ignores = evse.ignoresProfiles || track.ignoresProfiles
        standing = !evse.online ? .unreachable : evse.session == nil ? .idle : .steered
        let overdraw = evse.online && !ignores ? track.overdraw(evse.capability, settings: settings, at: now) : nil
        isReserved =
            ignores || overdraw != nil || track.ledger.governed != nil
            || (track.lastFailure == .rejected && track.failures >= 3)
        if ignores {
            worst = segments.map { _ in power.watts }
            floor = worst
            floorNow = power.watts
        } else {
            let drawn = overdraw?.watts ?? 0
            worst = segments.map { max(drawn, track.ledger.worstCase(from: $0.from, to: $0.to, rating: power).watts) }
            floor = segments.map { track.ledger.fallbackMaximum(from: $0.from, to: $0.to, rating: power).watts }
            floorNow = track.ledger.fallback.map { min($0[at: now], power).watts } ?? power.watts
        }
        switch standing {
        case .absent, .idle: allowed = 0
        case .unreachable: allowed = worst.first ?? power.watts
        case .steered: allowed = track.ledger.ceiling(at: now, rating: power).watts
        }
        let drawn = max(overdraw?.watts ?? 0, isTold ? min(sampled, power.watts) : 0)
        ceiling = standing == .steered ? (ignores ? power.watts : max(drawn, allowed)) : allowed
    }

    /// Time to spare: until departure, less what charging at full power would take. An unknown departure is half a day off.
    private static func laxity(_ evse: DispatchInput.EVSE, at now: Instant) -> Duration {
        guard let stay = evse.session else { return .zero }
        let power = max(1, min(evse.capability.rating, evse.limit ?? evse.capability.rating).watts)
        let left = stay.departure.map { $0 - now } ?? .hours(12)
        let missing = max(0, (stay.wanted ?? .zero).milliwattHours - stay.delivered.milliwattHours)
        return left - .milliseconds(missing * 3_600 / power)
    }
}
