public import Assets
import Charging
import GRDB
public import Operations
import Quantities

extension Store {
    /// Newest first.
    /// - Parameters:
    ///   - station: `nil`: of all.
    ///   - before: place of the last one of the page before (``StoredReservation/place``).
    public func reservations(
        of station: StationID?, limit: Int, before: Int64?
    ) async throws -> [StoredReservation] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT * FROM reservation WHERE place < ?1 \(station == nil ? "" : "AND station = ?3")
                    ORDER BY place DESC LIMIT ?2
                    """,
                arguments: station.map { [before ?? .max, page(limit), $0.value] } ?? [before ?? .max, page(limit)]
            ).map { StoredReservation(place: $0["place"], reservation: try $0.reservation()) }
        }
    }
}

enum HoldingLoading {
    /// What the core needs of lists, reservations, displays and promises.
    static func load(into state: inout CoreState, _ db: Database) throws {
        state.localLists = try Row.fetchAll(db, sql: "SELECT * FROM station_local_list ORDER BY station").map {
            try $0.localList()
        }
        state.reservations = try Row.fetchAll(
            db,
            sql: """
                SELECT * FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY station ORDER BY open DESC, place DESC) AS rank
                    FROM reservation) WHERE open = 1 OR rank <= 8 ORDER BY place
                """
        ).map { try $0.reservation() }
        var messages: [String: [DisplayMessage]] = [:]
        for row in try Row.fetchAll(db, sql: "SELECT * FROM display_message ORDER BY station, id") {
            messages[row["station"], default: []].append(row.displayMessage())
        }
        state.displays = try Row.fetchAll(db, sql: "SELECT * FROM station_display ORDER BY station").map { row in
            var picture = DisplayPicture(station: StationID(row["station"]))
            picture.messages = messages[row["station"]] ?? []
            picture.toldAt = row.optionalInstant("told_at")
            return picture
        }
        var held: [String: [HeldCertificate]] = [:]
        for row in try Row.fetchAll(db, sql: "SELECT * FROM held_certificate ORDER BY station, position") {
            held[row["station"], default: []].append(try row.heldCertificate())
        }
        state.heldCertificates = try Row.fetchAll(db, sql: "SELECT * FROM station_held_certificates ORDER BY station")
            .map { row in
                var picture = CertificatePicture(station: StationID(row["station"]))
                picture.items = held[row["station"]] ?? []
                picture.listedAt = row.optionalInstant("listed_at")
                return picture
            }
        try loadProfiles(into: &state, db)
        state.vendorHandlers = try Row.fetchAll(db, sql: "SELECT * FROM vendor_handler ORDER BY id").map { row in
            VendorHandler(
                id: row["id"], vendor: row["vendor"], message: row["message"], url: row["url"],
                status: try row.word("status"), data: row["data"])
        }
        state.promisedCommands = try Row.fetchAll(
            db, sql: "SELECT * FROM command WHERE follow_up = 'waiting' ORDER BY number DESC LIMIT 10000"
        ).map { try $0.command() }.reversed()
    }

    private static func loadProfiles(into state: inout CoreState, _ db: Database) throws {
        var pictures: [String: StationProfiles] = [:]
        func change(_ station: String, _ change: (inout StationProfiles) -> Void) {
            change(&pictures[station, default: StationProfiles(station: StationID(station))])
        }
        for row in try Row.fetchAll(db, sql: "SELECT * FROM charging_profile ORDER BY station, id") {
            let one = try row.keptProfile()
            change(row["station"]) { _ = $0.put(one) }
        }
        for row in try Row.fetchAll(db, sql: "SELECT * FROM charging_profile_report ORDER BY station") {
            change(row["station"]) {
                $0.report = row.profileReport()
                $0.toldAt = row.optionalInstant("told_at")
            }
        }
        state.profiles = pictures.values.sorted { $0.station < $1.station }
        state.outsideLimits = try Row.fetchAll(
            db, sql: "SELECT * FROM outside_limit ORDER BY station, evse, source"
        ).map { (StationID($0["station"]), try $0.outsideLimit()) }
    }
}

extension Row {
    fileprivate func heldProfile(purpose: String, transaction: String?) throws(StoreFault) -> HeldProfile {
        HeldProfile(
            id: self["id"], evse: self["evse"], purpose: purpose, level: self["level"], kind: self["kind"],
            recurrency: self["recurrency"], validFrom: optionalInstant("valid_from"),
            validTo: optionalInstant("valid_to"), transaction: transaction,
            schedules: [HeldProfile.Schedule](text: self["schedules"]) ?? [], source: self["source"])
    }

    fileprivate func keptProfile() throws(StoreFault) -> KeptProfile {
        var profile = try heldProfile(purpose: self["purpose"], transaction: self["transaction_id"])
        if let isDead = self["dead_after_offline"] as Bool? {
            profile.liveness = HeldProfile.Liveness(
                offline: self["offline_seconds"], isDeadAfterwards: isDead,
                updatedAt: optionalInstant("updated_at"), updateInterval: self["update_seconds"])
        }
        return KeptProfile(
            profile,
            setAt: optionalInstant("set_at"), toldAt: optionalInstant("told_at"), request: self["request"],
            missingSince: optionalInstant("missing_since"), differs: self["differs"])
    }

    fileprivate func profileReport() -> ProfileReport {
        var report = ProfileReport(request: self["request"], firstAt: instant("first_at"))
        if self["is_answered"] {
            report.criteria = ProfileCriteria(
                ids: (self["ids"] as String?).map { $0.split(separator: ",").compactMap { Int($0) } },
                evse: self["evse"], purpose: self["purpose"], level: self["level"],
                sources: (self["sources"] as String?).map { $0.split(separator: "\n").map(String.init) })
        }
        report.orderedAt = optionalInstant("ordered_at")
        report.lastAt = optionalInstant("last_at")
        report.parts = self["parts"]
        report.profiles = self["profiles"]
        report.leftOut = self["left_out"]
        report.hasLast = self["has_last"]
        return report
    }

    fileprivate func outsideLimit() throws(StoreFault) -> OutsideLimit {
        OutsideLimit(
            try heldProfile(purpose: HeldProfile.fromOutside, transaction: nil), isCritical: self["critical"],
            isLocalGeneration: self["local_generation"], since: instant("since"), at: instant("at"),
            isReported: self["is_reported"], mayBeLost: self["may_be_lost"])
    }

    fileprivate func localList() throws(StoreFault) -> LocalListRecord {
        var record = LocalListRecord(station: StationID(self["station"]), at: instant("at"))
        record.scope = try word("scope")
        let tokens: String = self["tokens"]
        record.tokens = tokens.isEmpty ? [] : tokens.split(separator: "\n").map(String.init)
        record.isAutomatic = self["automatic"]
        record.version = self["version"]
        record.mark = (self["mark"] as Int64?).map { UInt64(bitPattern: $0) }
        record.entries = self["entries"]
        record.leftOut = self["left_out"]
        record.heldVersion = self["held_version"]
        record.outcome = try word("outcome")
        record.word = self["word"]
        return record
    }

    fileprivate func reservation() throws(StoreFault) -> Reservation {
        Reservation(
            station: StationID(self["station"]),
            ReservationAsked(
                id: self["id"], evse: self["evse"], connectorKind: self["connector_kind"], token: self["token"],
                tokenKind: self["token_kind"], group: self["token_group"], expiresAt: instant("expires_at")),
            createdAt: instant("created_at"), by: self["ordered_by"], state: try word("state"), at: instant("at"),
            word: self["word"], session: (self["session"] as String?).map { Session.ID($0) },
            command: self["command"])
    }

    fileprivate func displayMessage() -> DisplayMessage {
        DisplayMessage(
            id: self["id"], priority: self["priority"], state: self["state"], format: self["format"],
            language: self["language"], content: self["content"], startsAt: optionalInstant("starts_at"),
            endsAt: optionalInstant("ends_at"), transaction: self["transaction_id"])
    }

    fileprivate func heldCertificate() throws(StoreFault) -> HeldCertificate {
        var facts: CertificateFacts?
        if let subject = self["subject"] as String?, let end = optionalInstant("not_after") {
            facts = CertificateFacts(
                subject: subject, notAfter: end, hashes: CertificateNames.hashes(in: self["hashes"] ?? ""))
        }
        let name: String? = self["hash"]
        return HeldCertificate(
            use: self["certificate_use"], hash: name.flatMap { CertificateNames.hashes(in: $0).first },
            isChild: self["child"], source: try word("source"), at: instant("at"), facts: facts)
    }

    /// What came of a command; `nil` where nothing was promised.
    func followUp() throws(StoreFault) -> CommandFollowUp? {
        guard (self["follow_up"] as String?) != nil, let at = optionalInstant("follow_up_at") else { return nil }
        return CommandFollowUp(try word("follow_up"), object: self["follow_up_object"], at: at)
    }
}
