import Assets
import Charging
import Operations
import Quantities

/// Which station needs me? Filters stand in the address.
enum StationsPage {
    enum State: String, CaseIterable {
        case all, online, offline, charging, faulted, unfit
        func holds(for view: StationView) -> Bool {
            switch self {
            case .all: true
            case .online: view.online
            case .offline: !view.online
            case .charging: view.evses.contains { $0.status == .charging || $0.session != nil }
            case .faulted: view.evses.contains { $0.status == .faulted }
            case .unfit: view.commissioning?.verdict == .doesNotFollow
            }
        }
        var key: String {
            switch self {
            case .all: "stations.filter.all"
            case .online: "stations.filter.online"
            case .offline: "stations.filter.offline"
            case .charging: "stations.filter.charging"
            case .faulted: "stations.filter.faulted"
            case .unfit: "stations.filter.unfit"
            }
        }
    }
    private static let pageSize = 100

    @Sendable static func show(_ call: Call) async throws(Refusal) -> WebResponse {
        let t = call.words
        let format = await call.format()
        let sites = await call.service.sites()
        let names = Dictionary(sites.map { ($0.id, $0.name) }) { a, _ in a }
        let query = call.request.query
        let state = query["state"].flatMap { State(rawValue: $0) } ?? .all
        let all = await call.service.allStations()
        let scoped = all.filter { view in
            (query.filled("site").map { view.station.site?.value == $0 } ?? true)
                && (query.filled("q").map { matches(view, $0.lowercased()) } ?? true)
        }
        let found = scoped.filter { state.holds(for: $0) }
        let start = query.filled("after").flatMap { after in found.firstIndex { $0.station.id.value > after } } ?? 0
        let shown = found.dropFirst(start).prefix(pageSize)

        let importLink: HTML =
            call.can(.manager) ? "<a class=\"button\" href=\"/stations:import\">\(t("stations.import"))</a>" : ""
        let templates: HTML = "<a class=\"button\" href=\"/device-templates\">\(t("templates.title"))</a>"
        let actions = importLink + templates + Parts.csv("/api/v1/stations?format=csv&bom=1&limit=1000", t)
        let content: HTML = """
            \(filters(state, scoped, sites, call))
            <section id="list" data-live="station session">
            \(list(Array(shown), all.isEmpty, names, format))
            \(more(shown, found, query, t))
            </section>
            """
        return await Layout(
            call: call, section: .stations, title: t("stations.title"),
            scope: t("stations.count", ["shown": String(found.count), "all": String(all.count)]), actions: actions,
            format: format
        ).response(content)
    }

    private static func matches(_ view: StationView, _ text: String) -> Bool {
        let station = view.station
        let fields = [
            station.id.value, station.owner, station.model, station.boot?.vendor, station.boot?.model,
            station.boot?.serial,
            station.node?.value,
        ]
        return fields.contains { $0?.lowercased().contains(text) ?? false }
    }

    private static func filters(_ state: State, _ scoped: [StationView], _ sites: [Site], _ call: Call) -> HTML {
        let t = call.words
        let query = FormFields(pairs: call.request.query.pairs.filter { $0.name != "after" && $0.name != "note" })
        let chips: [HTML] = State.allCases.map { entry in
            Parts.chip(
                t(entry.key),
                href: "/stations" + query.query(replacing: "state", with: entry == .all ? nil : entry.rawValue),
                chosen: entry == state, count: scoped.count { entry.holds(for: $0) })
        }
        let options = sites.map { Parts.option($0.id.value, $0.name, chosen: $0.id.value == query["site"]) }
        let keep: HTML? = state == .all ? nil : "<input type=\"hidden\" name=\"state\" value=\"\(state.rawValue)\">"
        return """
            <form class="filters" method="get" action="/stations" role="search">\(keep)
            <input type="search" name="q" value="\(query["q"] ?? "")" placeholder="\(t("stations.search"))" aria-label="\(t("stations.search"))" data-key="search">
            <select name="site" aria-label="\(t("stations.site"))" data-submit><option value="">\(t("stations.allsites"))</option>\(options)</select>
            <button class="button quiet">\(t("action.filter"))</button>
            </form>
            <nav class="chips" aria-label="\(t("stations.state"))">\(chips)</nav>
            """
    }

    private static func list(_ views: [StationView], _ none: Bool, _ names: [SiteID: String], _ format: Format) -> HTML
    {
        let t = format.words
        guard !views.isEmpty else {
            return none
                ? Parts.empty(
                    t("stations.none"), "<a class=\"button\" href=\"/stations:import\">\(t("stations.import"))</a>")
                : Parts.empty(t("stations.nomatch"), "<a class=\"button\" href=\"/stations\">\(t("action.clear"))</a>")
        }
        let rows: [HTML] = views.map { view in
            let states: [HTML] = view.evses.map { "<div>\(Parts.status($0.status, t))</div>" }
            let powers: [HTML] = view.evses.map {
                "<div>\(format.kilowatts($0.power)) <span class=\"muted\">/ \(format.kilowatts($0.setpoint))</span></div>"
            }
            return """
                <tr data-row><th scope="row">\(Parts.stationLink(view.station.id))<div class="muted">\(view.station.owner ?? "")</div></th>\
                <td>\(Parts.siteLink(view.station.site, names))<div class="muted">\(view.station.node?.value ?? "")</div></td>\
                <td>\(Parts.online(view, format))</td><td>\(states)</td><td class="number">\(powers)</td>\
                <td class="number">\(format.kilowatts(view.station.electrical.maxPower))\(assumed(view.station, t))</td>\
                <td>\(verdict(view.commissioning, t))</td><td>\(maker(view, t))</td></tr>
                """
        }
        let heads: [HTML] = Parts.heads(
            t,
            [
                "stations.col.id", "stations.col.site", "stations.col.link", "stations.col.state", "stations.col.power",
                "stations.col.rating", "stations.col.follows", "stations.col.maker",
            ], numbers: ["stations.col.power", "stations.col.rating"])
        return Parts.table(heads, rows, caption: t("stations.title"))
    }

    static func verdict(_ found: Commissioning?, _ t: Words) -> HTML {
        switch found?.verdict {
        case nil, .unknown: "<span class=\"muted\">\(t("follows.unknown"))</span>"
        case .running: "<span class=\"state state-wait\">\(t("follows.running"))</span>"
        case .follows: "<span class=\"state state-ok\">\(t("follows.yes"))</span>"
        case .doesNotFollow: "<span class=\"state state-bad\">\(t("follows.no"))</span>"
        }
    }

    private static func assumed(_ station: Station, _ t: Words) -> HTML {
        station.electrical.isAssumed ? "<div class=\"muted\">\(t("stations.rating.assumed"))</div>" : .empty
    }

    private static func maker(_ view: StationView, _ t: Words) -> HTML {
        let station = view.station
        // New firmware that is on its way, or did not arrive.
        let update: HTML? = view.firmware.flatMap { job in
            job.state == .done || job.state == .superseded
                ? nil : "<div><span class=\"state state-wait\">\(t("job.state." + job.state.rawValue))</span></div>"
        }
        guard let boot = station.boot else {
            return "<span class=\"muted\">\(station.model ?? Format.none)</span>\(update)"
        }
        return "\(boot.vendor) \(boot.model)<div class=\"muted\">\(boot.firmware ?? "")</div>\(update)"
    }

    private static func more(_ shown: ArraySlice<StationView>, _ found: [StationView], _ query: FormFields, _ t: Words)
        -> HTML
    {
        guard let last = shown.last, last.station.id != found.last?.station.id else { return .empty }
        return
            "<p><a class=\"button\" href=\"/stations\(query.query(replacing: "after", with: last.station.id.value))\">\(t("action.more"))</a></p>"
    }
}
