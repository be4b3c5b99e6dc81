public import Assets
public import Charging
import GRDB
public import Operations
import Quantities

extension Store {
    /// In order of their names.
    /// - Parameter keys: only these (``VariableName/key``), in all their attributes; `nil`: all.
    public func deviceModel(of station: StationID, keys: Set<String>? = nil) async throws -> [KnownVariable] {
        try await read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT * FROM device_variable WHERE station = ?
                    ORDER BY component COLLATE NOCASE, component_instance, evse, connector, variable COLLATE NOCASE,
                        instance, attribute
                    """, arguments: [station.value])
            return try rows.compactMap { row in
                let name = row.variableName()
                return try keys.map { $0.contains(name.key) } ?? true ? row.knownVariable(name) : nil
            }
        }
    }

    /// Newest first.
    public func deviceReports(of station: StationID) async throws -> [DeviceReport] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql:
                    "SELECT * FROM device_report WHERE station = ? ORDER BY COALESCE(last_at, ordered_at) DESC, request DESC",
                arguments: [station.value]
            ).map { try $0.deviceReport() }
        }
    }

    public func deviceMonitors(of station: StationID) async throws -> [KnownMonitor] {
        try await read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM device_monitor WHERE station = ? ORDER BY id", arguments: [station.value]
            ).map { row in
                KnownMonitor(
                    monitor: DeviceMonitor(
                        id: row["id"], name: row.variableName(), kind: row["kind"], value: row["value"],
                        severity: row["severity"], isTransactional: row["transactional"], origin: row["origin"]),
                    at: row.instant("at"))
            }
        }
    }

    public func monitoringSettings(of station: StationID) async throws -> MonitoringSettings {
        try await read { db in
            try Row.fetchOne(
                db, sql: "SELECT * FROM device_monitoring WHERE station = ?", arguments: [station.value]
            ).map { MonitoringSettings(base: $0["base"], level: $0["level"], at: $0.instant("at")) }
                ?? MonitoringSettings()
        }
    }

    /// Newest first.
    /// - Parameters:
    ///   - station: `nil`: of all.
    ///   - severity: only those up to this number.
    ///   - open: only alerts that nobody has told to be over.
    ///   - before: id of the last event of the page before.
    public func deviceEvents(
        of station: StationID?, severity: Int?, open: Bool, limit: Int, before: Int64?
    ) async throws -> [StoredDeviceEvent] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT * FROM device_event WHERE id < ?1 \(station == nil ? "" : "AND station = ?3")
                    AND (?4 IS NULL OR severity <= ?4)
                    \(open ? "AND trigger_word = 'Alerting' AND cleared = 0 AND cleared_at IS NULL" : "")
                    ORDER BY id DESC LIMIT ?2
                    """, arguments: [before ?? .max, page(limit), station?.value, severity]
            ).map { $0.deviceEvent() }
        }
    }

    public func networkProfiles(of station: StationID) async throws -> [NetworkProfile] {
        try await read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM network_profile WHERE station = ? ORDER BY slot", arguments: [station.value]
            ).map { $0.networkProfile() }
        }
    }

    /// Newest first, with what came for each.
    public func customerInformation(of station: StationID) async throws -> [CustomerRecord] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql:
                    "SELECT * FROM customer_inquiry WHERE station = ? ORDER BY ordered_at DESC, request DESC LIMIT 100",
                arguments: [station.value]
            ).map { row in
                let inquiry = try row.customerInquiry()
                let parts = try String.fetchAll(
                    db, sql: "SELECT data FROM customer_part WHERE station = ? AND request = ? ORDER BY number",
                    arguments: [station.value, inquiry.request])
                return CustomerRecord(inquiry: inquiry, data: parts.isEmpty ? nil : parts.joined())
            }
        }
    }
}

/// The part of ``Store/loadCore()`` that is about device models.
enum DeviceLoading {
    static func load(_ db: Database) throws -> DeviceCoreState {
        var state = DeviceCoreState()
        for id in try String.fetchAll(
            db, sql: "SELECT DISTINCT station FROM device_variable WHERE pending IS NOT NULL")
        {
            state.awaitingRestart.insert(StationID(id))
        }
        state.reports = try Row.fetchAll(
            db,
            sql: """
                SELECT * FROM (SELECT *, ROW_NUMBER() OVER (
                    PARTITION BY station ORDER BY COALESCE(last_at, ordered_at) DESC) AS place FROM device_report)
                WHERE place <= 4 ORDER BY station, COALESCE(last_at, ordered_at)
                """
        ).map { try $0.deviceReport() }
        for row in try Row.fetchAll(db, sql: "SELECT station, id, severity FROM device_monitor") {
            state.severities[StationID(row["station"]), default: [:]][row["id"]] = row["severity"]
        }
        for row in try Row.fetchAll(db, sql: "SELECT * FROM network_profile ORDER BY station, at, slot") {
            state.networks[StationID(row["station"]), default: []].append(row.networkProfile())
        }
        state.securityProfiles = try Row.fetchAll(
            db, sql: "SELECT * FROM security_profile_change ORDER BY station"
        ).map { try $0.securityProfileChange() }
        state.inquiries = try Row.fetchAll(
            db,
            sql: """
                SELECT * FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY station ORDER BY ordered_at DESC, request DESC)
                    AS place FROM customer_inquiry) WHERE place <= 4 ORDER BY station, ordered_at, request
                """
        ).map { try $0.customerInquiry() }
        state.templates = try templates(db)
        return state
    }

    private static func templates(_ db: Database) throws -> [DeviceTemplate] {
        var settings: [String: [VariableSetting]] = [:]
        for row in try Row.fetchAll(db, sql: "SELECT * FROM device_template_setting ORDER BY template, position") {
            settings[row["template"], default: []].append(
                VariableSetting(name: row.variableName(), attribute: try row.word("attribute"), value: row["value"]))
        }
        var stations: [String: [StationID]] = [:]
        for row in try Row.fetchAll(db, sql: "SELECT * FROM device_template_station ORDER BY template, station") {
            stations[row["template"], default: []].append(StationID(row["station"]))
        }
        return try Row.fetchAll(db, sql: "SELECT * FROM device_template ORDER BY name").map { row in
            let name: String = row["name"]
            var template = DeviceTemplate(
                name: name, note: row["note"], settings: settings[name] ?? [], stations: stations[name] ?? [],
                changedAt: row.instant("changed_at"), changedBy: row["changed_by"])
            template.alarms = row["alarm"]
            return template
        }
    }
}

extension Row {
    fileprivate func variableName() -> VariableName {
        VariableName(
            component: self["component"], componentInstance: self["component_instance"], evse: self["evse"],
            connector: self["connector"], variable: self["variable"], instance: self["instance"])
    }

    fileprivate func optionalWord<Word: RawRepresentable>(
        _ column: String
    ) throws(StoreFault) -> Word? where Word.RawValue == String {
        (self[column] as String?) == nil ? nil : try word(column)
    }

    fileprivate func knownVariable(_ name: VariableName) throws(StoreFault) -> KnownVariable {
        var variable = DeviceVariable(name: name, attribute: try word("attribute"), value: self["value"])
        variable.mutability = try optionalWord("mutability")
        variable.isPersistent = self["persistent"]
        variable.isConstant = self["constant"]
        variable.kind = try optionalWord("kind")
        variable.unit = self["unit"]
        variable.minLimit = self["min_limit"]
        variable.maxLimit = self["max_limit"]
        variable.maxElements = self["max_elements"]
        variable.valuesList = self["values_list"]
        variable.supportsMonitoring = self["monitoring"]
        return KnownVariable(
            variable: variable, pending: self["pending"], at: instant("at"), source: try word("source"))
    }

    fileprivate func deviceReport() throws(StoreFault) -> DeviceReport {
        var report = DeviceReport(
            station: StationID(self["station"]), isOfMonitors: self["of_monitors"], request: self["request"],
            scope: try word("scope"), orderedAt: optionalInstant("ordered_at"))
        report.firstAt = optionalInstant("first_at")
        report.lastAt = optionalInstant("last_at")
        report.parts = SequenceRecord(text: self["parts"]) ?? SequenceRecord()
        report.items = self["items"]
        return report
    }

    fileprivate func deviceEvent() -> StoredDeviceEvent {
        StoredDeviceEvent(
            id: self["id"], station: StationID(self["station"]),
            event: DeviceEvent(
                number: self["number"], at: instant("at"), trigger: self["trigger_word"],
                notification: self["notification"], name: variableName(), value: self["value"],
                isCleared: self["cleared"], severity: self["severity"], monitor: self["monitor"], cause: self["cause"],
                techCode: self["tech_code"], techInfo: self["tech_info"], transaction: self["transaction_id"]),
            receivedAt: instant("received_at"), clearedAt: optionalInstant("cleared_at"), clearedBy: self["cleared_by"])
    }

    fileprivate func networkProfile() -> NetworkProfile {
        NetworkProfile(
            slot: self["slot"], interface: self["interface"], url: self["url"],
            securityProfile: self["security_profile"], messageTimeout: self["message_timeout"])
    }

    fileprivate func securityProfileChange() throws(StoreFault) -> SecurityProfileChange {
        var network: NetworkProfile?
        let target: Int = self["target"]
        if let slot = self["slot"] as Int? {
            network = NetworkProfile(
                slot: slot, interface: self["interface"], url: self["url"], securityProfile: target,
                messageTimeout: self["message_timeout"])
        }
        var change = SecurityProfileChange(
            station: StationID(self["station"]), target: target, previous: self["previous"], network: network,
            priority: self["priority"], state: try word("state"), at: instant("at"))
        change.word = self["word"]
        change.attempts = self["attempts"]
        return change
    }

    fileprivate func customerInquiry() throws(StoreFault) -> CustomerInquiry {
        var inquiry = CustomerInquiry(
            station: StationID(self["station"]), request: self["request"], subject: self["subject"],
            isReport: self["report"], isClear: self["clear"], orderedAt: instant("ordered_at"), by: self["ordered_by"])
        inquiry.status = self["status"]
        inquiry.parts = SequenceRecord(text: self["parts"]) ?? SequenceRecord()
        inquiry.lastAt = optionalInstant("last_at")
        return inquiry
    }
}
