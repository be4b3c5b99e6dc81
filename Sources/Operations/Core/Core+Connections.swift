public import Assets
import Charging
import GridDispatch
import Quantities

extension Core {
    /// What the gateway needs to know before it lets an identity in. The password itself is checked by the shell.
    public enum Admission: Hashable, Sendable {
        /// Not registered, and newcomers may not connect.
        case unknown
        /// May connect without a password.
        case open
        case password(digest: String)
        /// The station is being given another key: whichever it comes with is told by ``Input/cameWith(_:stored:)``.
        /// `current` is `nil` where no password was asked before; the newest of `undecided` comes first.
        case changing(current: String?, undecided: [String])
    }
    public func admission(of id: StationID) -> Admission {
        guard let s = stationIndex[id] else { return settings.acceptUnknownStations ? .open : .unknown }
        let station = stations[s].station
        if station.keyChanges.contains(where: { $0.state != .confirmed }) {
            return .changing(current: station.passwordDigest, undecided: station.undecidedKeys)
        }
        return station.passwordDigest.map { .password(digest: $0) } ?? .open
    }

    mutating func connected(_ id: StationID, _ connection: UInt64, _ name: String, at now: Instant) {
        if stationIndex[id] == nil {
            guard settings.acceptUnknownStations else {
                emit(.disconnect(id, connection: connection, code: 1008, reason: "unknown identity"))
                return
            }
            register(Station(id: id, createdAt: now))
        }
        guard let s = stationIndex[id] else { return }
        // Connections are announced in the order in which they replace each other (Gateway): the last word holds.
        if stations[s].connection == connection { return }
        if stations[s].connection != nil { dropCalls(s, at: now) }
        stations[s].connection = connection
        stations[s].protocolName = name
        stations[s].lastSeen = now
        stationReturned(s, at: now)
        if let lostAt = stations[s].lostAt { forgetProfiles(thatDiedSince: lostAt, s, at: now) }
        stations[s].lostAt = nil
        stations[s].commissioner.connected(at: now)
        forgetFollowed(s, isNewConnection: true, at: now)
        deliverCertificates(s, at: now)
        inquireAfterConnecting(s, at: now)
        tellTransfersAfterConnecting(s, at: now)
        if stations[s].list?.record.isAutomatic == true { considerLists(at: now) }
        resumeProfileChange(s, at: now)
        expectBoot(s, at: now)
        derConnected(s, at: now)
        expectTariffs(s, isNew: true, at: now)
        expectWebPayments(s, at: now)
        wakeCampaigns(of: id)
        persistLive(s)
        emit(.publish(.station(id)))
    }

    mutating func disconnected(_ id: StationID, _ connection: UInt64, at now: Instant) {
        // The end of an older socket says nothing of the newer one.
        guard let s = stationIndex[id], stations[s].connection == connection else { return }
        stations[s].connection = nil
        stations[s].lostAt = now
        stations[s].askedFor = []
        dropCalls(s, at: now)
        persistLive(s)
        // Who is lost can be asked for nothing, from now on.
        if let site = stations[s].station.site.flatMap({ siteIndex[$0] }) { sites[site].capacityIsWanted = true }
        emit(.publish(.station(id)))
    }

    mutating func register(_ station: Station) {
        stationIndex[station.id] = stations.count
        stations.append(StationSlot(station))
        layoutIsStale = true
        persist(.station(station))
    }

    mutating func persistLive(_ s: Int) {
        let slot = stations[s]
        guard let lastSeen = slot.lastSeen else { return }
        persist(
            .stationLive(
                slot.station.id, lastSeen: lastSeen, protocol: slot.protocolName, connectors: slot.connectorStatuses,
                commissioning: slot.commissioning))
    }

    mutating func noted(_ id: StationID, _ text: [UInt8], _ problem: String, at now: Instant) {
        guard let s = stationIndex[id] else { return }
        stations[s].lastSeen = now
        persist(
            .message(
                MessageRecord(
                    station: id, at: now, direction: .inbound, messageID: nil, action: nil, text: text, problem: problem
                )))
    }
}
