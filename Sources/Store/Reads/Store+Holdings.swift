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
        state.vendorHandlers = try Row.fetchAll(db, sql: "SELECT * FROM vendor_handler ORDER BY id").map { row in
            VendorHandler(
                id: row["id"], vendor: row["vendor"], message: row["message"], url: row["url"],
                status: try row.word("status"), data: row["data"])
        }
        state.promisedCommands = try Row.fetchAll(
            db, sql: "SELECT * FROM command WHERE follow_up = 'waiting' ORDER BY number DESC LIMIT 10000"
        ).map { try $0.command() }.reversed()
    }
}

extension Row {
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
