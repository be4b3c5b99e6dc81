import Charging
import Operations
import Quantities

/// `/api/v1/id-tokens`: who may charge.
enum IdTokensAPI {
    @Sendable static func list(_ call: Call) async throws(Refusal) -> WebResponse {
        let limit = try call.limit()
        let tokens = await call.service.idTokens(after: call.cursor, limit: limit + 1)
        let page = tokens.prefix(limit)
        return Listing(
            columns: IdToken.columns, items: page.map { $0.json(call.service.tokenMarker) },
            nextCursor: tokens.count > limit ? page.last?.value : nil
        ).response(to: call.request, name: "id-tokens")
    }

    @Sendable static func get(_ call: Call) async throws(Refusal) -> WebResponse {
        let value = call.parameter("value")
        guard let token = await call.service.idToken(value) else { throw .notFound("id-token", value) }
        return .json(token.json(call.service.tokenMarker))
    }

    @Sendable static func put(_ call: Call) async throws(Refusal) -> WebResponse {
        let value = call.parameter("value")
        var fields = try JSONFields(body: call.request)
        fields.check(
            allowed: [
                "status", "expires_at", "parent", "type", "allowed_energy_transfer", "tariff", "service_fee_yuan_kwh",
            ],
            ignored: ["value", "audit_mark"])
        // 2.x allows 255 characters (idTokenType); 1.6 only 20, which the station's own side keeps.
        if value.unicodeScalars.count > 255
            || value.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F })
        {
            fields.refuse("value", "1 to 255 printable characters are expected")
        }
        let status = fields.word("status", IdToken.Status.self)
        if status.value == nil, fields.problems.isEmpty {
            fields.refuse(
                "status", "one of \(IdToken.Status.allCases.map(\.rawValue).joined(separator: ", ")) is expected")
        }
        let expires = fields.instant("expires_at")
        let parent = fields.string("parent")
        let type = fields.string("type", atMost: 20)
        let transfer = fields.energyTransfer("allowed_energy_transfer")
        let tariff = fields.string("tariff", atMost: 100)
        if tariff.value == "" { fields.refuse("tariff", "a tariff's id is expected; leave it out for the site's") }
        let fee = fields.decimal("service_fee_yuan_kwh", scale: 6, 0...100_000_000, "yuan/kWh", vanishes: true)
        try fields.throwIfAny()
        let token = IdToken(
            value: value, status: status.value ?? .invalid, expiresAt: expires.value, parent: parent.value,
            type: type.value, energyTransfer: transfer.value,
            prices: DriverPrices(
                tariff: tariff.value, serviceFee: fee.value.map { Rational($0) / Rational(1_000_000) }))
        let existed = await call.service.idToken(value) != nil
        _ = try await call.order(.putIdToken(token))
        return .json(token.json(call.service.tokenMarker), status: existed ? 200 : 201)
    }

    @Sendable static func delete(_ call: Call) async throws(Refusal) -> WebResponse {
        let value = call.parameter("value")
        guard await call.service.idToken(value) != nil else { throw .notFound("id-token", value) }
        _ = try await call.order(.deleteIdToken(value))
        return .noContent
    }
}
