public import Assets
public import Charging
import GRDB
import OCPPMessages
public import Operations
public import Quantities

// Firmware, logs, files and campaigns, for the platform service.
extension Store {
    /// - Parameters:
    ///   - station: `nil`: of all.
    ///   - before: id of the last job of the page before; nothing follows one that is not there any more.
    public func jobs(
        of station: StationID?, kind: StationJob.Kind?, limit: Int, before: String?
    ) async throws -> [StationJob] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT * FROM station_job WHERE (?1 IS NULL OR station = ?1) AND (?2 IS NULL OR kind = ?2)
                    AND (?3 IS NULL OR position < (SELECT position FROM station_job WHERE id = ?3))
                    ORDER BY position DESC LIMIT ?4
                    """, arguments: [station?.value, kind?.rawValue, before, page(limit)]
            ).map { try $0.job() }
        }
    }

    public func job(_ id: String) async throws -> StationJob? {
        try await read { db in
            try Row.fetchOne(db, sql: "SELECT * FROM station_job WHERE id = ?", arguments: [id])?.job()
        }
    }

    public func files(
        kind: StoredFile.Kind?, station: StationID?, limit: Int, before: String?
    ) async throws -> [StoredFile] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT * FROM stored_file WHERE (?1 IS NULL OR station = ?1) AND (?2 IS NULL OR kind = ?2)
                    AND (?3 IS NULL OR position < (SELECT position FROM stored_file WHERE id = ?3))
                    ORDER BY position DESC LIMIT ?4
                    """, arguments: [station?.value, kind?.rawValue, before, page(limit)]
            ).map { try $0.storedFile() }
        }
    }

    public func file(_ id: String) async throws -> StoredFile? {
        try await read { db in
            try Row.fetchOne(db, sql: "SELECT * FROM stored_file WHERE id = ?", arguments: [id])?.storedFile()
        }
    }

    /// Oldest first.
    public func oldLogs(before bound: Instant, limit: Int) async throws -> [StoredFile] {
        try await read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM stored_file WHERE kind = 'log' AND at < ? ORDER BY position LIMIT ?",
                arguments: [bound.milliseconds, page(limit)]
            ).map { try $0.storedFile() }
        }
    }

    /// For the start, before anything runs: the ids of all files and how many bytes they are.
    public func storedFiles() throws(StoreFault) -> [String: Int64] {
        do {
            return try pool.read { db in
                var all: [String: Int64] = [:]
                for row in try Row.fetchAll(db, sql: "SELECT id, bytes FROM stored_file") {
                    all[row["id"]] = row["bytes"]
                }
                return all
            }
        } catch { throw StoreFault(error, path: DataDirectory.database(in: directory)) }
    }

    /// Newest first.
    public func campaigns(limit: Int, before: String?) async throws -> [CampaignView] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT * FROM campaign
                    WHERE (?1 IS NULL OR position < (SELECT position FROM campaign WHERE id = ?1))
                    ORDER BY position DESC LIMIT ?2
                    """, arguments: [before, page(limit)]
            ).map { try CampaignReading.view($0, db) }
        }
    }

    public func campaign(_ id: String) async throws -> CampaignView? {
        try await read { db in
            try Row.fetchOne(db, sql: "SELECT * FROM campaign WHERE id = ?", arguments: [id]).map {
                try CampaignReading.view($0, db)
            }
        }
    }

    public func targets(of campaign: String, after: Int?, limit: Int) async throws -> [CampaignTarget] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql: "SELECT * FROM campaign_target WHERE campaign = ? AND position > ? ORDER BY position LIMIT ?",
                arguments: [campaign, after ?? -1, page(limit)]
            ).map { try $0.campaignTarget() }
        }
    }
}

/// Campaigns from their tables.
enum CampaignReading {
    static func campaign(_ row: Row, _ db: Database) throws -> Campaign {
        let id: String = row["id"]
        var commands: [OCPPVersion: CampaignPlan.Command] = [:]
        for command in try Row.fetchAll(db, sql: "SELECT * FROM campaign_command WHERE campaign = ?", arguments: [id]) {
            guard let version = OCPPVersion(subprotocol: command["version"]) else {
                throw StoreFault.damaged(.wordDamaged("version", command["version"]))
            }
            commands[version] = CampaignPlan.Command(action: command["action"], payload: command.bytes("payload"))
        }
        var selection = CampaignPlan.Selection()
        selection.stations = (row["stations"] as String?).map(JobPacking.stations)
        selection.site = row.site()
        selection.vendor = row["vendor"]
        selection.model = row["model"]
        selection.firmware = row["firmware"]
        var plan = CampaignPlan(name: row["name"], commands: commands, selection: selection)
        plan.parallel = row["parallel"]
        plan.attempts = row["attempts"]
        plan.wait = .seconds(row["wait_seconds"] as Int64)
        plan.timeout = .seconds(row["timeout_seconds"] as Int64)
        plan.length = .seconds(row["length_seconds"] as Int64)
        plan.file = row["file"]
        return Campaign(
            id: id, plan: plan, by: row["ordered_by"], createdAt: row.instant("created_at"),
            state: try row.word("state"), startedAt: row.optionalInstant("started_at"),
            endsAt: row.optionalInstant("ends_at"), endedAt: row.optionalInstant("ended_at"))
    }

    static func view(_ row: Row, _ db: Database) throws -> CampaignView {
        let campaign = try campaign(row, db)
        var counts: [CampaignTarget.State: Int] = [:]
        for row in try Row.fetchAll(
            db, sql: "SELECT state, COUNT(*) AS count FROM campaign_target WHERE campaign = ? GROUP BY state",
            arguments: [campaign.id])
        {
            counts[try row.word("state")] = row["count"]
        }
        return CampaignView(campaign: campaign, counts: counts)
    }

    /// That have not ended, oldest first.
    static func open(_ db: Database) throws -> [(campaign: Campaign, targets: [CampaignTarget])] {
        try Row.fetchAll(
            db, sql: "SELECT * FROM campaign WHERE state NOT IN ('finished', 'cancelled') ORDER BY position"
        ).map { row in
            let campaign = try campaign(row, db)
            let targets = try Row.fetchAll(
                db, sql: "SELECT * FROM campaign_target WHERE campaign = ? ORDER BY position",
                arguments: [campaign.id]
            ).map { try $0.campaignTarget() }
            return (campaign, targets)
        }
    }

    /// The newest six of a station, those without an end before others, oldest first.
    static func jobs(_ db: Database) throws -> [StationJob] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT * FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY station ORDER BY
                    state IN ('asked', 'accepted', 'running', 'unanswered', 'overdue') DESC, position DESC) AS place
                    FROM station_job) WHERE place <= 6 ORDER BY position
                """
        ).map { try $0.job() }
    }
}

extension Row {
    func job() throws(StoreFault) -> StationJob {
        var order = JobOrder(kind: try word("kind"), location: self["location"])
        order.number = self["number"]
        order.retrieveAt = optionalInstant("retrieve_at")
        order.installAt = optionalInstant("install_at")
        order.retries = self["retries"]
        order.retryInterval = self["retry_interval"]
        // The signature itself stands in the command and with the file.
        order.signature = self["is_signed"] ? "" : nil
        order.checksum = self["checksum"]
        if self["log"] as String? != nil { order.log = try word("log") }
        order.from = optionalInstant("log_from")
        order.to = optionalInstant("log_to")
        return StationJob(
            id: self["id"], station: StationID(self["station"]), order: order, file: self["file"],
            by: self["ordered_by"], askedAt: instant("asked_at"), state: try word("state"), word: self["word"],
            at: instant("at"), dueAt: optionalInstant("due_at"), firmwareBefore: self["firmware_before"],
            firmwareAfter: self["firmware_after"], fileName: self["file_name"], received: self["received"],
            steps: try JobPacking.steps(self["steps"]))
    }

    func storedFile() throws(StoreFault) -> StoredFile {
        StoredFile(
            id: self["id"], kind: try word("kind"), name: self["name"],
            station: (self["station"] as String?).map { StationID($0) }, bytes: self["bytes"], sha256: self["sha256"],
            md5: self["md5"], at: instant("at"), by: self["kept_by"], signature: self["signature"],
            signingCertificate: self["signing_certificate"])
    }

    func campaignTarget() throws(StoreFault) -> CampaignTarget {
        CampaignTarget(
            campaign: self["campaign"], position: self["position"], station: StationID(self["station"]),
            state: try word("state"), attempts: self["attempts"], command: self["command"], word: self["word"],
            at: instant("at"), notBefore: optionalInstant("not_before"))
    }
}
