import Assets
import Quantities

/// Default profiles for all EVSEs of a site such that their sum fits at every time of the day, whatever happens to us.
///
/// Each hour's room is shared equally. Where an equal share is less than a pile's least current, piles take turns by the
/// hour: those that got the least so far that day come first.
struct FallbackPlanner {
    struct Pile {
        let path: [Int]
        let capability: Capability
        /// Gets no default profile: it is reserved at this power all day (it does not follow, or it may not charge).
        let reserved: Power?
    }
    /// An hour: with quarter hours a day of turns would have more periods than most stations take.
    static let blocks = 24

    /// - Parameters:
    ///   - bases: high quantile of the base load of each node.
    ///   - share: of each node's room (limit less base) that all default profiles together may take.
    /// - Returns: one profile a pile; piles that are reserved get none.
    static func profiles(
        piles: [Pile], limits: [Power?], bases: [DailyProfile?], share: Double, anchor: Instant
    ) -> [DailyProfile?] {
        var energy = [Int64](repeating: 0, count: piles.count)
        var values = [[Power]](repeating: [], count: piles.count)
        for block in 0..<blocks {
            let from = anchor + .hours(block)
            var room = limits.indices.map { n -> Int64 in
                guard let limit = limits[n] else { return .max / 4 }
                let base = bases[n]?.maximum(from: from, to: from + .hours(1)) ?? .zero
                return Int64(Double(limit.watts - base.watts) * share)
            }
            for pile in piles {
                if let reserved = pile.reserved { for n in pile.path { room[n] -= reserved.watts } }
            }
            let granted = divide(room: room, among: piles, leastServedFirst: energy)
            for i in piles.indices {
                energy[i] += granted[i].watts
                values[i].append(granted[i])
            }
        }
        return piles.indices.map { i in
            piles[i].reserved == nil
                ? DailyProfile(anchor: anchor, values: values[i]).lowered(toPeriods: piles[i].capability.maxPeriods)
                : nil
        }
    }

    /// The least power for as many piles as fit, then equal rises of all that got it.
    private static func divide(room: [Int64], among piles: [Pile], leastServedFirst energy: [Int64]) -> [Power] {
        var room = room
        var granted = [Int64](repeating: 0, count: piles.count)
        let order = piles.indices.filter { piles[$0].reserved == nil }.sorted {
            energy[$0] != energy[$1] ? energy[$0] < energy[$1] : $0 < $1
        }
        var served: [Int] = []
        for i in order {
            let least = piles[i].capability.settable(piles[i].capability.minimum).watts
            guard least > 0, piles[i].path.allSatisfy({ room[$0] >= least }) else { continue }
            for n in piles[i].path { room[n] -= least }
            granted[i] = least
            served.append(i)
        }
        // Each round gives everyone an equal part of the scarcest room above it; a few rounds use up what is left over
        // where some are at their rating.
        for _ in 0..<4 {
            var below = [Int64](repeating: 0, count: room.count)
            let open = served.filter { granted[$0] < piles[$0].capability.rating.watts }
            for i in open { for n in piles[i].path { below[n] += 1 } }
            let start = room
            for i in open {
                let headroom = piles[i].capability.rating.watts - granted[i]
                let part = piles[i].path.map { start[$0] / below[$0] }.min() ?? headroom
                let rise = max(0, min(part, headroom))
                granted[i] += rise
                for n in piles[i].path { room[n] -= rise }
            }
        }
        return granted.indices.map { piles[$0].capability.settable(Power(watts: granted[$0])) }
    }
}
