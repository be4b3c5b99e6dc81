import Assets
import Charging
import Quantities
import Rulebook

// What sessions cost: their energy at the tariff of their site and its service fee, exact until its one rounding. A step of the
// register that crosses a change of price is split in proportion to time, as in a bill; for all other readings, of either
// direction, no price is looked up.
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
        let own = stations[s].sessions[i].account.prices
        if spending.changesAt == nil { spending.changesAt = priceChange(after: spending.until, site, own) }
        let isPassed = spending.changesAt.map { at > $0 } ?? true
        if isPassed {
            settle(&spending, site, own, since: since, before, to: at, stations[s].sessions[i].imported)
        }
        stations[s].sessions[i].spending = spending
        return isPassed
    }

    /// What an ended session cost; `nil`: a price, its start or its energy is not known.
    /// - Parameters: as for ``spend(_:_:since:_:)``, of the last reading before its end.
    mutating func closeCost(_ s: Int, _ i: Int, since: Instant, _ before: Energy) {
        stations[s].sessions[i].cost = nil
        defer { judgeStationCost(s, i) }
        let session = stations[s].sessions[i]
        guard let site = stations[s].station.site.flatMap({ siteIndex[$0] }), let end = session.endedAt,
            session.registerStart != nil,
            ![SessionFlag.startMissing, .clockUnset, .noStop, .unknownTransaction].contains(where: session.has),
            session.registerStop != nil || session.registerLastAt.map({ $0 > session.startedAt }) ?? false
        else { return }
        var spending = session.spending ?? Session.Spending(from: session.startedAt)
        guard spending.amount != nil else { return }
        let own = session.account.prices
        if spending.changesAt == nil { spending.changesAt = priceChange(after: spending.until, site, own) }
        settle(&spending, site, own, since: since, before, to: max(end, since), session.imported)
        stations[s].sessions[i].spending = spending
        stations[s].sessions[i].cost = spending.amount
    }

    /// A running session's cost with what came since the last change of price; `nil`: not known.
    func runningCost(_ s: Int, _ i: Int) -> Session.Spending? {
        let session = stations[s].sessions[i]
        guard let site = stations[s].station.site.flatMap({ siteIndex[$0] }), session.registerStart != nil,
            !session.has(.startMissing), !session.has(.clockUnset)
        else { return nil }
        var spending = session.spending ?? Session.Spending(from: session.startedAt)
        guard spending.amount != nil else { return nil }
        let own = session.account.prices
        if spending.changesAt == nil { spending.changesAt = priceChange(after: spending.until, site, own) }
        let at = max(session.registerLastAt ?? session.startedAt, spending.until)
        settle(&spending, site, own, since: at, session.imported, to: at, session.imported)
        return spending.amount == nil ? nil : spending
    }

    /// Energy that was given back between two readings, credited at the export tariff of the site.
    mutating func credit(_ energy: Energy, _ s: Int, _ i: Int, since: Instant, to at: Instant) {
        guard energy > .zero, let site = stations[s].station.site.flatMap({ siteIndex[$0] }) else { return }
        let session = stations[s].sessions[i]
        // A credit that is not known in part is not known.
        guard session.exported == energy || session.account.exportCredit != nil else { return }
        var credit = session.account.exportCredit ?? .zero
        var spending = session.spending ?? Session.Spending(from: session.startedAt)
        func add(_ part: Rational, _ level: String, _ price: Rational) {
            credit += part * price
            spending.lines.add(
                CostLine(
                    isExport: true, level: level, price: price, fee: nil, energy: part, amount: part * price,
                    feeAmount: .zero))
        }
        if let known = session.account.exportPrice, known.holds.contains(since), at <= known.holds.end {
            add(Rational(energy), known.level, known.price)
        } else {
            let interval = Interval(since, max(at, since + .milliseconds(1)))
            let whole = Rational(interval.duration.wholeMilliseconds)
            stations[s].sessions[i].account.exportCredit = nil
            guard let spans = exportSpans(in: interval, site) else { return }
            for span in spans {
                guard let price = span.price else { return }
                add(
                    Rational(energy) * Rational(span.interval.duration.wholeMilliseconds) / whole, span.level.rawValue,
                    price)
            }
            stations[s].sessions[i].account.exportPrice = exportPrice(at: at, site)
        }
        stations[s].sessions[i].account.exportCredit = credit
        stations[s].sessions[i].spending = spending
    }

    /// Until the next midnight at the most: another tariff may hold from there.
    func exportPrice(at instant: Instant, _ site: Int) -> SessionAccount.ExportPrice? {
        let zone = sites[site].site.zone
        let midnight = zone.midnight(of: zone.civilDay(at: instant).adding(days: 1))
        guard let span = exportSpans(in: Interval(instant, midnight), site)?.first, let price = span.price else {
            return nil
        }
        return SessionAccount.ExportPrice(holds: span.interval, level: span.level.rawValue, price: price)
    }

    private func settle(
        _ spending: inout Session.Spending, _ site: Int, _ own: DriverPrices?, since: Instant, _ before: Energy,
        to at: Instant, _ energy: Energy
    ) {
        var amount = spending.amount
        var lines = spending.lines
        func add(_ part: Rational, at span: CostSpan?) {
            guard part != .zero else { return }
            guard let span, let price = span.price, let known = amount else {
                amount = nil
                return
            }
            amount = known + (price + span.fee) * part
            lines.add(
                CostLine(
                    isExport: false, level: span.level.rawValue, price: price, fee: span.fee, energy: part,
                    amount: price * part, feeAmount: span.fee * part))
        }
        // Up to the reading before it cost one price; where a change lies before that, nobody knows what came when.
        if let change = spending.changesAt, change >= since {
            add(Rational(before - spending.energy), at: price(at: spending.until, site, own))
        } else {
            add(Rational(before - spending.energy), at: nil)
        }
        let step = Rational(energy - before)
        if step != .zero {
            if at > since, let spans = priceSpans(in: Interval(since, at), site, own) {
                let whole = Rational((at - since).wholeMilliseconds)
                for span in spans {
                    add(step * Rational(span.interval.duration.wholeMilliseconds) / whole, at: span)
                }
            } else {
                add(step, at: price(at: at, site, own))
            }
        }
        spending.amount = amount
        spending.lines = lines
        spending.until = at
        spending.energy = energy
        spending.changesAt = priceChange(after: at, site, own)
    }

    /// A span of one price and one service fee.
    struct CostSpan: Sendable {
        let interval: Interval
        let level: PriceLevel
        /// Yuan/kWh, without the fee; `nil`: not known.
        let price: Rational?
        /// Service fee, yuan/kWh.
        let fee: Rational
    }

    private func price(at instant: Instant, _ site: Int, _ own: DriverPrices?) -> CostSpan? {
        let there = sites[site].site
        return (try? importTariff(site, own, at: instant)?.span(at: instant)).map {
            CostSpan(
                interval: $0.interval, level: $0.level, price: $0.price,
                fee: own?.serviceFee ?? there.serviceFee(on: there.zone.civilDay(at: instant)))
        }
    }

    /// The next midnight at the latest: another tariff may hold from there. `nil`: no tariff says it.
    private func priceChange(after instant: Instant, _ site: Int, _ own: DriverPrices?) -> Instant? {
        let zone = sites[site].site.zone
        let midnight = zone.midnight(of: zone.civilDay(at: instant).adding(days: 1))
        return priceSpans(in: Interval(instant, midnight), site, own)?.first?.interval.end
    }

    /// `nil` where a day has no tariff.
    /// - Parameter own: what a driver pays in the place of what the site asks.
    func priceSpans(in interval: Interval, _ s: Int, _ own: DriverPrices? = nil) -> [CostSpan]? {
        let site = sites[s].site
        guard own?.tariff != nil || !site.tariffs.isEmpty else { return nil }
        return spans(in: interval, site, fee: own?.serviceFee) { importTariff(s, own, at: $0) }
    }

    private func exportSpans(in interval: Interval, _ s: Int) -> [CostSpan]? {
        let site = sites[s].site
        guard !site.exportTariffs.isEmpty else { return nil }
        return spans(in: interval, site, fee: nil) { at in
            site.exportTariff(on: site.zone.civilDay(at: at)).flatMap { tariffs[$0] }
        }
    }

    /// - Parameter fee: `nil`: the site's.
    private func spans(
        in interval: Interval, _ site: Site, fee: Rational?, _ tariff: (Instant) -> Tariff?
    ) -> [CostSpan]? {
        guard interval.duration <= .days(Self.longestPriced) else { return nil }
        var spans: [CostSpan] = []
        var at = interval.start
        while at < interval.end {
            // Day by day: another tariff may be in force tomorrow.
            let today = site.zone.civilDay(at: at)
            let day = Interval(at, min(site.zone.midnight(of: today.adding(days: 1)), interval.end))
            guard let tariff = tariff(at), let found = try? tariff.spans(in: day) else { return nil }
            let fee = fee ?? site.serviceFee(on: today)
            spans += found.map { CostSpan(interval: $0.interval, level: $0.level, price: $0.price, fee: fee) }
            at = day.end
        }
        return spans
    }
    /// Between two readings; a station's absurd instant costs no more than this.
    private static let longestPriced = 40

    // MARK: - The station's own reckoning

    /// Beside ours, once both are there.
    mutating func judgeStationCost(_ s: Int, _ i: Int) {
        let session = stations[s].sessions[i]
        guard session.status == .ended, let cost = session.cost,
            let difference = session.account.difference(from: cost)
        else { return }
        // A station may tell any sum: the most negative number has no absolute value.
        if difference.magnitude > SessionAccount.tolerance(of: cost).magnitude {
            stations[s].sessions[i].raise(.costsDiffer)
        } else {
            stations[s].sessions[i].lower(.costsDiffer)
        }
    }

    // MARK: - Statements

    /// Of a session that is in memory; `nil`: it is not.
    public func statement(of id: Session.ID) -> SessionStatement? {
        guard let s = sessionHome[id].flatMap({ stationIndex[$0] }), let i = stations[s].session(id) else { return nil }
        let session = stations[s].sessions[i]
        let spending = session.status == .active ? runningCost(s, i) : nil
        return SessionStatement(session, site: stations[s].station.site, running: spending)
    }
}

extension SessionStatement {
    /// - Parameter running: of a session that runs, how far it is priced.
    public init(_ session: Session, site: SiteID?, running: Session.Spending? = nil) {
        let spending = running ?? session.spending
        let known = session.status == .active ? running?.amount : session.cost
        let lines = (spending?.lines ?? []).sorted { a, b in
            if a.isExport != b.isExport { return b.isExport }
            let (x, y) = (Self.rank(a.level), Self.rank(b.level))
            return x == y ? (a.price ?? .zero) > (b.price ?? .zero) : x < y
        }
        func sum(_ part: (CostLine) -> Rational) -> Rational {
            lines.reduce(.zero) { $1.isExport ? $0 : $0 + part($1) }
        }
        self.init(
            session: session, site: site, lines: lines, energyAmount: known.map { _ in sum(\.amount) },
            feeAmount: known.map { _ in sum(\.feeAmount) }, total: known,
            exportCredit: session.account.exportCredit, isFinal: session.status == .ended)
    }
    private static func rank(_ level: String) -> Int {
        PriceLevel.allCases.firstIndex { $0.rawValue == level } ?? PriceLevel.allCases.count
    }
}
