import Assets
import Operations
import OCPP
import Quantities

/// Real load against the limit, second by second and over quarter hours.
///
/// While the platform is dead nobody answers what no history foresees: by the second, only the foreseeable base load
/// counts then. The quarter hour counts all.
struct LimitChecker {
    /// The guard needs a meter reading (5 s), a step (1 s), a message and the pile's answer. A pile whose answer is late
    /// or lost is asked again 15 s after its 30 s are over, and takes its time again.
    static let tolerance = 75
    private var above = 0
    private var sum: Int64 = 0
    private var count: Int64 = 0
    private var quarter: Instant?
    private(set) var longestAbove = 0

    /// - Parameter unforeseen: the part of `load` that nobody could foresee and nobody is there to answer.
    mutating func observe(
        load: Power, unforeseen: Power = .zero, limit: Power, at now: Instant, violations: inout [String]
    ) {
        above = load - unforeseen > limit ? above + 1 : 0
        longestAbove = max(longestAbove, above)
        if above == Self.tolerance + 1 {
            violations.append("\(now): \(load.watts) W above the limit of \(limit.watts) W for \(above) s")
        }
        let start = now.floored(to: .minutes(15), from: Instant(milliseconds: 0))
        if let quarter, quarter != start {
            if count > 0, sum / count > limit.watts {
                violations.append("quarter hour from \(quarter): mean \(sum / count) W above \(limit.watts) W")
            }
            sum = 0
            count = 0
        }
        quarter = start
        sum += load.watts
        count += 1
    }
}

/// If platform and network died now: what the piles' own profiles would let flow at every later moment, whatever vehicles
/// come, on top of the foreseeable base load.
struct OfflineChecker {
    /// - Parameter deaf: piles that the platform has said for some time not to follow: they count at their rating. Before
    ///   it can know, such a pile counts as what it accepted.
    static func violation(
        _ stations: [SimulatedChargePoint], deaf: Set<Int>, _ script: WorldScript, at now: Instant
    ) -> String? {
        var moments = [now]
        var at = now.ceiled(to: .minutes(15), from: Instant(milliseconds: 0))
        for _ in 0..<8 {
            moments.append(at)
            at += .minutes(15)
        }
        for _ in 0..<24 {
            moments.append(at)
            at += .hours(1)
        }
        for moment in moments {
            let charging = stations.indices.reduce(Power.zero) { sum, i in
                sum
                    + (deaf.contains(i)
                        ? stations[i].settings.hardware.power : stations[i].mostWithoutPlatform(at: moment))
            }
            let base = script.base(at: moment, foreseeable: true)
            if base + charging > script.limit {
                return "if all died at \(now): base \(base.watts) W + charging \(charging.watts) W"
                    + " exceed \(script.limit.watts) W at \(moment)"
            }
        }
        return nil
    }
}

extension SimulatedChargePoint {
    /// The most its connectors may draw at `instant` if nothing more is said to it: its running transactions by their
    /// profiles, or new ones by the defaults.
    func mostWithoutPlatform(at instant: Instant) -> Power {
        let rating = settings.hardware.power
        let clock = instant + settings.faults.clockSkew
        return connectors.reduce(.zero) { sum, connector in
            func limit(_ transaction: ProfileStack.Transaction?) -> Power {
                if settings.bidirectional != nil {
                    return mostBothWays(connector.number, at: clock, transaction: transaction)
                }
                return profiles.limit(
                    evse: connector.number, at: clock, transaction: transaction, supply: settings.supply
                )
                .map { min($0.power, rating) } ?? rating
            }
            let fresh = limit(ProfileStack.Transaction(id: nil, start: clock))
            return sum + max(fresh, transaction(on: connector).map { limit($0) } ?? .zero)
        }
    }
}
