import Operations
import Quantities

/// Who did what, newest first.
enum AuditPage {
    @Sendable static func show(_ call: Call) async throws(Refusal) -> WebResponse {
        let t = call.words
        let format = await call.format()
        let entries = await call.service.audit(limit: 101, before: try call.numericCursor())
        let rows: [HTML] = entries.prefix(100).map { _, record in
            """
            <tr data-row><td>\(format.precise(record.at))</td><th scope="row">\(record.actor)<div class="muted">\(t.known("role." + record.role) ?? record.role)</div></th>\
            <td>\(t.known("audit." + record.action) ?? record.action)</td><td>\(record.object)</td><td>\(record.detail)</td></tr>
            """
        }
        let table =
            rows.isEmpty
            ? Parts.empty(t("audit.none"))
            : Parts.table(
                Parts.heads(t, ["table.time", "audit.who", "audit.what", "audit.object", "audit.detail"]),
                rows, caption: t("nav.audit"))
        let more: HTML? =
            entries.count > 100
            ? "<p><a class=\"button\" href=\"?cursor=\(String(entries[99].id))\">\(t("action.older"))</a></p>" : nil
        return await Layout(
            call: call, section: .audit, title: t("nav.audit"),
            actions: Parts.csv("/api/v1/audit?format=csv&bom=1&limit=1000", t), format: format
        ).response("<section class=\"card\">\(table)\(more)</section>")
    }
}
