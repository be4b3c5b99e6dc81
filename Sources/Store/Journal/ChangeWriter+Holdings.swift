import Charging
import Operations
import Quantities

extension ChangeWriter {
    func write(_ holding: StationHolding) throws(SQLiteFailure) {
        switch holding {
        case .localList(let record): try write(record)
        case .reservation(let reservation): try write(reservation)
        case .display(let picture): try write(picture)
        case .certificates(let picture): try write(picture)
        case .tariffs(let picture): try write(picture)
        case .webPayments(let setup): try write(setup)
        case .followUp(_, let command, let followUp):
            try statement("UPDATE command SET follow_up = ?, follow_up_object = ?, follow_up_at = ? WHERE id = ?")
                .text(followUp.state.rawValue).text(followUp.object).int(followUp.at.milliseconds).text(command).run()
        case .profile(let station, let one): try write(one, of: station.value)
        case .profileGone(let station, let id):
            try statement("DELETE FROM charging_profile WHERE station = ? AND id = ?").text(station.value).int(id).run()
        case .profileReport(let station, let report, let toldAt): try write(report, toldAt, of: station.value)
        case .outsideLimit(let station, let limit): try write(limit, of: station.value)
        case .outsideLimitGone(let station, let source, let evse):
            try statement("DELETE FROM outside_limit WHERE station = ? AND source = ? AND evse = ?")
                .text(station.value).text(source).int(evse).run()
        }
    }

    private func write(_ one: KeptProfile, of station: String) throws(SQLiteFailure) {
        let profile = one.profile
        try statement(
            "INSERT OR REPLACE INTO charging_profile VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        )
        .text(station).int(profile.id).int(profile.evse).text(profile.source).text(profile.purpose)
        .int(profile.level).text(profile.kind).text(profile.recurrency).int(profile.validFrom?.milliseconds)
        .int(profile.validTo?.milliseconds).text(profile.transaction).text(profile.schedules.text)
        .int(one.setAt?.milliseconds).int(one.toldAt?.milliseconds).int(one.request)
        .int(one.missingSince?.milliseconds).bool(one.differs).int(profile.liveness?.offline)
        .int(profile.liveness.map { $0.isDeadAfterwards ? 1 : 0 as Int64 })
        .int(profile.liveness?.updatedAt?.milliseconds).int(profile.liveness?.updateInterval).run()
    }

    private func write(_ report: ProfileReport, _ toldAt: Instant?, of station: String) throws(SQLiteFailure) {
        let asked = report.criteria
        try statement(
            "INSERT OR REPLACE INTO charging_profile_report VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        )
        .text(station).int(report.request).bool(asked != nil)
        .text(asked?.ids.map { $0.map(String.init).joined(separator: ",") }).int(asked?.evse).text(asked?.purpose)
        .int(asked?.level).text(asked?.sources?.joined(separator: "\n")).int(report.orderedAt?.milliseconds)
        .int(report.firstAt.milliseconds).int(report.lastAt?.milliseconds).int(report.parts).int(report.profiles)
        .int(report.leftOut).bool(report.hasLast).int(toldAt?.milliseconds).run()
    }

    private func write(_ limit: OutsideLimit, of station: String) throws(SQLiteFailure) {
        let profile = limit.profile
        try statement("INSERT OR REPLACE INTO outside_limit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
            .text(station).text(profile.source).int(profile.evse).int(profile.id).int(profile.level)
            .text(profile.kind).text(profile.recurrency).int(profile.validFrom?.milliseconds)
            .int(profile.validTo?.milliseconds).text(profile.schedules.text).bool(limit.isCritical)
            .bool(limit.isLocalGeneration).int(limit.since.milliseconds).int(limit.at.milliseconds)
            .bool(limit.isReported).bool(limit.mayBeLost).run()
    }

    private func write(_ record: LocalListRecord) throws(SQLiteFailure) {
        try statement("INSERT OR REPLACE INTO station_local_list VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
            .text(record.station.value).text(record.scope.rawValue).text(record.tokens.joined(separator: "\n"))
            .bool(record.isAutomatic).int(record.version).int(record.mark.map { Int64(bitPattern: $0) })
            .int(record.entries).int(record.leftOut).int(record.heldVersion).text(record.outcome.rawValue)
            .text(record.word).int(record.at.milliseconds).run()
    }

    private func write(_ one: Reservation) throws(SQLiteFailure) {
        try statement(
            """
            INSERT INTO reservation (station, id, evse, connector_kind, token, token_kind, token_group, expires_at,
                created_at, ordered_by, state, at, word, session, command, open)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (station, id) DO UPDATE SET evse = excluded.evse, connector_kind = excluded.connector_kind,
                token = excluded.token, token_kind = excluded.token_kind, token_group = excluded.token_group,
                expires_at = excluded.expires_at, state = excluded.state, at = excluded.at, word = excluded.word,
                session = excluded.session, command = excluded.command, open = excluded.open
            """
        )
        .text(one.station.value).int(one.id).int(one.asked.evse).text(one.asked.connectorKind).text(one.asked.token)
        .text(one.asked.tokenKind).text(one.asked.group).int(one.asked.expiresAt.milliseconds)
        .int(one.createdAt.milliseconds).text(one.by).text(one.state.rawValue).int(one.at.milliseconds)
        .text(one.word).text(one.session?.value).text(one.command).bool(one.state.isOpen || one.state == .inUse).run()
    }

    /// The whole picture: it is small, and a part of it says nothing.
    private func write(_ picture: DisplayPicture) throws(SQLiteFailure) {
        try statement("DELETE FROM display_message WHERE station = ?").text(picture.station.value).run()
        for message in picture.messages {
            try statement("INSERT INTO display_message VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
                .text(picture.station.value).int(message.id).text(message.priority).text(message.state)
                .text(message.format).text(message.language).text(message.content)
                .int(message.startsAt?.milliseconds).int(message.endsAt?.milliseconds).text(message.transaction).run()
        }
        try statement("INSERT OR REPLACE INTO station_display VALUES (?, ?)")
            .text(picture.station.value).int(picture.toldAt?.milliseconds).run()
    }

    /// The whole picture, too: a list replaces many at once.
    private func write(_ picture: CertificatePicture) throws(SQLiteFailure) {
        try statement("DELETE FROM held_certificate WHERE station = ?").text(picture.station.value).run()
        for (position, item) in picture.items.enumerated() {
            try statement("INSERT INTO held_certificate VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
                .text(picture.station.value).int(position).text(item.use)
                .text(item.hash.map { CertificateNames.text(of: [$0]) }).bool(item.isChild)
                .text(item.source.rawValue).int(item.at.milliseconds).text(item.facts?.subject)
                .int(item.facts?.notAfter.milliseconds).text(item.facts.map { CertificateNames.text(of: $0.hashes) })
                .run()
        }
        try statement("INSERT OR REPLACE INTO station_held_certificates VALUES (?, ?)")
            .text(picture.station.value).int(picture.listedAt?.milliseconds).run()
    }

    func write(_ handler: VendorHandler) throws(SQLiteFailure) {
        try statement("INSERT OR REPLACE INTO vendor_handler VALUES (?, ?, ?, ?, ?, ?)")
            .text(handler.id).text(handler.vendor).text(handler.message).text(handler.url)
            .text(handler.status.rawValue).text(handler.data).run()
    }

    func removeHoldings(of station: String) throws(SQLiteFailure) {
        try statement("DELETE FROM station_local_list WHERE station = ?").text(station).run()
        try statement("DELETE FROM reservation WHERE station = ?").text(station).run()
        try statement("DELETE FROM display_message WHERE station = ?").text(station).run()
        try statement("DELETE FROM station_display WHERE station = ?").text(station).run()
        try statement("DELETE FROM held_certificate WHERE station = ?").text(station).run()
        try statement("DELETE FROM station_held_certificates WHERE station = ?").text(station).run()
        try statement("DELETE FROM charging_profile WHERE station = ?").text(station).run()
        try statement("DELETE FROM charging_profile_report WHERE station = ?").text(station).run()
        try statement("DELETE FROM outside_limit WHERE station = ?").text(station).run()
        try statement("DELETE FROM station_tariff WHERE station = ?").text(station).run()
        try statement("DELETE FROM station_tariffs WHERE station = ?").text(station).run()
        try statement("DELETE FROM web_payment WHERE station = ?").text(station).run()
    }
}

/// How certificates are named, as a text: `ALGORITHM NAME KEY SERIAL`, a line a name.
enum CertificateNames {
    static func text(of hashes: [CertificateHashData]) -> String {
        hashes.map { hash in
            [hash.algorithm, hash.issuerNameHash, hash.issuerKeyHash, hash.serialNumber].map(plain).joined(
                separator: " ")
        }.joined(separator: "\n")
    }

    static func hashes(in text: String) -> [CertificateHashData] {
        text.split(separator: "\n").compactMap { line in
            let parts = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 4 else { return nil }
            return CertificateHashData(
                algorithm: parts[0], issuerNameHash: parts[1], issuerKeyHash: parts[2], serialNumber: parts[3])
        }
    }

    /// Hexadecimal digits have neither; what a station says instead of them may.
    private static func plain(_ word: String) -> String {
        String(word.map { $0.isWhitespace ? "_" : $0 })
    }
}
