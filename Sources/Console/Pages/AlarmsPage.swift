import Assets
import Operations
import Quantities

/// What must a human do now, in which order?
enum AlarmsPage {
    private static let pageSize = 200

    @Sendable static func show(_ call: Call) async throws(Refusal) -> WebResponse {
        let t = call.words
        let format = await call.format()
        let all = call.request.query["show"] == "all"
        let found = await call.service.alarms(active: !all, limit: pageSize + 1, before: try call.numericCursor())
        let alarms = Array(found.prefix(pageSize))
        let ordered =
            all
            ? alarms
            : alarms.sorted {
                ($0.acknowledgedBy == nil ? 0 : 1, $0.priority.rawValue, $1.since) < (
                    $1.acknowledgedBy == nil ? 0 : 1, $1.priority.rawValue, $0.since
                )
            }
        let older: HTML? =
            found.count > pageSize
            ? alarms.last.map { last in
                let href = call.request.query.query(replacing: "cursor", with: String(last.id))
                return "<p><a class=\"button\" href=\"\(href)\">\(t("action.older"))</a></p>"
            } : nil
        let recent = alarms.count { format.now - $0.since <= .minutes(10) }
        let sites = Dictionary(await call.service.sites().map { ($0.id, $0.name) }) { a, _ in a }
        let rows: [HTML] = grouped(ordered).map { row($0, sites, call, format) }
        let table =
            rows.isEmpty
            ? Parts.empty(
                t(all ? "alarms.never" : "alarms.none"),
                all ? .empty : "<a class=\"button\" href=\"/alarms?show=all\">\(t("alarms.history"))</a>")
            : Parts.table(
                Parts.heads(
                    t,
                    ["alarms.priority", "alarms.what", "alarms.action", "alarms.site", "alarms.since", "alarms.state"]),
                rows, caption: t("nav.alarms"))
        let content: HTML = """
            <nav class="chips" aria-label="\(t("alarms.show"))">\(Parts.chip(t("alarms.active"), href: "/alarms", chosen: !all))\(Parts.chip(t("alarms.history"), href: "/alarms?show=all", chosen: all))</nav>
            <section id="list" data-live="alarm" aria-live="polite">
            <p class="muted">\(t("alarms.rate", ["n": String(recent)]))</p>\(table)\(older)</section>
            """
        return await Layout(
            call: call, section: .alarms, title: t("nav.alarms"),
            actions: Parts.csv("/api/v1/alarms?format=csv&bom=1&limit=1000", t), format: format
        ).response(content)
    }

    /// Alarms that came and went again and again are one line: the newest, and how many there were.
    private static func grouped(_ alarms: [Alarm]) -> [[Alarm]] {
        struct Subject: Hashable {
            let code: String
            let object: String
        }
        var groups: [[Alarm]] = []
        var places: [Subject: Int] = [:]
        for alarm in alarms {
            let subject = Subject(code: alarm.code, object: alarm.object)
            if alarm.endedAt != nil, let place = places[subject] {
                groups[place].append(alarm)
            } else {
                if alarm.endedAt != nil { places[subject] = groups.count }
                groups.append([alarm])
            }
        }
        return groups
    }

    private static func row(_ group: [Alarm], _ sites: [SiteID: String], _ call: Call, _ format: Format) -> HTML {
        let t = call.words
        let alarm = group[0]
        let repeats: HTML? =
            group.count > 1
            ? "<div class=\"muted\">\(t("alarms.repeats", ["n": String(group.count), "first": format.moment(group[group.count - 1].since)]))</div>"
            : nil
        let state: HTML
        if let by = alarm.acknowledgedBy {
            state =
                "<span class=\"muted\">\(t("alarms.acknowledged", ["by": by]))</span> \(alarm.acknowledgedAt.map { format.ago($0) })"
        } else if alarm.endedAt == nil, call.can(.operator) {
            state = """
                <form method="post" action="/alarms/\(String(alarm.id))/acknowledge">\(Layout.csrf(call))\
                <button class="button" data-acknowledge>\(t("alarms.acknowledge"))</button></form>
                """
        } else {
            state = "<span class=\"muted\">\(t("alarms.open"))</span>"
        }
        let ended: HTML? = alarm.endedAt.map { "<div class=\"muted\">\(t("alarms.ended")) \(format.tag($0))</div>" }
        return """
            <tr data-row><td>\(Parts.priority(alarm.priority, t))</td><th scope="row">\(Parts.alarmText(alarm, format))<div class="muted">\(Parts.alarmObject(alarm))</div></th>\
            <td>\(t.known("alarm." + alarm.code + ".action") ?? "")</td><td>\(Parts.siteLink(alarm.site, sites))</td>\
            <td>\(format.tag(alarm.since))<div class="muted">\(format.ago(alarm.since))</div>\(ended)\(repeats)</td><td>\(state)</td></tr>
            """
    }

    @Sendable static func acknowledge(_ call: Call) async throws(Refusal) -> WebResponse {
        guard let id = Int64(call.parameter("id")) else { throw .notFound("alarm", call.parameter("id")) }
        _ = try await call.order(.acknowledgeAlarm(id))
        return .seeOther("/alarms?note=acknowledged")
    }
}
