public import Assets
import GRDB
public import Operations
import Quantities

extension Store {
    public func certificates(of station: StationID) async throws -> [CertificateRecord] {
        try await read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM station_certificate WHERE station = ? ORDER BY in_use DESC, at DESC",
                arguments: [station.value]
            ).map { try $0.certificate() }
        }
    }

    /// - Parameter station: `nil`: of all.
    /// - Parameter before: id of the last event of the page before.
    public func securityEvents(
        of station: StationID?, critical: Bool, limit: Int, before: Int64?
    ) async throws -> [StoredSecurityEvent] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT * FROM security_event WHERE id < ?1 \(station == nil ? "" : "AND station = ?3")
                    \(critical ? "AND critical = 1" : "") ORDER BY id DESC LIMIT ?2
                    """,
                arguments: station.map { [before ?? .max, page(limit), $0.value] } ?? [before ?? .max, page(limit)]
            ).map { row in
                StoredSecurityEvent(
                    id: row["id"],
                    event: SecurityEvent(
                        station: StationID(row["station"]), source: try row.word("source"), type: row["type"],
                        at: row.instant("at"), receivedAt: row.instant("received_at"), info: row["info"]))
            }
        }
    }
}

extension Row {
    func certificate() throws(StoreFault) -> CertificateRecord {
        var record = CertificateRecord(
            station: StationID(self["station"]), fingerprint: self["fingerprint"], serialNumber: self["serial"],
            subject: self["subject"], issuer: self["issuer"], notBefore: instant("not_before"),
            notAfter: instant("not_after"), use: self["certificate_use"], requestID: self["request"],
            chain: self["chain"], state: try word("state"), at: instant("at"))
        record.word = self["word"]
        record.attempts = self["attempts"]
        record.isInUse = self["in_use"]
        return record
    }
}
