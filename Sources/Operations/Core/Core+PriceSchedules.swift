import Assets
import Charging
import Quantities
import Rulebook

// What energy costs, for vehicles that plan by themselves (2.1 K18, ISO 15118-20 scheduled control): prices go with the limit that
// answers their needs. Vehicles that leave the plan to us (dynamic control) need none.
extension Core {
    /// A command's payload, with the prices of its site where its vehicle reckons with them.
    func priced(_ payload: [UInt8], _ command: StationCommand, _ s: Int, at now: Instant) -> [UInt8] {
        let (number, entries): (Int?, Int) =
            switch command {
            case .limitTransaction(let evse, _, _, _): (evse, 1)
            case .followSchedule(let evse, _, let steps, _): (evse, steps.count)
            default: (nil, 0)
            }
        guard stations[s].version == .v21, let evse = number,
            let i = stations[s].activeSession(on: evse), stations[s].sessions[i].v2x?.control == .scheduled,
            let site = stations[s].station.site.flatMap({ siteIndex[$0] })
        else { return payload }
        let session = stations[s].sessions[i]
        // Some entries are the limit's own (K18.FR.07).
        let tuples = min(session.dialogue?.offer?.mostTuples ?? Self.usualTuples, Self.mostTuples)
        let most = max(1, tuples - entries)
        let start = now.floored(to: .seconds(1), from: Instant(milliseconds: 0))
        let end = min(max(session.needs?.departure ?? start + .hours(12), start + .hours(1)), start + .days(1))
        return OCPP2Adapter.priced(payload, from: start, priceSteps(in: Interval(start, end), site, atMost: most))
    }
    private static let usualTuples = 13
    private static let mostTuples = 1024

    /// From the start on without a gap: where a price is not known they end, and where the first is not there are none.
    private func priceSteps(in interval: Interval, _ site: Int, atMost most: Int) -> [PriceStep] {
        var steps: [PriceStep] = []
        var at = interval.start
        while at < interval.end, steps.count < most {
            guard let bought = span(importTariff(of: sites[site].site, at: at), at), let price = bought.price else {
                break
            }
            let sold = sites[site].site.exportTariff(on: sites[site].site.zone.civilDay(at: at)).flatMap { tariffs[$0] }
            let exported = span(sold, at)
            // Tomorrow another tariff may hold.
            let zone = sites[site].site.zone
            let midnight = zone.midnight(of: zone.civilDay(at: at).adding(days: 1))
            let end = min(bought.interval.end, exported?.interval.end ?? midnight, midnight, interval.end)
            guard end > at else { break }
            let step = PriceStep(
                seconds: Int((end - at).components.seconds), price: price, exportPrice: exported?.price)
            if let last = steps.last, last.price == step.price, last.exportPrice == step.exportPrice {
                steps[steps.count - 1] = PriceStep(
                    seconds: last.seconds + step.seconds, price: price, exportPrice: exported?.price)
            } else {
                steps.append(step)
            }
            at = end
        }
        return steps.filter { $0.seconds > 0 }
    }

    private func span(_ tariff: Tariff?, _ instant: Instant) -> PriceSpan? { try? tariff?.span(at: instant) }
}
