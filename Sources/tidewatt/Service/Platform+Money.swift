import Assets
import Charging
import Operations

extension Platform {
    func tariffs(of station: StationID) async -> StationTariffs? {
        await loop.read { $0.tariffs(of: station) } ?? nil
    }
    /// Of a session that is in memory from there, else from the disk.
    func statement(of session: Session.ID) async -> SessionStatement? {
        if let live = await loop.read({ $0.statement(of: session) }) ?? nil { return live }
        return await self.session(session).map { SessionStatement($0.session, site: $0.site) }
    }
    /// Which ones is answered from the disk; what the core still holds of them is newer.
    func payments(_ filter: PaymentFilter, limit: Int, before: String?) async -> [Payment] {
        await settle()
        let kept = await reading { try await self.store.payments(filter, limit: limit, before: before) } ?? []
        return await loop.read { core in kept.map { core.payment($0.id) ?? $0 } } ?? kept
    }
    func payment(_ id: String) async -> Payment? {
        if let live = await loop.read({ $0.payment(id) }) ?? nil { return live }
        return await reading { try await self.store.payment(id) } ?? nil
    }
    func payment(receipt ticket: String) async -> Payment? {
        guard let id = receipts.payment(of: ticket) else { return nil }
        return await payment(id)
    }
    func receiptAddress(of payment: String) -> String? { receipts.address(of: payment) }

    func prepaidAccount(_ token: String) async -> PrepaidAccount? {
        await loop.read { $0.prepaidAccount(token) } ?? nil
    }
    func webPayments(of station: StationID) async -> [WebPaymentSetup]? {
        await loop.read { $0.webPayments(of: station) } ?? nil
    }
    var webPaymentTemplate: String? { receipts.codeTemplate }
    func payTicket(of payment: String) -> String { receipts.ticket(of: payment, for: .paying) }
    func payment(paying ticket: String) async -> Payment? {
        guard let id = receipts.payment(of: ticket, for: .paying) else { return nil }
        return await payment(id)
    }
}
