import Charging
import Documents
import Operations
import Quantities

/// What is left on a prepaid card (OCPP 2.1 C17): `/api/v1/id-tokens/{value}/credit`.
enum PrepaidAPI {
    private static func token(_ call: Call) async throws(Refusal) -> String {
        let value = call.parameter("value")
        guard let token = await call.service.idToken(value) else { throw .notFound("id-token", value) }
        return token.value
    }

    @Sendable static func get(_ call: Call) async throws(Refusal) -> WebResponse {
        let token = try await token(call)
        let account = await call.service.prepaidAccount(token)
        return .json([
            "token": .string(token), "credit_yuan": .yuan(fen: account?.fen),
            "changed_at": .instant(account?.changedAt),
            "last_session": .string(orNull: account?.lastSession?.value),
            "last_cost_yuan": account?.lastSession == nil ? .null : .yuan(fen: account?.lastFen),
        ])
    }

    /// So much is on it from now on; null: it is no prepaid card.
    @Sendable static func put(_ call: Call) async throws(Refusal) -> WebResponse {
        let token = try await token(call)
        var fields = try JSONFields(body: call.request)
        fields.check(allowed: ["credit_yuan"])
        let credit = fields.decimal("credit_yuan", scale: 2, 0...PrepaidAccount.most, "yuan")
        if case .absent = credit, fields.problems.isEmpty {
            fields.refuse("credit_yuan", "the amount on the card is expected, null where it is none")
        }
        try fields.throwIfAny()
        _ = try await call.order(.money(.credit(token, .set(credit.value))))
        return try await get(call)
    }

    /// Puts more on it, whatever is taken from it meanwhile.
    @Sendable static func add(_ call: Call) async throws(Refusal) -> WebResponse {
        let token = try await token(call)
        var fields = try JSONFields(body: call.request)
        fields.check(allowed: ["amount_yuan"])
        let amount = fields.decimal("amount_yuan", scale: 2, 1...PrepaidAccount.most, "yuan")
        if amount.value == nil, fields.problems.isEmpty { fields.refuse("amount_yuan", "an amount is expected") }
        try fields.throwIfAny()
        _ = try await call.order(.money(.credit(token, .add(amount.value ?? 0))))
        return try await get(call)
    }
}
