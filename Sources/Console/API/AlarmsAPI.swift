import Operations

/// `/api/v1/alarms`: what a human must do now; and `/api/v1/audit`: who did what.
enum AlarmsAPI {
    @Sendable static func list(_ call: Call) async throws(Refusal) -> WebResponse {
        let limit = try call.limit()
        let found = await call.service.alarms(
            active: try call.flag("active") ?? false, limit: limit + 1, before: try call.numericCursor())
        let page = found.prefix(limit)
        return Listing(
            columns: Alarm.columns, items: page.map(\.json),
            nextCursor: found.count > limit ? page.last.map { String($0.id) } : nil
        ).response(to: call.request, name: "alarms")
    }

    @Sendable static func acknowledge(_ call: Call) async throws(Refusal) -> WebResponse {
        let text = call.parameter("id")
        guard let id = Int64(text) else { throw .notFound("alarm", text) }
        guard case .alarm(let alarm) = try await call.order(.acknowledgeAlarm(id)) else { return .noContent }
        return .json(alarm.json)
    }

    @Sendable static func audit(_ call: Call) async throws(Refusal) -> WebResponse {
        let limit = try call.limit()
        let entries = await call.service.audit(limit: limit + 1, before: try call.numericCursor())
        let page = entries.prefix(limit)
        return Listing(
            columns: AuditRecord.columns, items: page.map { $0.record.json(id: $0.id) },
            nextCursor: entries.count > limit ? page.last.map { String($0.id) } : nil
        ).response(to: call.request, name: "audit")
    }
}
