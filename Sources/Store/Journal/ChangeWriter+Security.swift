import Operations

extension ChangeWriter {
    /// The chain stays as it was first written: the core lets go of it when the station has answered.
    func write(_ record: CertificateRecord) throws(SQLiteFailure) {
        try statement(
            """
            INSERT INTO station_certificate VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (station, fingerprint) DO UPDATE SET state = excluded.state, at = excluded.at,
                word = excluded.word, attempts = excluded.attempts, in_use = excluded.in_use
            """
        )
        .text(record.station.value).text(record.fingerprint).text(record.serialNumber).text(record.subject)
        .text(record.issuer).int(record.notBefore.milliseconds).int(record.notAfter.milliseconds).text(record.use)
        .int(record.requestID).text(record.chain).text(record.state.rawValue).int(record.at.milliseconds)
        .text(record.word).int(record.attempts).bool(record.isInUse).run()
        try statement(
            """
            DELETE FROM station_certificate WHERE station = ?1 AND fingerprint NOT IN (
                SELECT fingerprint FROM station_certificate WHERE station = ?1 ORDER BY in_use DESC, at DESC LIMIT 16)
            """
        ).text(record.station.value).run()
    }

    /// An event that is told again is the same event.
    func write(_ event: SecurityEvent) throws(SQLiteFailure) {
        try statement(
            """
            INSERT INTO security_event (station, source, type, at, received_at, info, critical)
            SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE NOT EXISTS (
                SELECT 1 FROM security_event WHERE station = ?1 AND at = ?4 AND type = ?3 AND info IS ?6)
            """
        )
        .text(event.station.value).text(event.source.rawValue).text(event.type).int(event.at.milliseconds)
        .int(event.receivedAt.milliseconds).text(event.info).bool(event.isCritical).run()
    }
}
