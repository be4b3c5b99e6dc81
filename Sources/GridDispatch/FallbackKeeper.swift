import Assets
import Quantities

/// Decides when default profiles are sent. They last in the station and writing them wears its memory, so they change
/// only when the site does, when the present ones no longer fit, or when they became far from what could be given.
struct FallbackKeeper: Sendable {
    private struct Layout: Hashable {
        struct Node: Hashable {
            let limit: Power?
            let base: DailyProfile?
        }
        struct Pile: Hashable {
            let evse: EVSEID
            let node: NodeID?
            let capability: Capability
            let isContacted: Bool
            /// Of one that does not follow: all it can draw.
            let reserved: Power?
        }
        let nodes: [Node]
        let piles: [Pile]
        let isStopped: Bool
    }
    private var layout: Layout?
    private var wanted: [DailyProfile?] = []

    /// Default profiles to send now, lowest first: EVSE of the frame and profile.
    mutating func due(
        _ frame: Frame, tracks: [EVSETrack], settings: DispatchSettings
    ) -> [(evse: Int, profile: DailyProfile)] {
        plan(frame, tracks: tracks, settings: settings)
        var due: [(evse: Int, profile: DailyProfile)] = []
        for (k, evse) in frame.input.evses.enumerated() {
            let track = tracks[frame.indices[k]]
            guard let profile = wanted[k], evse.online, evse.contacted else { continue }
            guard track.ledger.doubtfulFallbacks.allSatisfy({ !track.ledger.waiting.contains($0.number) }) else {
                continue
            }
            guard track.fallbackFailures == 0 || frame.now >= track.fallbackRetryAt else { continue }
            if track.ledger.fallback != profile || track.ledger.isFallbackRestored
                || !track.ledger.doubtfulFallbacks.isEmpty
            {
                due.append((k, profile))
            }
        }
        // Cuts before raises: meanwhile both stand beside each other.
        due.sort { a, b in
            let (x, y) = (total(a.profile), total(b.profile))
            return x != y ? x < y : a.evse < b.evse
        }
        return Array(due.prefix(settings.fallbacksPerStep))
    }

    private mutating func plan(_ frame: Frame, tracks: [EVSETrack], settings: DispatchSettings) {
        let input = frame.input
        var isStopped = false
        if case .stopped = input.mode { isStopped = true }
        let present = Layout(
            nodes: input.nodes.map { Layout.Node(limit: $0.limit, base: $0.base) },
            piles: zip(input.evses, frame.indices).map { evse, i in
                Layout.Pile(
                    evse: evse.id, node: evse.node, capability: evse.capability, isContacted: evse.contacted,
                    reserved: evse.ignoresProfiles || tracks[i].ignoresProfiles
                        ? tracks[i].most(evse.capability) : nil)
            }, isStopped: isStopped)
        if present == layout { return }
        let anchor = frame.now.floored(to: .days(1), from: Instant(milliseconds: 0))
        let next: [DailyProfile?]
        if isStopped {
            next = input.evses.map { _ in DailyProfile(constant: .zero, anchor: anchor) }
        } else {
            next = FallbackPlanner.profiles(
                piles: input.evses.indices.map { k in
                    let pile = present.piles[k]
                    return FallbackPlanner.Pile(
                        path: frame.paths[k], capability: pile.capability,
                        reserved: pile.isContacted ? pile.reserved : .zero)
                }, limits: input.nodes.map(\.limit), bases: input.nodes.map(\.base), share: settings.fallbackShare,
                anchor: anchor)
        }
        let sameSite = layout.map { $0.piles == present.piles && $0.isStopped == isStopped } ?? false
        let sameLimits = layout.map { $0.nodes.map(\.limit) == present.nodes.map(\.limit) } ?? false
        layout = present
        if sameSite, sameLimits, !isFar(next, from: wanted), fits(wanted, frame, share: settings.fallbackShare) {
            return
        }
        wanted = next
    }

    /// Whether the profiles still fit a base load that was learned anew, with half as much again as their share allows.
    private func fits(_ profiles: [DailyProfile?], _ frame: Frame, share: Double) -> Bool {
        let day = frame.now.floored(to: .days(1), from: Instant(milliseconds: 0))
        for quarter in 0..<96 {
            let from = day + .minutes(15) * quarter
            var sums = [Int64](repeating: 0, count: frame.limits.count)
            for (k, profile) in profiles.enumerated() {
                let power = profile?.maximum(from: from, to: from + .minutes(15)).watts ?? 0
                for n in frame.paths[k] { sums[n] += power }
            }
            for (n, node) in frame.input.nodes.enumerated() {
                guard let limit = node.limit else { continue }
                let base = node.base?.maximum(from: from, to: from + .minutes(15)) ?? .zero
                if Double(sums[n]) > max(0, Double((limit - base).watts)) * min(1, share * 1.5) { return false }
            }
        }
        return true
    }

    private func isFar(_ next: [DailyProfile?], from present: [DailyProfile?]) -> Bool {
        let (a, b) = (next.reduce(0) { $0 + total($1) }, present.reduce(0) { $0 + total($1) })
        return Double(a) > Double(b) * 1.25
    }

    private func total(_ profile: DailyProfile?) -> Int64 {
        guard let profile else { return 0 }
        return profile.values.reduce(0) { $0 + $1.watts } / Int64(profile.values.count)
    }
}
