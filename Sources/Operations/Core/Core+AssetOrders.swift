import Assets
import Charging
import GridDispatch
import Quantities
import Rulebook

// Stations, sites and nodes are made, changed and removed.
extension Core {
    // MARK: - Stations

    /// All rows or none.
    mutating func put(
        _ rows: [(StationID, StationChange)], isImport: Bool, at now: Instant
    ) -> Result<OrderResult, ServiceFault> {
        var fields: [ServiceFault.Field] = []
        var seen: Set<StationID> = []
        for (i, (id, change)) in rows.enumerated() {
            let prefix = isImport ? "[\(i)]." : ""
            for field in faults(id, change) { fields.append(.init(path: prefix + field.path, field.reason)) }
            if !seen.insert(id).inserted { fields.append(.init(path: prefix + "id", .repeated(id.value))) }
        }
        guard fields.isEmpty else {
            return .failure(ServiceFault(.invalid(.station), fields: Array(fields.prefix(100))))
        }
        for (id, change) in rows {
            if stationIndex[id] == nil { register(Station(id: id, createdAt: now)) }
            guard let s = stationIndex[id] else { continue }
            apply(change, to: s, at: now)
        }
        // A pile of a site has its EVSE from the start: the next order may name it.
        refreshLayout()
        guard !isImport, let s = rows.first.flatMap({ stationIndex[$0.0] }) else {
            return .success(.imported(rows.count))
        }
        return .success(.station(stationView(s)))
    }

    private func faults(_ id: StationID, _ change: StationChange) -> [ServiceFault.Field] {
        var fields: [ServiceFault.Field] = []
        func check(_ path: String, _ holds: Bool, _ problem: FieldProblem) {
            if !holds { fields.append(.init(path: path, problem)) }
        }
        check("id", !id.value.isEmpty && id.value.utf8.count <= 255, .bytes(1...255))
        if let site = change.site ?? nil {
            check("site", siteIndex[site] != nil, .siteUnknown(site))
        }
        if let node = change.node ?? nil {
            check("node", nodeIndex[node] != nil, .nodeUnknown(node))
        }
        if let phases = change.phases { check("phases", phases == 1 || phases == 3, .phases) }
        if let voltage = change.voltage {
            check("voltage", (100...1000).contains(voltage), .range(100...1000, .volts))
        }
        if let current = change.maxCurrentMilliamperes {
            check("max_current_a", (6000...1_000_000).contains(current), .range(6...1000, .amperes))
        }
        if let profile = change.securityProfile {
            check("security_profile", (0...3).contains(profile), .range(0...3, .none))
        }
        if let limit = change.operatorLimit ?? nil { check("limit_kw", limit >= .zero, .negative) }
        if let discharge = change.maxDischarge ?? nil { check("max_discharge_kw", discharge >= .zero, .negative) }
        return fields
    }

    private mutating func apply(_ change: StationChange, to s: Int, at now: Instant) {
        let before = stations[s].station
        var station = before
        if let registration = change.registration { station.registration = registration }
        if let site = change.site { station.site = site }
        if let node = change.node { station.node = node }
        if let model = change.model { station.model = model }
        station.electrical.apply(change)
        if let ownership = change.ownership { station.ownership = ownership }
        if let evidence = change.ownershipEvidence { station.ownershipEvidence = evidence }
        if let owner = change.owner { station.owner = owner }
        if let profile = change.securityProfile {
            if profile != station.securityProfile { closeProfileChange(s, word: "replaced", at: now) }
            station.securityProfile = profile
        }
        if let limit = change.operatorLimit { station.operatorLimit = limit }
        if let digest = change.passwordDigest { station.setPassword(digest) }
        stations[s].station = station
        persist(.station(station))
        if before.site != station.site || before.node != station.node {
            layoutIsStale = true
            for e in stations[s].evses.indices {
                stations[s].evses[e].dispatch = nil
                stations[s].evses[e].outlook = nil
            }
            if let old = before.site.flatMap({ siteIndex[$0] }) { requestPlan(site: old, "limit") }
        }
        requestPlan(for: s, "limit", at: now)
        if before.site != station.site { expectTariffs(s, isNew: false, at: now) }
        emit(.publish(.station(station.id)))
    }

    mutating func delete(station id: StationID, at now: Instant) -> Result<OrderResult, ServiceFault> {
        guard let s = stationIndex[id] else { return .failure(ServiceFault(.stationUnknown(id))) }
        for i in stations[s].sessions.indices.reversed() where stations[s].sessions[i].status == .active {
            let session = stations[s].sessions[i]
            end(
                s, i, at: session.registerLastAt ?? now, register: session.registerLast, reason: nil, flag: .noStop,
                now: now)
        }
        dropCalls(s, at: now)
        if let connection = stations[s].connection {
            emit(.disconnect(id, connection: connection, code: 1008, reason: "the station was removed"))
        }
        for session in stations[s].sessions { sessionHome[session.id] = nil }
        endStationAlarms(s, at: now)
        endCertificateAlarms(of: id, at: now)
        forgetDevice(of: id, at: now)
        endScheduleAlarms(s, at: now)
        endOutsideAlarms(s, at: now)
        endJobAlarms(of: id, at: now)
        endDERAlarms(s, at: now)
        endSwapAlarms(s, at: now)
        let last = stations.count - 1
        stations.swapAt(s, last)
        stationIndex[stations[s].station.id] = s
        stations.removeLast()
        stationIndex[id] = nil
        layoutIsStale = true
        wakeCampaigns(of: id)
        persist(.removeStation(id))
        emit(.publish(.station(id)))
        return .success(.done)
    }

    // MARK: - Sites

    mutating func put(_ site: Site, at now: Instant) -> Result<OrderResult, ServiceFault> {
        var fields: [ServiceFault.Field] = []
        if site.id.value.isEmpty { fields.append(.init(path: "id", .empty)) }
        if site.name.isEmpty { fields.append(.init(path: "name", .empty)) }
        let lists: [(String, Tariff.Direction, [Site.TariffEntry])] = [
            ("tariffs", .import, site.tariffs), ("export_tariffs", .export, site.exportTariffs),
        ]
        for (path, direction, entries) in lists {
            for (i, entry) in entries.enumerated() {
                if let tariff = tariffs[entry.tariff] {
                    if tariff.direction == direction { continue }
                    let problem = FieldProblem.tariffDirection(entry.tariff, is: tariff.direction.rawValue)
                    fields.append(.init(path: "\(path)[\(i)].tariff", problem))
                } else {
                    fields.append(.init(path: "\(path)[\(i)].tariff", .tariffUnknown(entry.tariff)))
                }
            }
        }
        guard fields.isEmpty else { return .failure(ServiceFault(.invalid(.site), fields: fields)) }
        var site = site
        site.tariffs.sort { $0.from < $1.from }
        site.exportTariffs.sort { $0.from < $1.from }
        site.serviceFees.sort { $0.from < $1.from }
        if let s = siteIndex[site.id] {
            let before = sites[s].site.energyTransfer
            sites[s].site = site
            requestPlan(site: s, "tariff")
            if before != site.energyTransfer { transfersChanged(at: now) }
            pricesChanged(of: site.id, at: now)
        } else {
            let i = sites.firstIndex { $0.site.id > site.id } ?? sites.count
            sites.insert(SiteSlot(site, settings: settings, dayKinds: dayKinds), at: i)
            reindexSites()
        }
        persist(.site(site))
        return .success(.site(site))
    }

    mutating func delete(site id: SiteID) -> Result<OrderResult, ServiceFault> {
        guard let s = siteIndex[id] else { return .failure(ServiceFault(.siteUnknown(id))) }
        if stations.contains(where: { $0.station.site == id }) {
            return .failure(ServiceFault(.siteHasStations(id)))
        }
        if nodes.contains(where: { $0.node.site == id }) {
            return .failure(ServiceFault(.siteHasNodes(id)))
        }
        sites.remove(at: s)
        reindexSites()
        persist(.removeSite(id))
        return .success(.done)
    }

    private mutating func reindexSites() {
        siteIndex = [:]
        for (i, slot) in sites.enumerated() { siteIndex[slot.site.id] = i }
        layoutIsStale = true
    }

    // MARK: - Nodes

    mutating func put(_ node: GridNode, at now: Instant) -> Result<OrderResult, ServiceFault> {
        var fields: [ServiceFault.Field] = []
        func check(_ path: String, _ holds: Bool, _ problem: FieldProblem) {
            if !holds { fields.append(.init(path: path, problem)) }
        }
        check("id", !node.id.value.isEmpty, .empty)
        if let site = node.site { check("site", siteIndex[site] != nil, .siteUnknown(site)) }
        if let limit = node.limit { check("limit_kw", limit >= .zero, .negative) }
        if let limit = node.exportLimit { check("export_limit_kw", limit >= .zero, .negative) }
        if let parent = node.parent {
            if let p = nodeIndex[parent] {
                check(
                    "parent", parent != node.id && !pathUp(from: p).contains { nodes[$0].node.id == node.id },
                    .cycle(parent: parent, node: node.id))
            } else {
                check("parent", false, .nodeUnknown(parent))
            }
        }
        guard fields.isEmpty else { return .failure(ServiceFault(.invalid(.node), fields: fields)) }
        if let n = nodeIndex[node.id] {
            nodes[n].node = node
        } else {
            let i = nodes.firstIndex { $0.node.id > node.id } ?? nodes.count
            nodes.insert(NodeSlot(node), at: i)
            reindexNodes()
        }
        layoutIsStale = true
        refreshLayout()
        if let n = nodeIndex[node.id] {
            for s in sites.indices where sites[s].path.contains(n) { requestPlan(site: s, "limit") }
        }
        persist(.node(node))
        return .success(.node(node))
    }

    mutating func delete(node id: NodeID) -> Result<OrderResult, ServiceFault> {
        guard let n = nodeIndex[id] else { return .failure(ServiceFault(.nodeUnknown(id))) }
        if nodes.contains(where: { $0.node.parent == id }) {
            return .failure(ServiceFault(.nodeHasChildren(id)))
        }
        if stations.contains(where: { $0.station.node == id }) {
            return .failure(ServiceFault(.nodeHasStations(id)))
        }
        nodes.remove(at: n)
        reindexNodes()
        persist(.removeNode(id))
        return .success(.done)
    }

    private mutating func reindexNodes() {
        nodeIndex = [:]
        for (i, slot) in nodes.enumerated() { nodeIndex[slot.node.id] = i }
        layoutIsStale = true
    }
}

extension Station.Electrical {
    /// A value that was only read and sent back is no statement of it.
    public mutating func apply(_ change: StationChange) {
        let onlyRead = change.ratingIsAssumed == true
        if let phases = change.phases, !(onlyRead && phases == self.phases) { self.phases = phases }
        if let voltage = change.voltage { self.voltage = voltage }
        if let current = change.maxCurrentMilliamperes, !(onlyRead && current == maxCurrentMilliamperes) {
            maxCurrentMilliamperes = current
        }
        if let discharge = change.maxDischarge { maxDischarge = discharge }
    }
}
