import Assets
import Charging
import Quantities

/// What the core knows of the texts on one station's display. Not kept on the disk: it is asked and told anew.
struct TariffTextKeeper: Sendable {
    /// A function of the station by its variables `Available` and `Enabled`; `nil`: it did not say.
    struct Ability: Sendable {
        var available: Bool?
        var enabled: Bool?
        var isThere: Bool { enabled != false && (available ?? enabled) == true }
    }
    var tariffs = Ability()
    var displays = Ability()
    var language: TariffText.Language?
    /// Of transactions that run.
    var told: [ToldText] = []

    /// Whoever shows neither tariffs nor messages is told none (I01.FR.02).
    var shows: Bool { tariffs.isThere || displays.isThere }
}

/// What the driver of a transaction was told last.
struct ToldText: Sendable {
    let session: Session.ID
    let text: TariffText
    let terms: Terms
    /// Until then nothing but other terms makes other prices.
    let holdsUntil: Instant

    /// What prices follow from.
    struct Terms: Hashable, Sendable {
        let site: SiteID
        let zone: Zone
        let tariffs: [Site.TariffEntry]
        let exportTariffs: [Site.TariffEntry]
        let fees: [Site.ServiceFee]
        let own: DriverPrices?
        let givesBack: Bool
    }
}

// The driver's prices as a text, with the authorization, the start of a transaction, and whenever they become others (2.x I01,
// I06). They are those by which the session's cost is reckoned: prices of a driver are those of when the token was shown.
extension Core {
    /// With the answer to an authorization.
    func text(authorizing token: String, vehicle: String?, _ s: Int, at now: Instant) -> ToldTariff? {
        guard shows(s), !isOfSlots(token, s),
            let terms = terms(prices(of: token), token: token, vehicle: vehicle, s, at: now),
            let text = tariffText(terms, at: now)?.text
        else { return nil }
        return told(text, isUpdate: false, terms, s, at: now)
    }

    /// With the answer to a message of a transaction.
    /// - Parameters:
    ///   - verdict: on the token that it named.
    ///   - isNew: `false`: it came before, and its answer may never have arrived.
    mutating func textToTell(
        _ report: TransactionReport, _ verdict: TokenVerdict?, isNew: Bool, _ s: Int, _ i: Int, at now: Instant
    ) -> ToldTariff? {
        let session = stations[s].sessions[i]
        // Whoever began it may have left when a station tells of a time offline.
        guard shows(s), !report.wasOffline, session.status == .active, let token = session.idToken,
            verdict?.isAccepted ?? true, !isOfSlots(token, s),
            let terms = terms(session.account.prices, token: token, vehicle: session.dialogue?.vehicle, s, at: now)
        else { return nil }
        let before = isNew ? stations[s].text?.told.first { $0.session == session.id } : nil
        if let before, before.terms == terms, now < before.holdsUntil { return nil }
        guard let (text, holdsUntil) = tariffText(terms, at: now) else { return nil }
        let isNews = before.map { text.isNews(to: $0.text) } ?? true
        // What came into sight only now was not told.
        note(
            ToldText(
                session: session.id, text: isNews ? text : before?.text ?? text, terms: terms, holdsUntil: holdsUntil),
            s)
        guard isNews else { return nil }
        return told(text, isUpdate: before != nil || verdict == nil, terms, s, at: now)
    }

    private func shows(_ s: Int) -> Bool { stations[s].version != .v16 && stations[s].text?.shows == true }

    private func terms(
        _ own: DriverPrices?, token: String, vehicle: String?, _ s: Int, at now: Instant
    ) -> ToldText.Terms? {
        guard let index = stations[s].station.site.flatMap({ siteIndex[$0] }) else { return nil }
        let site = sites[index].site
        let transfers =
            stations[s].version == .v21 ? energyTransfer(token: token, vehicle: vehicle, s, at: now) : nil
        return ToldText.Terms(
            site: site.id, zone: site.zone, tariffs: site.tariffs, exportTariffs: site.exportTariffs,
            fees: site.serviceFees, own: own,
            givesBack: transfers?.contains(where: EnergyTransfer.isBidirectional) ?? false)
    }

    /// `nil`: what a kWh costs now is not known.
    private func tariffText(_ terms: ToldText.Terms, at now: Instant) -> (text: TariffText, holdsUntil: Instant)? {
        guard let site = siteIndex[terms.site] else { return nil }
        let tomorrow = terms.zone.civilDay(at: now).adding(days: 1)
        let midnight = terms.zone.midnight(of: tomorrow)
        guard let today = priceSpans(in: Interval(now, midnight), site, terms.own), let first = today.first,
            let energy = first.price
        else { return nil }
        let price = energy + first.fee
        let ahead = today.dropFirst() + (priceSpans(in: terms.zone.day(tomorrow), site, terms.own) ?? [])
        let change = ahead.lazy.map { span in
            TariffText.Change(at: span.interval.start, price: span.price.map { $0 + span.fee })
        }.first { $0.price != price }
        let credit = terms.givesBack ? exportPrice(at: now, site) : nil
        return (
            TariffText(price: price, fee: first.fee, credit: credit?.price, next: change),
            min(first.interval.end, credit?.holds.end ?? midnight)
        )
    }

    private func told(
        _ text: TariffText, isUpdate: Bool, _ terms: ToldText.Terms, _ s: Int, at now: Instant
    ) -> ToldTariff {
        let first = stations[s].text?.language ?? .chinese
        let others = TariffText.Language.allCases.filter { $0 != first }
        return ToldTariff(
            ([first] + others).map { .init(language: $0, text: text.text(in: $0, terms.zone, at: now)) },
            isUpdate: isUpdate)
    }

    private mutating func note(_ told: ToldText, _ s: Int) {
        let running = Set(stations[s].sessions.lazy.filter { $0.status == .active }.map(\.id))
        stations[s].text?.told.removeAll { $0.session == told.session || !running.contains($0.session) }
        stations[s].text?.told.append(told)
    }

    // MARK: - What stations show

    mutating func noteTextVariables(_ news: [(VariableName, String?)], _ s: Int) {
        guard stations[s].version != .v16 else { return }
        for (name, value) in news {
            let flag = value.map { $0.lowercased() == "true" }
            var keeper = stations[s].text ?? TariffTextKeeper()
            switch (name.component.lowercased(), name.variable.lowercased(), name.instance?.lowercased()) {
            case ("tariffcostctrlr", "available", "tariff"): keeper.tariffs.available = flag
            case ("tariffcostctrlr", "enabled", "tariff"): keeper.tariffs.enabled = flag
            case ("displaymessagectrlr", "available", nil): keeper.displays.available = flag
            case ("displaymessagectrlr", "enabled", nil): keeper.displays.enabled = flag
            case ("displaymessagectrlr", "language", nil): keeper.language = value.flatMap { .init(code: $0) }
            default: continue
            }
            stations[s].text = keeper
        }
    }

    /// It began anew: whatever it showed is gone.
    mutating func textsBooted(_ s: Int) { stations[s].text?.told = [] }
}
