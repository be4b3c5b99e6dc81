import Assets
import Charging
import Operations
import Quantities

/// Charging sessions, newest first.
enum SessionsPage {
    @Sendable static func show(_ call: Call) async throws(Refusal) -> WebResponse {
        let t = call.words
        let format = await call.format()
        let filter = try SessionsAPI.filter(call)
        let query = call.request.query
        let found = await call.service.sessions(filter, after: try await SessionsAPI.cursor(call), limit: 101)
        let sites = await call.service.sites()
        let names = Dictionary(sites.map { ($0.id, $0.name) }) { a, _ in a }
        let base = FormFields(pairs: query.pairs.filter { $0.name != "cursor" && $0.name != "note" })
        let chips: [HTML] = [(nil, "sessions.all"), ("active", "sessions.active"), ("ended", "sessions.ended")].map {
            value, key in
            Parts.chip(
                t(key), href: "/sessions" + base.query(replacing: "status", with: value),
                chosen: query.filled("status") == value)
        }
        let content: HTML = """
            <form class="filters" method="get" action="/sessions" role="search">
            <input type="search" name="station" value="\(query["station"] ?? "")" placeholder="\(t("sessions.station"))" aria-label="\(t("sessions.station"))" data-key="search">
            \(query.filled("status").map { "<input type=\"hidden\" name=\"status\" value=\"\($0)\">" })
            <button class="button quiet">\(t("action.filter"))</button></form>
            <nav class="chips" aria-label="\(t("sessions.status"))">\(chips)</nav>
            <section id="list" data-live="session">\(list(found, names, base, format))</section>
            """
        let csv = "/api/v1/sessions" + base.query(replacing: "format", with: "csv") + "&bom=1&limit=1000"
        return await Layout(
            call: call, section: .sessions, title: t("sessions.title"), actions: Parts.csv(csv, t), format: format
        )
        .response(content)
    }

    private static func list(_ found: [SessionView], _ names: [SiteID: String], _ query: FormFields, _ format: Format)
        -> HTML
    {
        let t = format.words
        guard !found.isEmpty else {
            let stations: HTML = "<a class=\"button\" href=\"/stations\">\(t("nav.stations"))</a>"
            let isFiltered = ["station", "status", "from", "to", "cursor"].contains { query.filled($0) != nil }
            guard isFiltered else { return Parts.empty(t("sessions.never"), stations) }
            return Parts.empty(
                t("sessions.none"),
                "<a class=\"button\" href=\"/sessions\">\(t("action.clear"))</a> \(stations)")
        }
        let rows: [HTML] = found.prefix(100).map { view in
            let session = view.session
            let end: HTML =
                session.endedAt.map { format.tag($0) }
                ?? "<span class=\"state state-active\">\(t("sessions.running"))</span>"
            let short: HTML? = view.shortage.map {
                "<span class=\"state state-bad\">\(t("sessions.short", ["kwh": format.kilowattHours($0)]))</span>"
            }
            return """
                <tr data-row><th scope="row"><a href="/sessions/\(PercentCoding.encode(session.id.value))">\(session.id.value)</a></th>\
                <td>\(Parts.stationLink(session.evse.station)) <span class="muted">\(session.evse.number)</span></td>\
                <td>\(Parts.siteLink(view.site, names))</td><td>\(format.tag(session.startedAt))</td><td>\(end)</td>\
                <td class="number">\(format.kilowattHours(session.imported))</td><td>\(short)</td><td>\(session.stopReason.map { t.known("reason." + $0) ?? $0 } ?? "")</td></tr>
                """
        }
        let more: HTML? =
            found.count > 100
            ? "<p><a class=\"button\" href=\"/sessions\(query.query(replacing: "cursor", with: found[99].session.id.value))\">\(t("action.more"))</a></p>"
            : nil
        let table = Parts.table(
            Parts.heads(
                t,
                [
                    "sessions.id", "sessions.pile", "sessions.site", "sessions.started", "sessions.endedat",
                    "sessions.energy", "sessions.shortage", "sessions.reason",
                ], numbers: ["sessions.energy"]), rows, caption: t("sessions.title"))
        return "\(table)\(more)"
    }
}

extension SessionView {
    /// What it lacks: by plan while it charges, by its registers once it has ended. Less than 0.1 kWh is the meter's and
    /// the plan's grain, and counts as nothing.
    var shortage: Energy? {
        guard let plan else { return nil }
        var lacking = plan.undelivered
        if session.status == .ended {
            let left = max(.zero, plan.wanted - (session.imported - session.exported))
            // What was only forecast was not asked for: the plan must have seen the shortage too.
            lacking = plan.isForecast ? min(lacking, left) : left
        }
        return lacking > .wattHours(100) ? lacking : nil
    }
}
