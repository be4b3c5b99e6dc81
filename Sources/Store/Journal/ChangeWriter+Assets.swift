import Assets
import Charging
import Operations
import Quantities

extension ChangeWriter {
    func write(_ station: Station) throws(SQLiteFailure) {
        try statement(
            "INSERT OR REPLACE INTO station VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        )
        .text(station.id.value).text(station.registration.rawValue).text(station.site?.value)
        .text(station.node?.value).text(station.model).int(station.electrical.voltage)
        .int(station.electrical.phases).int(station.electrical.maxCurrentMilliamperes)
        .int(station.electrical.minCurrentMilliamperes).text(station.ownership?.rawValue ?? "unknown")
        .text(station.ownershipEvidence).text(station.owner).text(station.boot?.vendor).text(station.boot?.model)
        .text(station.boot?.serial).text(station.boot?.firmware).int(station.securityProfile)
        .int(station.operatorLimit?.watts).text(station.passwordDigest).int(station.createdAt.milliseconds)
        .bool(station.electrical.phasesAreStated).bool(station.electrical.currentIsStated)
        .int(station.electrical.maxDischarge?.watts).run()
        try removeKeyChanges(of: station.id)
        for (position, change) in station.keyChanges.enumerated() {
            try statement("INSERT INTO station_key_change VALUES (?, ?, ?, ?, ?, ?)")
                .text(station.id.value).int(position).text(change.stored).text(change.state.rawValue)
                .int(change.at.milliseconds).text(change.word).run()
        }
    }

    private func removeKeyChanges(of station: StationID) throws(SQLiteFailure) {
        try statement("DELETE FROM station_key_change WHERE station = ?").text(station.value).run()
    }

    /// The station and what hangs on it; its sessions, readings and messages stay until their retention ends.
    func remove(_ station: StationID) throws(SQLiteFailure) {
        try statement("DELETE FROM station WHERE id = ?").text(station.value).run()
        try statement("DELETE FROM station_live WHERE station = ?").text(station.value).run()
        try statement("DELETE FROM evse_control WHERE station = ?").text(station.value).run()
        try statement("DELETE FROM round_trip WHERE station = ?").text(station.value).run()
        try removeKeyChanges(of: station)
        try statement("DELETE FROM station_certificate WHERE station = ?").text(station.value).run()
        try removeHoldings(of: station.value)
        try removeGridCode(of: station.value)
        try statement("DELETE FROM station_job WHERE station = ?").text(station.value).run()
        try removeDevice(of: station)
    }

    func writeLive(
        _ station: StationID, _ lastSeen: Instant, _ proto: String?, _ connectors: [Int: ConnectorStatus],
        _ commissioning: Commissioning?
    ) throws(SQLiteFailure) {
        try statement("INSERT OR REPLACE INTO station_live VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
            .text(station.value).int(lastSeen.milliseconds).text(proto).text(ConnectorList.text(connectors))
            .text(commissioning?.verdict.rawValue).text(commissioning?.rateUnit).int(commissioning?.maxStackLevel)
            .int(commissioning?.maxPeriods).int(commissioning?.maxProfiles).int(commissioning?.phases)
            .int(commissioning?.sampleInterval).text(commissioning?.note?.stored).int(commissioning?.at.milliseconds)
            .text(commissioning?.v2x.map { NamedValues.text($0.texts) }).run()
    }

    func write(_ control: EVSEControl) throws(SQLiteFailure) {
        try statement("INSERT OR REPLACE INTO evse_control VALUES (?, ?, ?, ?, ?)")
            .text(control.evse.station.value).int(control.evse.number).bool(control.paused).int(control.limit?.watts)
            .bool(control.chargeNow).run()
    }

    func write(_ token: IdToken) throws(SQLiteFailure) {
        try statement("INSERT OR REPLACE INTO id_token VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
            .text(token.value).text(token.status.rawValue).int(token.expiresAt?.milliseconds).text(token.parent)
            .text(token.type).text(token.energyTransfer?.joined(separator: ",")).text(token.prices?.tariff)
            .text(token.prices?.serviceFee?.fraction).run()
    }

    func write(_ site: Site) throws(SQLiteFailure) {
        let (mode, by, reason): (String, String?, String?) =
            switch site.mode {
            case .auto: ("auto", nil, nil)
            case .manual(let by, let reason): ("manual", by, reason)
            case .stopped(let by, let reason): ("stopped", by, reason)
            }
        try statement("INSERT OR REPLACE INTO site VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
            .text(site.id.value).text(site.name).text(site.kind).text(site.region).text(site.zone.identifier)
            .text(site.operatorName).text(mode).text(by).text(reason)
            .text(site.energyTransfer?.joined(separator: ",")).run()
        try write(site.battery, of: site.id)
        try removeTariffs(of: site.id)
        try statement("INSERT INTO site_costs VALUES (?, ?, ?, ?, ?)").text(site.id.value).text(site.localCost.rawValue)
            .bool(site.tellsRunningCost).text(site.settlement.rawValue).bool(site.paysDemand).run()
        for (position, fee) in site.serviceFees.enumerated() {
            try statement("INSERT INTO site_service_fee VALUES (?, ?, ?, ?)").text(site.id.value).int(position)
                .int(Int(fee.from.daysSince1970)).text(fee.price.fraction).run()
        }
        for (export, entries) in [(false, site.tariffs), (true, site.exportTariffs)] {
            for (position, entry) in entries.enumerated() {
                try statement("INSERT INTO site_tariff VALUES (?, ?, ?, ?, ?)")
                    .text(site.id.value).bool(export).int(position).int(Int(entry.from.daysSince1970))
                    .text(entry.tariff).run()
            }
        }
    }

    private func write(_ battery: BatteryTerms?, of site: SiteID) throws(SQLiteFailure) {
        guard let battery else {
            try statement("DELETE FROM site_battery WHERE site = ?").text(site.value).run()
            return
        }
        try statement("INSERT OR REPLACE INTO site_battery VALUES (?, ?, ?, ?, ?, ?)")
            .text(site.value).text(battery.chemistry.rawValue).int(battery.valuePerKilowattHour).int(battery.cycles)
            .int(battery.consumption).int(battery.roundTripPerMille).run()
    }

    func remove(_ site: SiteID) throws(SQLiteFailure) {
        try write(nil, of: site)
        try statement("DELETE FROM site WHERE id = ?").text(site.value).run()
        try removeTariffs(of: site)
    }

    private func removeTariffs(of site: SiteID) throws(SQLiteFailure) {
        try statement("DELETE FROM site_tariff WHERE site = ?").text(site.value).run()
        try statement("DELETE FROM site_costs WHERE site = ?").text(site.value).run()
        try statement("DELETE FROM site_service_fee WHERE site = ?").text(site.value).run()
    }

    func write(_ node: GridNode) throws(SQLiteFailure) {
        try statement("INSERT OR REPLACE INTO node VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
            .text(node.id.value).text(node.parent?.value).text(node.site?.value).int(node.limit?.watts)
            .int(node.exportLimit?.watts).int(node.rating?.voltAmperes).int(node.rating?.powerFactorPerMille)
            .int(node.rating?.loadingPerMille).text(node.serves?.rawValue).run()
    }
}

/// Connector states as text: `0:available 1:charging`.
enum ConnectorList {
    static func text(_ connectors: [Int: ConnectorStatus]) -> String {
        connectors.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value.rawValue)" }.joined(separator: " ")
    }
    static func connectors(_ text: String) throws(StoreFault) -> [Int: ConnectorStatus] {
        var connectors: [Int: ConnectorStatus] = [:]
        for part in text.split(separator: " ") {
            let pair = part.split(separator: ":")
            guard pair.count == 2, let number = Int(pair[0]), let status = ConnectorStatus(rawValue: String(pair[1]))
            else { throw .damaged(.connectorsDamaged(text)) }
            connectors[number] = status
        }
        return connectors
    }
}
