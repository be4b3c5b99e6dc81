import Charging
import Operations
import Quantities

extension ChangeWriter {
    /// Beside its session, whose row is written often; most sessions have none.
    func writeAccount(of session: Session) throws(SQLiteFailure) {
        let account = session.account
        guard account != SessionAccount() else { return }
        try statement(
            """
            INSERT OR REPLACE INTO session_account
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """
        )
        .text(session.id.value).text(account.tariff).text(account.told?.total.fraction).text(account.told?.currency)
        .int(account.told?.energy?.milliwattHours).int(account.told?.periods)
        .int(account.told.map { $0.hasFailed ? 1 : 0 as Int64 }).int(account.told?.at.milliseconds)
        .text(account.limits.cost?.fraction).int(account.limits.energy?.milliwattHours).int(account.limits.seconds)
        .int(account.limits.stateOfCharge).int(account.telling.rawValue).text(account.heldLimits.cost?.fraction)
        .int(account.heldLimits.energy?.milliwattHours).int(account.heldLimits.seconds)
        .int(account.heldLimits.stateOfCharge).text(account.reached).int(account.reachedAt?.milliseconds)
        .bool(account.stationActs).int(account.stops).int(account.stateOfCharge).text(account.exportCredit?.fraction)
        .int(account.limitsSetAt?.milliseconds).text(account.losses?.text)
        .text(account.prices?.tariff).text(account.prices?.serviceFee?.fraction).text(account.told?.parts.text).run()
    }

    /// The newest of each EVSE stay.
    func write(_ record: RoundTripRecord) throws(SQLiteFailure) {
        let (station, evse) = (record.evse.station.value, record.evse.number)
        try statement("INSERT OR REPLACE INTO round_trip VALUES (?, ?, ?, ?, ?, ?, ?)")
            .text(station).int(evse).text(record.session.value).int(record.at.milliseconds).int(record.value.low)
            .int(record.value.middle).int(record.value.high).run()
        try statement(
            """
            DELETE FROM round_trip WHERE station = ? AND evse = ? AND session NOT IN (
                SELECT session FROM round_trip WHERE station = ? AND evse = ? ORDER BY at DESC, session DESC LIMIT ?)
            """
        )
        .text(station).int(evse).text(station).int(evse).int([RoundTripRecord].most).run()
    }

    /// The whole picture: it is small, and a part of it says nothing.
    func write(_ picture: StationTariffs) throws(SQLiteFailure) {
        let station = picture.station.value
        try statement("DELETE FROM station_tariff WHERE station = ?").text(station).run()
        for one in picture.held {
            try statement("INSERT INTO station_tariff VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
                .text(station).text(one.id).bool(one.isDrivers)
                .text(one.evses.map(String.init).joined(separator: ",")).int(one.validFrom?.milliseconds)
                .int(one.setAt?.milliseconds).int(one.toldAt?.milliseconds).int(one.missingSince?.milliseconds).run()
        }
        let abilities = picture.abilities
        func flag(_ value: Bool?) -> Int64? { value.map { $0 ? 1 : 0 } }
        try statement("INSERT OR REPLACE INTO station_tariffs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
            .text(station).text(picture.state.rawValue).text(picture.wanted).int(picture.validUntil?.milliseconds)
            .int(picture.elements).text(picture.word).int(picture.changedAt?.milliseconds)
            .int(picture.toldAt?.milliseconds).int(flag(abilities.tariffs)).int(flag(abilities.costs))
            .int(abilities.mostElements).int(flag(abilities.conditions)).int(flag(abilities.settlesHere))
            .text(abilities.limits?.joined(separator: ",")).run()
    }

    func write(_ one: Payment) throws(SQLiteFailure) {
        try statement(
            """
            INSERT INTO payment (id, kind, station, evse, ordered_by, created_at, state, reference, page, reserved,
                max_energy, max_seconds, max_soc, remote_start, session, cost, captured, refunded, step, step_fen,
                attempts, next_try, word, ends_at, changed_at, receipt_id, receipt_url, over)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET state = excluded.state, reference = excluded.reference,
                page = excluded.page, reserved = excluded.reserved, remote_start = excluded.remote_start,
                session = excluded.session, cost = excluded.cost, captured = excluded.captured,
                refunded = excluded.refunded, step = excluded.step, step_fen = excluded.step_fen,
                attempts = excluded.attempts, next_try = excluded.next_try, word = excluded.word,
                ends_at = excluded.ends_at, changed_at = excluded.changed_at, receipt_id = excluded.receipt_id,
                receipt_url = excluded.receipt_url, over = excluded.over
            """
        )
        .text(one.id).text(one.kind.rawValue).text(one.station.value).int(one.evse).text(one.by)
        .int(one.createdAt.milliseconds).text(one.state.rawValue).text(one.reference).text(one.page)
        .int(one.reserved).int(one.limits.energy?.milliwattHours).int(one.limits.seconds)
        .int(one.limits.stateOfCharge).int(one.remoteStart).text(one.session?.value).int(one.cost).int(one.captured)
        .int(one.refunded).text(one.step?.rawValue).int(one.stepFen).int(one.attempts)
        .int(one.nextTry?.milliseconds).text(one.word).int(one.endsAt?.milliseconds).int(one.changedAt.milliseconds)
        .text(one.receiptID).text(one.receiptURL).bool(one.state.isOver).run()
    }

    func write(_ account: PrepaidAccount) throws(SQLiteFailure) {
        try statement("INSERT OR REPLACE INTO prepaid VALUES (?, ?, ?, ?, ?)")
            .text(account.token).int(account.fen).int(account.changedAt.milliseconds)
            .text(account.lastSession?.value).int(account.lastFen).run()
    }

    /// Lists stand in one text each: they are short, and read as a whole.
    func write(_ setup: WebPaymentSetup) throws(SQLiteFailure) {
        func line<Value: CustomStringConvertible>(_ all: [Value]) -> String {
            all.map(\.description).joined(separator: " ")
        }
        let refusals = setup.refusals.sorted { $0.key.rawValue < $1.key.rawValue }
        try statement("INSERT OR REPLACE INTO web_payment VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
            .text(setup.station.value).int(setup.evse).bool(setup.wish.isEnabled).int(setup.wish.validity)
            .int(setup.wish.length).int(setup.wish.fen).text(line(setup.seeds)).text(line(setup.validities))
            .text(line(setup.lengths)).text(line(setup.undecided.map(\.rawValue).sorted()))
            .text(
                refusals.map { "\($0.key.rawValue) \($0.value.filter { !$0.isNewline })" }.joined(separator: "\n")
            )
            .int(setup.changedAt.milliseconds)
            .text(setup.used.map { "\($0.code) \($0.evse) \($0.until.milliseconds)" }.joined(separator: "\n")).run()
    }
}
