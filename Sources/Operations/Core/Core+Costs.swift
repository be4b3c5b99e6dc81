import Assets
import Charging
import Quantities
import Rulebook

// What sessions cost: their energy at the tariff of their site, exact until its one rounding. A step of the register that
// crosses a change of price is split in proportion to time, as in a bill; all other readings cost one comparison.
extension Core {
    /// Prices a session on, after its register was read.
    /// - Parameters:
    ///   - since: when it was read before.
    ///   - before: energy imported then.
    /// - Returns: whether a change of price was passed: then the session must be written with the reading that did so.
    @discardableResult
    mutating func spend(_ s: Int, _ i: Int, since: Instant, _ before: Energy) -> Bool {
        guard let at = stations[s].sessions[i].registerLastAt, at > since else { return false }
        var spending = stations[s].sessions[i].spending ?? Session.Spending(from: stations[s].sessions[i].startedAt)
        guard spending.amount != nil, let site = stations[s].station.site.flatMap({ siteIndex[$0] }) else {
            return false
        }
        if spending.changesAt == nil { spending.changesAt = priceChange(after: spending.until, site) }
        let isPassed = spending.changesAt.map { at > $0 } ?? true
        if isPassed {
            settle(&spending, site, since: since, before, to: at, stations[s].sessions[i].imported)
        }
        stations[s].sessions[i].spending = spending
        return isPassed
    }

    /// What an ended session cost; `nil`: a price, its start or its energy is not known.
    /// - Parameters: as for ``spend(_:_:since:_:)``, of the last reading before its end.
    mutating func closeCost(_ s: Int, _ i: Int, since: Instant, _ before: Energy) {
        stations[s].sessions[i].cost = nil
        let session = stations[s].sessions[i]
        guard let site = stations[s].station.site.flatMap({ siteIndex[$0] }), let end = session.endedAt,
            session.registerStart != nil, session.exported == .zero,
            ![SessionFlag.startMissing, .clockUnset, .noStop, .unknownTransaction].contains(where: session.has),
            session.registerStop != nil || session.registerLastAt.map({ $0 > session.startedAt }) ?? false
        else { return }
        var spending = session.spending ?? Session.Spending(from: session.startedAt)
        guard spending.amount != nil else { return }
        if spending.changesAt == nil { spending.changesAt = priceChange(after: spending.until, site) }
        settle(&spending, site, since: since, before, to: max(end, since), session.imported)
        stations[s].sessions[i].spending = spending
        stations[s].sessions[i].cost = spending.amount
    }

    private func settle(
        _ spending: inout Session.Spending, _ site: Int, since: Instant, _ before: Energy, to at: Instant,
        _ energy: Energy
    ) {
        var amount = spending.amount
        func add(_ part: Rational, at price: Rational?) {
            guard part != .zero else { return }
            amount = price.flatMap { price in amount.map { $0 + price * part } }
        }
        // Up to the reading before it cost one price; where a change lies before that, nobody knows what came when.
        if let change = spending.changesAt, change >= since {
            add(Rational(before - spending.energy), at: price(at: spending.until, site))
        } else {
            add(Rational(before - spending.energy), at: nil)
        }
        let step = Rational(energy - before)
        if step != .zero {
            if at > since, let spans = priceSpans(in: Interval(since, at), site) {
                let whole = Rational((at - since).wholeMilliseconds)
                for span in spans {
                    add(step * Rational(span.interval.duration.wholeMilliseconds) / whole, at: span.price)
                }
            } else {
                add(step, at: price(at: at, site))
            }
        }
        spending.amount = amount
        spending.until = at
        spending.energy = energy
        spending.changesAt = priceChange(after: at, site)
    }

    private func price(at instant: Instant, _ site: Int) -> Rational? {
        (try? importTariff(of: sites[site].site, at: instant)?.span(at: instant))?.price
    }

    /// The next midnight at the latest: another tariff may hold from there. `nil`: no tariff says it.
    private func priceChange(after instant: Instant, _ site: Int) -> Instant? {
        let zone = sites[site].site.zone
        let midnight = zone.midnight(of: zone.civilDay(at: instant).adding(days: 1))
        return priceSpans(in: Interval(instant, midnight), site)?.first?.interval.end
    }

    /// `nil` where a day has no tariff.
    private func priceSpans(in interval: Interval, _ s: Int) -> [PriceSpan]? {
        let site = sites[s].site
        guard !site.tariffs.isEmpty, interval.duration <= .days(Self.longestPriced) else { return nil }
        var spans: [PriceSpan] = []
        var at = interval.start
        while at < interval.end {
            // Day by day: another tariff may be in force tomorrow.
            let midnight = site.zone.midnight(of: site.zone.civilDay(at: at).adding(days: 1))
            let day = Interval(at, min(midnight, interval.end))
            guard let tariff = importTariff(of: site, at: at), let found = try? tariff.spans(in: day) else {
                return nil
            }
            spans += found
            at = day.end
        }
        return spans
    }
    /// Between two readings; a station's absurd instant costs no more than this.
    private static let longestPriced = 40
}
