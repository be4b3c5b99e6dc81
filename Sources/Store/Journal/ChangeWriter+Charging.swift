import Assets
import Charging
import Operations
import Quantities

extension ChangeWriter {
    func write(_ session: Session) throws(SQLiteFailure) {
        // Most writes of a session tell of its newest register: they touch no index.
        let changed = try statement(
            """
            UPDATE session SET transaction_id = ?, id_token = ?, ended_at = ?, stop_reason = ?, register_start = ?,
                register_stop = ?, register_last = ?, register_last_at = ?, imported = ?, exported = ?,
                needs_departure = ?, needs_energy = ?, needs_minimum = ?, needs_charge_now = ?, needs_by = ?,
                needs_at = ?, flags = ?, sequence = ?, charging_state = ?, remote_start = ?, priced_until = ?,
                priced_energy = ?, priced_amount = ?, cost = ?, v2x = ?, dialogue = ?, priced_lines = ?, export_last = ?, export_last_at = ?
            WHERE id = ? AND active = ? AND started_at = ? AND evse = ?
            """
        )
        .text(session.transactionID).text(session.idToken).int(session.endedAt?.milliseconds).text(session.stopReason)
        .int(session.registerStart?.milliwattHours).int(session.registerStop?.milliwattHours)
        .int(session.registerLast?.milliwattHours).int(session.registerLastAt?.milliseconds)
        .int(session.imported.milliwattHours).int(session.exported.milliwattHours)
        .int(session.needs?.departure?.milliseconds).int(session.needs?.energy?.milliwattHours)
        .int(session.needs?.minimum?.milliwattHours).int(session.needs.map { $0.chargeNow ? 1 : 0 as Int64 })
        .text(session.needs?.statedBy).int(session.needs?.statedAt.milliseconds)
        .text(session.flags.joined(separator: "\n")).text(session.course?.sequence.text)
        .text(session.course?.chargingState).int(session.course?.remoteStart.map(Int64.init))
        .int(session.spending?.until.milliseconds).int(session.spending?.energy.milliwattHours)
        .text(session.spending?.amount?.fraction).text(session.cost?.fraction)
        .text(session.v2x.map { NamedValues.text($0.texts) })
        .text(session.dialogue.map { NamedValues.text($0.texts) }).text(session.spending?.lines.text)
        .int(session.exportLast?.milliwattHours).int(session.exportLastAt?.milliseconds)
        .text(session.id.value).bool(session.status == .active).int(session.startedAt.milliseconds)
        .int(session.evse.number).run()
        if changed == 0 { try upsert(session) }
        try writeAccount(of: session)
    }

    private func upsert(_ session: Session) throws(SQLiteFailure) {
        try statement(
            """
            INSERT INTO session (id, station, evse, connector, transaction_id, id_token, active, started_at, ended_at,
                stop_reason, register_start, register_stop, register_last, register_last_at, imported, exported,
                needs_departure, needs_energy, needs_minimum, needs_charge_now, needs_by, needs_at, flags, sequence,
                charging_state, remote_start, priced_until, priced_energy, priced_amount, cost, v2x, dialogue, priced_lines, export_last,
                export_last_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET evse = excluded.evse, connector = excluded.connector,
                transaction_id = excluded.transaction_id, id_token = excluded.id_token,
                active = excluded.active, started_at = excluded.started_at, ended_at = excluded.ended_at,
                stop_reason = excluded.stop_reason, register_start = excluded.register_start,
                register_stop = excluded.register_stop, register_last = excluded.register_last,
                register_last_at = excluded.register_last_at, imported = excluded.imported,
                exported = excluded.exported, needs_departure = excluded.needs_departure,
                needs_energy = excluded.needs_energy, needs_minimum = excluded.needs_minimum,
                needs_charge_now = excluded.needs_charge_now, needs_by = excluded.needs_by,
                needs_at = excluded.needs_at, flags = excluded.flags,
                sequence = excluded.sequence, charging_state = excluded.charging_state,
                remote_start = excluded.remote_start, priced_until = excluded.priced_until,
                priced_energy = excluded.priced_energy, priced_amount = excluded.priced_amount, cost = excluded.cost,
                v2x = excluded.v2x, dialogue = excluded.dialogue,
                priced_lines = excluded.priced_lines, export_last = excluded.export_last,
                export_last_at = excluded.export_last_at
            """
        )
        .text(session.id.value).text(session.evse.station.value).int(session.evse.number).int(session.connector)
        .text(session.transactionID).text(session.idToken).bool(session.status == .active)
        .int(session.startedAt.milliseconds).int(session.endedAt?.milliseconds).text(session.stopReason)
        .int(session.registerStart?.milliwattHours).int(session.registerStop?.milliwattHours)
        .int(session.registerLast?.milliwattHours).int(session.registerLastAt?.milliseconds)
        .int(session.imported.milliwattHours).int(session.exported.milliwattHours)
        .int(session.needs?.departure?.milliseconds).int(session.needs?.energy?.milliwattHours)
        .int(session.needs?.minimum?.milliwattHours).int(session.needs.map { $0.chargeNow ? 1 : 0 as Int64 })
        .text(session.needs?.statedBy).int(session.needs?.statedAt.milliseconds)
        .text(session.flags.joined(separator: "\n")).text(session.course?.sequence.text)
        .text(session.course?.chargingState).int(session.course?.remoteStart.map(Int64.init))
        .int(session.spending?.until.milliseconds).int(session.spending?.energy.milliwattHours)
        .text(session.spending?.amount?.fraction).text(session.cost?.fraction)
        .text(session.v2x.map { NamedValues.text($0.texts) })
        .text(session.dialogue.map { NamedValues.text($0.texts) }).text(session.spending?.lines.text)
        .int(session.exportLast?.milliwattHours).int(session.exportLastAt?.milliseconds).run()
    }

    /// One packed row a message; maintenance moves it into the day's block.
    func write(_ readings: [Reading], session: Session.ID?, evse: EVSEID) throws(SQLiteFailure) {
        guard let first = readings.first else { return }
        try statement("INSERT INTO reading_tail (station, evse, session, at, body) VALUES (?, ?, ?, ?, ?)")
            .text(evse.station.value).int(evse.number).text(session?.value).int(first.at.milliseconds)
            .blob(ReadingRow.pack(readings)).run()
    }
}
