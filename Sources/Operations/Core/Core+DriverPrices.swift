import Charging
import OCPPMessages
import Quantities
import Rulebook

// Prices of single drivers and groups (2.1 I08). A session keeps those that held when its token was shown; stations that
// reckon by tariffs are given them with the authorization, all others leave it to the platform.
extension Core {
    /// The token's own word before that of its group; `nil`: what the site asks.
    func prices(of token: String) -> DriverPrices? {
        guard let known = idTokens[Self.key(token)] else { return nil }
        return known.prices ?? known.parent.flatMap { idTokens[Self.key($0)]?.prices }
    }

    func importTariff(_ site: Int, _ own: DriverPrices?, at instant: Instant) -> Tariff? {
        if let id = own?.tariff { return tariffs[id] }
        return importTariff(of: sites[site].site, at: instant)
    }

    /// The token of a transaction is known now.
    mutating func keepPrices(of token: String, _ s: Int, _ i: Int) {
        guard let own = prices(of: token) else { return }
        stations[s].sessions[i].account.prices = own
    }

    /// Whether the station is given tariffs to reckon by (``Site/LocalCost``).
    private func isTold(_ s: Int, _ site: Int) -> Bool {
        guard stations[s].version == .v21, let abilities = stations[s].tariffs?.picture.abilities else { return false }
        return switch sites[site].site.localCost {
        case .off: false
        case .on: true
        case .auto: abilities.tariffs == true && abilities.costs != false
        }
    }

    /// The tariff by which a station is to reckon for a driver with prices of its own; `nil`: it reckons by none, or nobody
    /// can say it.
    private func ownTariff(_ own: DriverPrices, _ s: Int, at now: Instant) -> V2.Tariff? {
        guard let site = stations[s].station.site.flatMap({ siteIndex[$0] }), isTold(s, site),
            let abilities = stations[s].tariffs?.picture.abilities
        else { return nil }
        return driverTariff(site, abilities, own, at: now).map { V2.Tariff($0) }
    }

    /// An authorization with the driver's tariff, as a text (I01) and to reckon by (I08.FR.01); `nil`: it has none.
    func authorization(_ answer: StationAnswer, of event: StationEvent, _ s: Int, at now: Instant) -> [UInt8]? {
        let (token, vehicle): (String, String?)
        switch event {
        case .authorize(let shown, let own): (token, vehicle) = (shown, own)
        case .authorizeContract(let shown, let own): (token, vehicle) = (shown, own)
        case .money(.authorize(let reference)): (token, vehicle) = (reference, nil)
        default: return nil
        }
        let tariff = prices(of: token).flatMap { ownTariff($0, s, at: now) }
        let text = text(authorizing: token, vehicle: vehicle, s, at: now)
        guard tariff != nil || text != nil else { return nil }
        return OCPP2Adapter.authorization(answer, tariff: tariff, text: text)
    }

    /// The tariff by which a running transaction is to be reckoned: the driver's own, else the site's.
    func transactionTariff(_ session: Session, _ usual: V2.Tariff, _ s: Int, at now: Instant) -> V2.Tariff {
        session.account.prices.flatMap { ownTariff($0, s, at: now) } ?? usual
    }

    /// A transaction of a driver with prices of its own began by what others pay: an authorization from the station's memory
    /// brought none (I08.FR.05). It goes on by the driver's (I11).
    mutating func correctTariff(_ s: Int, _ i: Int, at now: Instant) {
        let session = stations[s].sessions[i]
        guard session.status == .active, let own = session.account.prices, let held = session.account.tariff,
            held == stations[s].tariffs?.picture.wanted, let tariff = ownTariff(own, s, at: now)
        else { return }
        changeTariff(of: session, to: tariff, s, at: now)
    }
}
