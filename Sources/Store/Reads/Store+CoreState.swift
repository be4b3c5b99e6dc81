import Assets
import Charging
import Foundation
import GRDB
import GridDispatch
public import Operations
import Quantities

extension Store {
    /// Everything that the core needs at its start, from one snapshot of the disk.
    public func loadCore() throws(StoreFault) -> CoreState {
        do { return try pool.read(CoreLoading.load) } catch {
            throw StoreFault(error, path: DataDirectory.database(in: directory))
        }
    }
}

/// The reads behind ``Store/loadCore()``, one a part of the state.
private enum CoreLoading {
    private static let hour: Int64 = 3_600_000
    private static let messagesPerStation = 64

    static func load(_ db: Database) throws -> CoreState {
        var state = CoreState()
        let newest = try newestInstant(db)
        state.stations = try stations(db)
        state.controls = try Row.fetchAll(db, sql: "SELECT * FROM evse_control ORDER BY station, evse").map {
            EVSEControl(
                evse: EVSEID(StationID($0["station"]), $0["evse"]), paused: $0["paused"],
                limit: $0.power("power_limit"), chargeNow: $0["charge_now"])
        }
        state.certificates = try certificates(db)
        state.jobs = try CampaignReading.jobs(db)
        state.campaigns = try CampaignReading.open(db)
        state.devices = try DeviceLoading.load(db)
        state.activeSessions = try Row.fetchAll(
            db,
            sql: """
                SELECT * FROM session LEFT JOIN session_account ON session = id WHERE active = 1
                ORDER BY started_at, id
                """
        ).map { row in
            // A session's row is written now and then, its readings always: what they know beyond it was acknowledged.
            var session = row.session()
            session.replay(try sessionReadings(session.id, db))
            return session
        }
        state.endedSessions = try Row.fetchAll(
            db,
            sql: """
                SELECT * FROM session LEFT JOIN session_account ON session = id WHERE active = 0 AND ended_at >= ?
                ORDER BY started_at DESC, id DESC LIMIT 20000
                """,
            arguments: [newest - 48 * hour]
        ).map { $0.session() }.reversed()
        state.idTokens = try Row.fetchAll(db, sql: "SELECT * FROM id_token ORDER BY value").map { try $0.idToken() }
        state.sites = try sites(db)
        state.nodes = try Row.fetchAll(db, sql: "SELECT * FROM node ORDER BY id").map { $0.node() }
        for row in try Row.fetchAll(db, sql: "SELECT key, value FROM setting") {
            state.settings[row["key"]] = row["value"]
        }
        try HoldingLoading.load(into: &state, db)
        try GridCodeLoading.load(into: &state, db)
        try MoneyLoading.load(into: &state, db)
        state.pendingCommands = try Row.fetchAll(
            db, sql: "SELECT * FROM command WHERE status = 'pending' ORDER BY number"
        ).map { try $0.command() }
        state.activeAlarms = try Row.fetchAll(db, sql: "SELECT * FROM alarm WHERE ended_at IS NULL ORDER BY id")
            .map { try $0.alarm() }
        for site in try String.fetchAll(db, sql: "SELECT DISTINCT site FROM plan ORDER BY site") {
            if let plan = try newestPlan(of: site, db) { state.plans.append(plan) }
        }
        state.inboundMessages = try inboundMessages(db, since: newest - 48 * hour, stations: state.stations)
        for row in try Row.fetchAll(db, sql: "SELECT node, MAX(at) AS at, power FROM node_reading GROUP BY node") {
            state.nodeReadings[NodeID(row["node"])] = NodeReading(
                at: row.instant("at"), power: Power(watts: row["power"]))
        }
        for row in try Row.fetchAll(
            db, sql: "SELECT node, at, power FROM node_quarter WHERE at >= ? ORDER BY node, at",
            arguments: [newest - 56 * 24 * hour])
        {
            state.nodeLoad[NodeID(row["node"]), default: []].append(quarter(row))
        }
        state.siteBaseLoad = try siteBaseLoad(db, since: newest - 56 * 24 * hour)
        state.pastStays = try pastStays(db, since: newest - 84 * 24 * hour)
        return state
    }

    private static func newestPlan(of site: String, _ db: Database) throws -> Plan? {
        try Store.newestPlan(of: site, db)
    }

    /// Domain time may be virtual, so "the last 48 hours" are counted from what is on the disk.
    private static func newestInstant(_ db: Database) throws -> Int64 {
        try Int64.fetchOne(
            db,
            sql: """
                SELECT MAX(
                    COALESCE((SELECT MAX(last_seen) FROM station_live), 0),
                    COALESCE((SELECT at FROM message ORDER BY seq DESC LIMIT 1), 0),
                    COALESCE((SELECT MAX(started_at) FROM session), 0),
                    COALESCE((SELECT MAX(at) FROM site_power), 0))
                """) ?? 0
    }

    private static func stations(_ db: Database) throws -> [CoreState.StationRecord] {
        var keyChanges: [String: [KeyChange]] = [:]
        for row in try Row.fetchAll(db, sql: "SELECT * FROM station_key_change ORDER BY station, position") {
            keyChanges[row["station"], default: []].append(try row.keyChange())
        }
        return try Row.fetchAll(
            db,
            sql: """
                SELECT station.*, last_seen, protocol, connectors, verdict, rate_unit, max_stack_level, max_periods,
                    max_profiles, live.phases AS live_phases, sample_interval, note, commissioned_at, live.v2x AS v2x
                FROM station LEFT JOIN station_live AS live ON live.station = station.id ORDER BY station.id
                """
        ).map { row in
            var commissioning: Commissioning?
            if let at = row.optionalInstant("commissioned_at") {
                commissioning = Commissioning(
                    verdict: try row.word("verdict"), rateUnit: row["rate_unit"],
                    maxStackLevel: row["max_stack_level"], maxPeriods: row["max_periods"],
                    maxProfiles: row["max_profiles"], phases: row["live_phases"],
                    sampleInterval: row["sample_interval"],
                    note: (row["note"] as String?).flatMap(CommissioningNote.init(stored:)),
                    v2x: (row["v2x"] as String?).flatMap { try? NamedValues.values($0) }.map {
                        V2XAbilities(texts: $0)
                    }, at: at)
            }
            return CoreState.StationRecord(
                station: try row.station(keyChanges[row["id"]] ?? []), lastSeen: row.optionalInstant("last_seen"),
                protocol: row["protocol"],
                connectors: try ConnectorList.connectors((row["connectors"] as String?) ?? ""),
                commissioning: commissioning)
        }
    }

    /// Four of a station at most, without chains that nobody waits for.
    private static func certificates(_ db: Database) throws -> [CertificateRecord] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT * FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY station ORDER BY in_use DESC, at DESC) AS place
                    FROM station_certificate) WHERE place <= 4 ORDER BY station, at
                """
        ).map { row in
            var record = try row.certificate()
            if ![.signed, .sent, .unanswered].contains(record.state) { record.chain = "" }
            return record
        }
    }

    private static func sites(_ db: Database) throws -> [Site] {
        var tariffs: [String: [(isExport: Bool, entry: Site.TariffEntry)]] = [:]
        for row in try Row.fetchAll(db, sql: "SELECT * FROM site_tariff ORDER BY site, export, position") {
            let entry = Site.TariffEntry(from: CivilDay(daysSince1970: row["day"]), tariff: row["tariff"])
            tariffs[row["site"], default: []].append((row["export"], entry))
        }
        let costs = try MoneyLoading.siteCosts(db)
        var batteries: [String: BatteryTerms] = [:]
        for row in try Row.fetchAll(db, sql: "SELECT * FROM site_battery") {
            batteries[row["site"]] = BatteryTerms(
                chemistry: try row.word("chemistry"), valuePerKilowattHour: row["value"], cycles: row["cycles"],
                consumption: row["consumption"], roundTripPerMille: row["round_trip"])
        }
        return try Row.fetchAll(db, sql: "SELECT * FROM site ORDER BY id").map { row in
            let (by, reason) = ((row["mode_by"] as String?) ?? "", (row["mode_reason"] as String?) ?? "")
            let mode: Site.Mode =
                switch row["mode"] as String {
                case "auto": .auto
                case "manual": .manual(by: by, reason: reason)
                case "stopped": .stopped(by: by, reason: reason)
                default: throw StoreFault.damaged(.modeDamaged)
                }
            guard let zone = Zone(row["zone"]) else {
                throw StoreFault.damaged(.zoneDamaged(row["zone"]))
            }
            let id: String = row["id"]
            var site = Site(
                id: SiteID(id), name: row["name"], kind: row["kind"], region: row["region"], zone: zone,
                tariffs: (tariffs[id] ?? []).filter { !$0.isExport }.map(\.entry),
                exportTariffs: (tariffs[id] ?? []).filter(\.isExport).map(\.entry), operatorName: row["operator"],
                mode: mode, energyTransfer: row.words("energy_transfer"), battery: batteries[id])
            if let said = costs[id] {
                (site.serviceFees, site.localCost) = (said.fees, said.local)
                (site.tellsRunningCost, site.settlement) = (said.tells, said.settlement)
                site.paysDemand = said.paysDemand
            }
            return site
        }
    }

    private static func inboundMessages(
        _ db: Database, since: Int64, stations: [CoreState.StationRecord]
    ) throws -> [MessageRecord] {
        let statement = try db.cachedStatement(
            sql: """
                SELECT * FROM message WHERE station = ? AND outbound = 0 AND message_id IS NOT NULL
                ORDER BY seq DESC LIMIT ?
                """)
        var rows: [Row] = []
        for station in stations {
            rows += try Row.fetchAll(statement, arguments: [station.station.id.value, messagesPerStation])
                .filter { $0["at"] >= since }
        }
        return rows.sorted { ($0["seq"] as Int64) < ($1["seq"] as Int64) }.map { $0.messageRecord() }
    }

    private static func quarter(_ row: Row) -> CoreState.QuarterMean {
        CoreState.QuarterMean(at: row.instant("at"), power: Power(watts: row["power"]))
    }

    private static func siteBaseLoad(_ db: Database, since: Int64) throws -> [SiteID: [CoreState.QuarterMean]] {
        var means: [SiteID: [CoreState.QuarterMean]] = [:]
        for row in try Row.fetchAll(
            db,
            sql: """
                SELECT site, at / \(Quarter.length) * \(Quarter.length) AS at,
                    CAST(ROUND(AVG(base)) AS INTEGER) AS power
                FROM site_power WHERE at >= ? AND base IS NOT NULL AND base_is_stale = 0 GROUP BY 1, 2 ORDER BY 1, 2
                """, arguments: [since])
        {
            means[SiteID(row["site"]), default: []].append(quarter(row))
        }
        return means
    }

    private static func pastStays(_ db: Database, since: Int64) throws -> [CoreState.PastStay] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT session.station, evse, site, id_token, started_at, ended_at, imported - exported AS energy
                FROM session LEFT JOIN station ON station.id = session.station
                WHERE active = 0 AND ended_at IS NOT NULL AND started_at >= ?
                ORDER BY started_at DESC, session.id DESC LIMIT 200000
                """, arguments: [since]
        ).reversed().map { row in
            CoreState.PastStay(
                evse: EVSEID(StationID(row["station"]), row["evse"]), site: row.site(), idToken: row["id_token"],
                start: row.instant("started_at"), end: row.instant("ended_at"), energy: row.energy("energy"))
        }
    }
}
