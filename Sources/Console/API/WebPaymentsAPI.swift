import Assets
import Charging
import Documents
import Operations
import Quantities

/// Dynamic QR codes of a station (OCPP 2.1 C25, `WebPaymentsCtrlr`): `/api/v1/stations/{id}/web-payments`.
enum WebPaymentsAPI {
    static let validities = 6...3600
    static let lengths = 6...32
    static let usual = WebPaymentWish(isEnabled: true, validity: 30, length: 10, fen: 0)

    @Sendable static func list(_ call: Call) async throws(Refusal) -> WebResponse {
        let station = try await StationsAPI.station(call).station.id
        let setups = await call.service.webPayments(of: station) ?? []
        let items = setups.map(\.json)
        guard !CSVTable.isWanted(by: call.request) else {
            return Listing(columns: WebPaymentSetup.columns, items: items, nextCursor: nil)
                .response(to: call.request, name: "web-payments")
        }
        return .json([
            "items": .array(items), "next_cursor": .null,
            "url_template": .string(orNull: call.service.webPaymentTemplate),
        ])
    }

    @Sendable static func put(_ call: Call) async throws(Refusal) -> WebResponse {
        let station = try await StationsAPI.station(call).station.id
        var fields = try JSONFields(body: call.request)
        fields.check(allowed: ["evse_id", "enabled", "validity_seconds", "length", "amount_yuan", "renew"])
        let evse = fields.integer("evse_id", 0...64).value ?? 0
        var wish = await known(evse, of: station, call)
        wish.isEnabled = fields.bool("enabled").value ?? true
        wish.validity = fields.integer("validity_seconds", validities).value ?? wish.validity
        wish.length = fields.integer("length", lengths).value ?? wish.length
        wish.fen = fields.decimal("amount_yuan", scale: 2, 1...100_000_000, "yuan").value ?? wish.fen
        let renews = fields.bool("renew").value ?? false
        if fields.problems.isEmpty, wish.isEnabled, wish.fen == 0 {
            fields.refuse("amount_yuan", "the amount to reserve for one charge is expected")
        }
        try fields.throwIfAny()
        return try await CommandsAPI.response(
            to: try await order(wish, evse: evse, renews: renews, of: station, call), call)
    }

    /// What is left out stays as it was.
    static func known(_ evse: Int, of station: StationID, _ call: Call) async -> WebPaymentWish {
        await call.service.webPayments(of: station)?.first { $0.evse == evse }?.wish ?? usual
    }

    /// In as few messages as the station takes.
    static func order(
        _ wish: WebPaymentWish, evse: Int, renews: Bool, of station: StationID, _ call: Call
    ) async throws(Refusal) -> OrderResult {
        let picture = await DeviceView(of: station, keys: DeviceView.boundKeys, call.service).picture
        // Values as long as those that will go: here nobody knows the secret.
        let settings = (wish.isEnabled ? WebPaymentSetup.Variable.allCases : [.enabled]).map { variable in
            let value =
                variable == .template
                ? call.service.webPaymentTemplate ?? "" : String(repeating: "x", count: variable == .secret ? 32 : 5)
            return VariableSetting(
                name: VariableName(
                    component: "WebPaymentsCtrlr", evse: evse == 0 ? nil : evse, variable: variable.rawValue),
                value: value)
        }
        let parts = picture.parts(setting: settings).map(\.count)
        return try await call.order(
            .money(.setUpWebPayments(station, evse: evse, wish, renews: renews, parts: parts)))
    }
}

extension WebPaymentSetup {
    static let columns = [
        "evse_id", "state", "enabled", "validity_seconds", "length", "amount_yuan", "undecided", "word",
        "possible_secrets", "changed_at",
    ]
    var json: JSONValue {
        [
            "evse_id": .int(evse), "state": .string(state.rawValue), "enabled": .bool(wish.isEnabled),
            "validity_seconds": .int(wish.validity), "length": .int(wish.length), "amount_yuan": .yuan(fen: wish.fen),
            "undecided": .array(undecided.map(\.rawValue).sorted().map { .string($0) }), "word": .string(orNull: word),
            "possible_secrets": .int(seeds.count), "changed_at": .instant(changedAt),
        ]
    }
}
