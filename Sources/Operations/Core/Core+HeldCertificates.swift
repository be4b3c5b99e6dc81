import Assets
import Charging
import Quantities

// Which certificates each station holds to trust others by (2.x M03–M05, 1.6 security whitepaper): the picture that answers
// give of it, and the orders that change it.
extension Core {
    mutating func learn(_ news: CertificateNews, _ s: Int, at now: Instant) {
        var facts: CertificateFacts?
        if case .installed(_, let pem) = news { facts = settings.certificateReader?.facts(pem: pem) }
        let id = stations[s].station.id
        let before = stations[s].heldCertificates
        var picture = before ?? CertificatePicture(station: id)
        picture.learn(news, facts: facts, at: now)
        guard picture != before else { return }
        stations[s].heldCertificates = picture
        persist(.holding(.certificates(picture)))
        emit(.publish(.station(id)))
    }

    public func heldCertificates(of id: StationID) -> CertificatePicture? {
        stationIndex[id].map { stations[$0].heldCertificates ?? CertificatePicture(station: id) }
    }

    mutating func load(_ picture: CertificatePicture) {
        if let s = stationIndex[picture.station] { stations[s].heldCertificates = picture }
    }

    /// Asks for the list. 1.6 lists one use at a time: without a use both are asked for, and the last command is the result.
    mutating func listCertificates(
        use: String?, _ s: Int, _ timeout: Duration, by actor: Actor, at now: Instant
    ) -> Result<OrderResult, ServiceFault> {
        guard use == nil, stations[s].version == .v16 else {
            return request(.listCertificates(use: use), s, timeout, by: actor, at: now)
        }
        let uses = OCPP16Adapter.certificateUses
        for use in uses.dropLast() {
            let first = request(.listCertificates(use: use), s, timeout, by: actor, at: now)
            guard case .success = first else { return first }
        }
        return request(.listCertificates(use: uses.last), s, timeout, by: actor, at: now)
    }
}
