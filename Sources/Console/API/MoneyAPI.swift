import Assets
import Charging
import Documents
import Operations
import Quantities

/// Tariffs at stations, what sessions cost, how far they may go, and ad hoc payments (OCPP 2.1 I07 to I12, E16, C18 to C25).
enum MoneyAPI {
    // MARK: - Tariffs of a station

    @Sendable static func tariffs(_ call: Call) async throws(Refusal) -> WebResponse {
        let station = try await StationsAPI.station(call).station.id
        let picture = await call.service.tariffs(of: station) ?? StationTariffs(station: station)
        let items = picture.held.map(\.json)
        guard !CSVTable.isWanted(by: call.request) else {
            return Listing(columns: HeldTariff.columns, items: items, nextCursor: nil)
                .response(to: call.request, name: "tariffs")
        }
        return .json([
            "items": .array(items), "next_cursor": .null, "state": .string(picture.state.rawValue),
            "wanted": .string(orNull: picture.wanted), "valid_until": .instant(picture.validUntil),
            "elements": .int(picture.elements), "word": .string(orNull: picture.word),
            "changed_at": .instant(picture.changedAt), "told_at": .instant(picture.toldAt),
            "abilities": picture.abilities.json,
        ])
    }

    @Sendable static func sendTariff(_ call: Call) async throws(Refusal) -> WebResponse {
        try await order(.sendTariff(try await StationsAPI.station(call).station.id), call)
    }
    @Sendable static func readTariffs(_ call: Call) async throws(Refusal) -> WebResponse {
        try await order(.readTariffs(try await StationsAPI.station(call).station.id), call)
    }
    @Sendable static func clearTariffs(_ call: Call) async throws(Refusal) -> WebResponse {
        let station = try await StationsAPI.station(call).station.id
        var fields = try JSONFields(body: call.request)
        fields.check(allowed: ["tariff_ids", "evse_id"])
        let ids = fields.texts("tariff_ids", atMost: StationTariffs.most)
        let evse = fields.integer("evse_id", 0...64)
        if let ids = ids.value, ids.isEmpty || ids.contains(where: { $0.isEmpty || $0.utf8.count > 60 }) {
            fields.refuse("tariff_ids", "1 to 60 characters each are expected; leave it out for all")
        }
        try fields.throwIfAny()
        return try await order(.clearTariffs(station, ids: ids.value, evse: evse.value ?? 0), call)
    }

    private static func order(_ order: MoneyOrder, _ call: Call) async throws(Refusal) -> WebResponse {
        try await CommandsAPI.response(to: try await call.order(.money(order)), call)
    }

    // MARK: - Sessions

    @Sendable static func statement(_ call: Call) async throws(Refusal) -> WebResponse {
        let id = try await SessionsAPI.session(call).session.id
        guard let statement = await call.service.statement(of: id) else { throw .notFound("session", id.value) }
        guard !CSVTable.isWanted(by: call.request) else {
            return Listing(columns: CostLine.columns, items: statement.lines.map(\.json), nextCursor: nil)
                .response(to: call.request, name: "statement-" + id.value)
        }
        return .json(statement.json)
    }

    @Sendable static func putLimits(_ call: Call) async throws(Refusal) -> WebResponse {
        let id = try await SessionsAPI.session(call).session.id
        var fields = try JSONFields(body: call.request)
        fields.check(allowed: ["max_cost_yuan", "max_energy_kwh", "max_seconds", "max_soc_percent"])
        let limits = limits(&fields, withCost: true)
        try fields.throwIfAny()
        _ = try await call.order(.money(.setLimits(id, limits)))
        return .json(try await SessionsAPI.session(call).json)
    }

    /// What is left out has no limit.
    private static func limits(_ fields: inout JSONFields, withCost: Bool) -> TransactionLimits {
        let cost: Int64? =
            withCost ? fields.decimal("max_cost_yuan", scale: 2, 1...100_000_000, "yuan").value : nil
        let energy = fields.decimal("max_energy_kwh", scale: 6, 1_000...10_000_000_000, "kWh").value
        return TransactionLimits(
            cost: cost.map { Rational($0) / Rational(100) }, energy: energy.map { Energy(milliwattHours: $0) },
            seconds: fields.integer("max_seconds", 1...31_536_000).value,
            stateOfCharge: fields.integer("max_soc_percent", 1...100).value)
    }

    // MARK: - Payments

    static func filter(_ call: Call) throws(Refusal) -> PaymentFilter {
        let query = call.request.query
        var filter = PaymentFilter()
        filter.station = query.filled("station").map { StationID($0) }
        filter.search = query.filled("q")
        if let word = query.filled("state") {
            guard let state = Payment.State(rawValue: word) else {
                throw .invalid([
                    .init(
                        path: "state",
                        problem: "one of \(Payment.State.allCases.map(\.rawValue).joined(separator: ", ")) is expected")
                ])
            }
            filter.state = state
        }
        return filter
    }

    static func cursor(_ call: Call) async throws(Refusal) -> String? {
        guard let id = call.cursor else { return nil }
        guard await call.service.payment(id) != nil else { throw Call.unknownCursor }
        return id
    }

    @Sendable static func payments(_ call: Call) async throws(Refusal) -> WebResponse {
        let limit = try call.limit()
        let found = await call.service.payments(
            try filter(call), limit: limit + 1, before: try await cursor(call))
        let page = found.prefix(limit)
        return Listing(
            columns: Payment.columns, items: page.map { $0.json(call.service) },
            nextCursor: found.count > limit ? page.last?.id : nil
        ).response(to: call.request, name: "payments")
    }

    static func payment(_ call: Call) async throws(Refusal) -> Payment {
        let id = call.parameter("id")
        guard let payment = await call.service.payment(id) else { throw .notFound("payment", id) }
        return payment
    }

    @Sendable static func get(_ call: Call) async throws(Refusal) -> WebResponse {
        .json(try await payment(call).json(call.service))
    }

    @Sendable static func begin(_ call: Call) async throws(Refusal) -> WebResponse {
        var fields = try JSONFields(body: call.request)
        fields.check(allowed: [
            "station", "evse_id", "amount_yuan", "psp_ref", "max_energy_kwh", "max_seconds", "max_soc_percent",
        ])
        let station = fields.string("station")
        let evse = fields.integer("evse_id", 1...64)
        let amount = fields.decimal("amount_yuan", scale: 2, 1...100_000_000, "yuan")
        let reference = fields.string("psp_ref")
        let limits = limits(&fields, withCost: false)
        if fields.problems.isEmpty {
            if station.value?.isEmpty ?? true { fields.refuse("station", "a station's id is expected") }
            if evse.value == nil { fields.refuse("evse_id", "the number of an EVSE is expected") }
            if amount.value == nil { fields.refuse("amount_yuan", "the amount to reserve is expected") }
            if reference.value == "" { fields.refuse("psp_ref", "leave it out where there is none") }
        }
        try fields.throwIfAny()
        let wish = PaymentWish(
            station: StationID(station.value ?? ""), evse: evse.value ?? 0, fen: amount.value ?? 0,
            reference: reference.value, limits: limits)
        return try await answer(.beginPayment(wish), call, status: 201)
    }

    @Sendable static func cancel(_ call: Call) async throws(Refusal) -> WebResponse {
        try await steer(.cancel, call)
    }
    @Sendable static func retry(_ call: Call) async throws(Refusal) -> WebResponse { try await steer(.retry, call) }
    @Sendable static func refund(_ call: Call) async throws(Refusal) -> WebResponse {
        try await steer(.refund(try amount(call)), call)
    }
    @Sendable static func capture(_ call: Call) async throws(Refusal) -> WebResponse {
        try await steer(.capture(try amount(call)), call)
    }

    private static func amount(_ call: Call) throws(Refusal) -> Int64 {
        var fields = try JSONFields(body: call.request)
        fields.check(allowed: ["amount_yuan"])
        let amount = fields.decimal("amount_yuan", scale: 2, 1...100_000_000, "yuan")
        if amount.value == nil, fields.problems.isEmpty { fields.refuse("amount_yuan", "an amount is expected") }
        try fields.throwIfAny()
        return amount.value ?? 0
    }

    private static func steer(_ act: PaymentAct, _ call: Call) async throws(Refusal) -> WebResponse {
        try await answer(.steerPayment(try await payment(call).id, act), call)
    }

    private static func answer(_ order: MoneyOrder, _ call: Call, status: Int = 200) async throws(Refusal)
        -> WebResponse
    {
        guard case .payment(let payment) = try await call.order(.money(order)) else {
            throw Refusal(500, "no-payment", "The platform took the order but told no payment; look at the list.")
        }
        return .json(payment.json(call.service), status: status)
    }
}

extension JSONValue {
    /// Fen as yuan with two decimals.
    static func yuan(fen: Int64?) -> JSONValue {
        fen.map { .number((Rational($0) / Rational(100)).text(decimals: 2)) } ?? .null
    }
    static func yuan(_ amount: Rational?) -> JSONValue { amount.map { .number($0.text(decimals: 2)) } ?? .null }
}

extension HeldTariff {
    static let columns = ["id", "kind", "evse_ids", "valid_from", "set_at", "told_at", "missing_since", "standing"]
    var standing: String {
        missingSince != nil ? "missing" : isForeign ? "foreign" : toldAt != nil ? "held" : "set"
    }
    var json: JSONValue {
        [
            "id": .string(id), "kind": .string(isDrivers ? "driver" : "default"),
            "evse_ids": .array(evses.map { .int($0) }), "valid_from": .instant(validFrom), "set_at": .instant(setAt),
            "told_at": .instant(toldAt), "missing_since": .instant(missingSince), "standing": .string(standing),
        ]
    }
}

extension CostAbilities {
    var json: JSONValue {
        func flag(_ value: Bool?) -> JSONValue { value.map { .bool($0) } ?? .null }
        return [
            "tariffs": flag(tariffs), "costs": flag(costs), "max_elements": .int(orNull: mostElements),
            "conditions": flag(conditions),
            "limits": limits.map { .array($0.map { .string($0) }) } ?? .null,
        ]
    }
}

extension TransactionLimits {
    var json: JSONValue {
        [
            "max_cost_yuan": .yuan(cost), "max_energy_kwh": .kilowattHours(energy),
            "max_seconds": .int(orNull: seconds),
            "max_soc_percent": .int(orNull: stateOfCharge),
        ]
    }
}

extension Session {
    /// What there is of money about it, beside its cost.
    var accountJSON: JSONValue {
        [
            "tariff_id": .string(orNull: account.tariff),
            "station_cost_yuan": .yuan(account.told.flatMap { $0.hasFailed ? nil : $0.total }),
            "station_cost_at": .instant(account.told?.at),
            "station_cost_failed": .bool(account.told?.hasFailed ?? false),
            "station_energy_kwh": .kilowattHours(account.told?.energy),
            "difference_fen": .int(orNull: account.difference(from: cost)), "limits": account.limits.json,
            "station_limits": account.heldLimits.json, "limit_reached": .string(orNull: account.reached),
            "limit_reached_at": .instant(account.reachedAt), "export_credit_yuan": .yuan(account.exportCredit),
            "driver_prices": account.prices?.json ?? .null,
            "station_periods": .array((account.told?.parts ?? []).map(\.json)),
        ]
    }
}

extension DriverPrices {
    var json: JSONValue {
        [
            "tariff": .string(orNull: tariff),
            "service_fee_yuan_kwh": serviceFee.map { .number($0.text(atMost: 6)) } ?? .null,
        ]
    }
}

extension StationCost.Part {
    var json: JSONValue {
        ["from": .instant(start), "tariff_id": .string(orNull: tariff), "energy_kwh": .kilowattHours(energy)]
    }
}

extension CostLine {
    static let columns = [
        "direction", "level", "price_yuan_kwh", "fee_yuan_kwh", "energy_kwh", "amount_yuan", "fee_yuan",
    ]
    var json: JSONValue {
        func exact(_ value: Rational?) -> JSONValue { value.map { .number($0.text(atMost: 6)) } ?? .null }
        return [
            "direction": .string(isExport ? "export" : "import"), "level": .string(level),
            "price_yuan_kwh": exact(price),
            "fee_yuan_kwh": exact(fee), "energy_kwh": exact(energy), "amount_yuan": exact(amount),
            "fee_yuan": exact(feeAmount),
        ]
    }
}

extension SessionStatement {
    var json: JSONValue {
        [
            "session": .string(session.id.value), "site": .string(orNull: site?.value), "currency": "CNY",
            "final": .bool(isFinal), "lines": .array(lines.map(\.json)), "energy_yuan": .yuan(energyAmount),
            "service_fee_yuan": .yuan(feeAmount), "total_yuan": .yuan(total), "export_credit_yuan": .yuan(exportCredit),
            "station_cost_yuan": .yuan(session.account.told.flatMap { $0.hasFailed ? nil : $0.total }),
            "difference_fen": .int(orNull: session.account.difference(from: session.cost)),
            "tolerance_fen": .int(orNull: session.cost.map(SessionAccount.tolerance)),
            "imported_kwh": .kilowattHours(session.imported), "exported_kwh": .kilowattHours(session.exported),
            "minimum_kwh": .kilowattHours(session.statedMinimum),
            "round_trip": session.account.losses?.roundTrip?.json() ?? .null,
        ]
    }
}

extension Payment {
    static let columns = [
        "id", "kind", "state", "station", "evse_id", "psp_ref", "session", "reserved_yuan", "cost_yuan",
        "captured_yuan",
        "refunded_yuan", "word", "by", "created_at", "changed_at",
    ]
    func json(_ service: any PlatformService) -> JSONValue {
        [
            "id": .string(id), "kind": .string(kind.rawValue), "state": .string(state.rawValue),
            "station": .string(station.value), "evse_id": .int(evse), "psp_ref": .string(orNull: reference),
            "page_url": .string(orNull: page), "session": .string(orNull: session?.value),
            "remote_start": .int(orNull: remoteStart), "reserved_yuan": .yuan(fen: reserved),
            "cost_yuan": .yuan(fen: cost), "captured_yuan": .yuan(fen: captured), "refunded_yuan": .yuan(fen: refunded),
            "step": .string(orNull: step?.rawValue), "attempts": .int(attempts), "next_try": .instant(nextTry),
            "word": .string(orNull: word), "ends_at": .instant(endsAt), "by": .string(by),
            "created_at": .instant(createdAt), "changed_at": .instant(changedAt),
            "receipt_id": .string(orNull: receiptID),
            "receipt_url": .string(orNull: receiptURL ?? (state == .settled ? service.receiptAddress(of: id) : nil)),
        ]
    }
}
