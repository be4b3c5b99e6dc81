import Credentials
import Documents
import Operations
import Quantities

/// Has the payment provider do what payments ask for: the operator's own service, or an adapter to one, over HTTP.
///
///     POST {provider}/{step}    reserve, look, capture, cancel, refund
///     Idempotency-Key: PM-7-capture
///     {"payment", "psp_ref", "amount_fen", "currency", "station", "evse"}
///     → 200 {"status": "authorized|pending|refused|captured|cancelled|refunded", "psp_ref", "page_url", "amount_fen", "reason"}
///
/// Anything but a 200 that says a status is no answer: the same step is asked again under the same key.
final class PaymentDesk: Sendable {
    private let http: HTTPDesk
    private let provider: String
    private let key: String?
    private static let patience: Duration = .seconds(15)
    /// A card waits at the terminal meanwhile.
    private static let terminalPatience: Duration = .seconds(5)

    /// - Parameter key: the bearer token by which the provider knows us.
    init(http: HTTPDesk, provider: String, key: String?) {
        self.http = http
        self.provider = provider
        self.key = key
    }

    func carry(_ call: PaymentCall) async -> PaymentOutcome {
        await ask(
            call.step, key: call.key,
            [
                "payment": .string(call.payment), "psp_ref": .string(orNull: call.reference),
                "amount_fen": .int(call.fen), "currency": "CNY", "station": .string(call.station.value),
                "evse": .int(call.evse),
            ], within: Self.patience)
    }

    /// What the provider says of a card that a terminal authorized; `nil`: nothing.
    func look(at reference: String, station: String) async -> PaymentAnswer? {
        let outcome = await ask(
            .look, key: nil,
            [
                "payment": .null, "psp_ref": .string(reference), "amount_fen": .null, "currency": "CNY",
                "station": .string(station), "evse": .null,
            ], within: Self.terminalPatience)
        if case .answered(let answer) = outcome { return answer }
        return nil
    }

    private func ask(
        _ step: Payment.Step, key: String?, _ body: JSONValue, within patience: Duration
    ) async -> PaymentOutcome {
        var headers: [(name: String, value: String)] = []
        if let key { headers.append(("Idempotency-Key", key)) }
        if let own = self.key { headers.append(("Authorization", "Bearer " + own)) }
        let bytes: [UInt8]
        do throws(HTTPDesk.Fault) {
            bytes = try await http.post(
                Array(body.text().utf8), type: "application/json", accept: "application/json", headers: headers,
                to: provider + "/" + step.rawValue, within: patience)
        } catch {
            switch error {
            case .tooMany: return .missed("too many requests at a time")
            case .status(let status): return .missed("the provider answered with status \(status)")
            case .failed: return .missed("the provider was not reached, or was too slow")
            }
        }
        guard let told = HookAnswer(bytes), let status = told["status"].flatMap(PaymentAnswer.Status.init(rawValue:))
        else { return .missed("the provider's answer cannot be read") }
        // A page that is no address of the web is no page.
        let page = told["page_url"].flatMap { $0.hasPrefix("https://") || $0.hasPrefix("http://") ? $0 : nil }
        return .answered(
            PaymentAnswer(
                status: status, reference: told["psp_ref"].flatMap { $0.utf8.count <= 255 ? $0 : nil },
                page: page.flatMap { $0.utf8.count <= 2000 ? $0 : nil }, fen: told.number("amount_fen").map(Int64.init),
                reason: told["reason"]))
    }
}

/// Addresses of receipts and of payments that drivers have begun: whoever has one may read it, and nobody guesses it.
struct ReceiptTickets: Sendable {
    enum Purpose: String { case receipt, paying }
    let secret: DigestSecret
    /// Of the console, as drivers reach it; empty: receipts have no address.
    let base: String

    func address(of payment: String) -> String? {
        base.isEmpty ? nil : base + "/receipts/" + ticket(of: payment)
    }
    func ticket(of payment: String, for purpose: Purpose = .receipt) -> String {
        payment + "." + secret.ticketProof(of: purpose.rawValue + "\n" + payment)
    }

    /// The payment behind a ticket that is good.
    func payment(of ticket: String, for purpose: Purpose = .receipt) -> String? {
        let parts = ticket.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2,
            DigestSecret.areEqual(parts[1], secret.ticketProof(of: purpose.rawValue + "\n" + parts[0]))
        else { return nil }
        return parts[0]
    }

    /// What stations make dynamic QR codes of (C25.FR.50); `nil`: drivers have no way here.
    var codeTemplate: String? { base.isEmpty ? nil : base + "/pay/{chargingstationid}/{evse}/{totp}/{version}" }

    /// Secrets and codes, for the core.
    var codeTool: CodeTool? {
        codeTemplate.map { template in
            CodeTool(template: template) { [secret] station, seed in
                secret.codeSecret(station: station.value, seed: seed)
            } isGood: { code, secret, now, validity, length in
                OneTimeCode.isGood(
                    code, secret: secret, seconds: now.milliseconds / 1000, validity: validity, length: length)
            }
        }
    }
}
