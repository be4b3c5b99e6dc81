import Assets
import Charging
import Operations
import Quantities

/// Is anything wrong, and are we where we should be?
enum OverviewPage {
    @Sendable static func show(_ call: Call) async throws(Refusal) -> WebResponse {
        let t = call.words
        let sites = await call.service.sites()
        guard let site = chosen(call, sites) else {
            let layout = Layout(call: call, section: .overview, title: t("overview.title"), format: await call.format())
            return await layout.response(
                Parts.empty(
                    t("overview.nosite"), "<a class=\"button primary\" href=\"/sites\">\(t("overview.nosite.next"))</a>"
                ))
        }
        let format = await call.format(for: site.zone)
        let today = format.zone.civilDay(at: format.now)
        let day = call.request.query["day"].flatMap { CivilDay($0) } ?? today
        let span = format.zone.day(day)
        let points = await call.service.power(of: site.id, in: span)
        let plan = day >= today ? await call.service.plan(of: site.id) : nil
        let root = await call.service.nodes().first { $0.site == site.id && $0.parent == nil }?.id
        let levels = await call.service.priceLevels(of: site.id, in: span)
        let chart = SitePowerChart(day: day, points: points, plan: plan, root: root, levels: levels, format: format)
        let stations = await call.service.allStations().filter { $0.station.site == site.id }
        let alarms = await call.service.alarms(active: true, limit: 100, before: nil)
        let reports = await call.service.dayReports(of: site.id)
        let todayPoints = day == today ? points : await call.service.power(of: site.id, in: format.zone.day(today))

        let content: HTML = """
            \(siteChooser(sites, site, call))
            \(banners(site, todayPoints.last, format))
            <section class="tiles" id="tiles" data-live="power station alarm session" aria-label="\(t("overview.now"))">
            \(tiles(site, stations, alarms, todayPoints, format))
            </section>
            \(Parts.card(t("overview.curve"), id: "curve", live: "power plan", actions: dayControls(day, today, site, call), chart.figure(id: "power")))
            <div class="columns">
            \(Parts.card(t("overview.alarms"), id: "alarms", live: "alarm", actions: "<a class=\"button quiet\" href=\"/alarms\">\(t("action.all"))</a>", alarmList(alarms, format)))
            \(Parts.card(t("overview.verdict"), id: "verdict", actions: "<a class=\"button quiet\" href=\"/reports?site=\(PercentCoding.encode(site.id.value))\">\(t("action.all"))</a>", verdict(reports.first, format)))
            </div>
            """
        return await Layout(
            call: call, section: .overview, title: t("overview.title"), scope: site.name, format: format
        )
        .response(content)
    }

    static func chosen(_ call: Call, _ sites: [Site]) -> Site? {
        guard let id = call.request.query.filled("site") else { return sites.first }
        return sites.first { $0.id.value == id } ?? sites.first
    }

    static func siteChooser(_ sites: [Site], _ site: Site, _ call: Call) -> HTML {
        guard sites.count > 1 else { return .empty }
        let chips: [HTML] = sites.map {
            Parts.chip(
                $0.name, href: call.request.query.query(replacing: "site", with: $0.id.value), chosen: $0.id == site.id)
        }
        return "<nav class=\"chips\" aria-label=\"\(call.words("overview.sites"))\">\(chips)</nav>"
    }

    static func banners(_ site: Site, _ newest: SitePowerPoint?, _ format: Format) -> HTML {
        let t = format.words
        var banners: HTML = .empty
        if let cause = site.mode.cause {
            let tone: HTML = site.mode.state == "stopped" ? "banner-error" : "banner-warn"
            banners += """
                <div class="banner \(tone)" role="status"><strong>\(t("mode." + site.mode.state))</strong> \
                \(t("mode.by", ["by": cause.by, "reason": cause.reason])) \
                <a href="/sites/\(PercentCoding.encode(site.id.value))#mode">\(t("mode.change"))</a></div>
                """
        }
        if newest?.baseIsStale == true {
            banners += "<div class=\"banner banner-warn\" role=\"status\">\(t("overview.stale"))</div>"
        }
        return banners
    }

    private static func tiles(
        _ site: Site, _ stations: [StationView], _ alarms: [Alarm], _ points: [SitePowerPoint], _ format: Format
    ) -> HTML {
        let t = format.words
        let newest = points.last.flatMap { format.now - $0.at <= .minutes(5) ? $0 : nil }
        let evses = stations.flatMap(\.evses)
        let charging = evses.count { $0.status == .charging }
        let active = evses.count { $0.session != nil }
        let online = stations.count(where: \.online)
        let (energy, valley) = today(points)
        let siteQuery = "site=" + PercentCoding.encode(site.id.value)
        let open = alarms.filter { $0.acknowledgedBy == nil }
        return [
            tile(
                t("tile.power"), format.kilowatts(newest?.measured), "kW", href: "#curve",
                note: newest?.limit.map { t("tile.power.limit", ["limit": format.kilowatts($0)]) }
                    ?? t("tile.power.nolimit"),
                extra: gauge(newest, t)),
            tile(
                t("tile.charging"), format.kilowatts(newest?.charging), "kW",
                href: "/stations?state=charging&" + siteQuery,
                note: t("tile.charging.plan", ["planned": format.kilowatts(newest?.planned)])),
            tile(
                t("tile.sessions"), String(active), "", href: "/sessions?status=active&" + siteQuery,
                note: t("tile.sessions.charging", ["n": String(charging)])),
            tile(
                t("tile.energy"), format.kilowattHours(energy), "kWh", href: "/sessions?" + siteQuery,
                note: t("tile.energy.note")),
            tile(
                t("tile.valley"), valley.map { format.percent($0) } ?? Format.none, "",
                href: "/reports?" + siteQuery,
                note: t(valley == nil ? "tile.valley.none" : "tile.valley.note")),
            tile(
                t("tile.online"), "\(online)/\(stations.count)", "", href: "/stations?state=offline&" + siteQuery,
                note: online == stations.count
                    ? t("tile.online.all") : t("tile.online.missing", ["n": String(stations.count - online)]),
                tone: online == stations.count ? "" : "warn"),
            tile(
                t("tile.alarms"), String(open.count), "", href: "/alarms",
                note: open.min { $0.priority.rawValue < $1.priority.rawValue }.map { t("priority." + $0.priority.word) }
                    ?? t("tile.alarms.none"),
                tone: open.contains { $0.priority == .critical } ? "bad" : open.isEmpty ? "" : "warn"),
        ].reduce(.empty, +)
    }

    private static func tile(
        _ label: String, _ value: String, _ unit: String, href: String, note: String, tone: String = "",
        extra: HTML = .empty
    ) -> HTML {
        let unitText: HTML = unit.isEmpty ? "" : " <span class=\"unit\">(\(unit))</span>"
        return """
            <a class="tile \(tone)" href="\(href)"><span class="tile-label">\(label)\(unitText)</span>\
            <span class="tile-value">\(value)</span>\(extra)<span class="tile-note">\(note)</span></a>
            """
    }

    /// How much of the limit is used.
    private static func gauge(_ point: SitePowerPoint?, _ t: Words) -> HTML {
        guard let measured = point?.measured, let limit = point?.limit, limit > .zero else { return .empty }
        let share = max(0, min(100, Int((measured.kilowatts / limit.kilowatts * 100).rounded())))
        return
            "<meter class=\"gauge\" min=\"0\" max=\"100\" high=\"90\" value=\"\(share)\" aria-label=\"\(t("tile.power.share"))\">\(share) %</meter>"
    }

    /// Charging energy so far and the share of it in valley and deep valley; `nil` share where the tariff has no valley
    /// or nothing was charged.
    static func today(_ points: [SitePowerPoint]) -> (Energy, Double?) {
        var total: Int64 = 0
        var valley: Int64 = 0
        var levels: Set<String> = []
        for point in points {
            if let level = point.level { levels.insert(level) }
            let energy = (point.charging ?? .zero).energy(over: .minutes(1)).milliwattHours
            guard energy > 0 else { continue }
            total += energy
            if ["valley", "deep_valley"].contains(point.level) { valley += energy }
        }
        let hasValley = levels.contains("valley") || levels.contains("deep_valley")
        return (
            Energy(milliwattHours: total),
            total > 0 && (hasValley || levels.count > 1) ? Double(valley) / Double(total) : nil
        )
    }

    private static func dayControls(_ day: CivilDay, _ today: CivilDay, _ site: Site, _ call: Call) -> HTML {
        let t = call.words
        let query = call.request.query
        let before = query.query(replacing: "day", with: day.adding(days: -1).description)
        let after = query.query(replacing: "day", with: day.adding(days: 1).description)
        let next: HTML =
            day < today
            ? "<a class=\"button quiet\" href=\"\(after)\" data-key=\"later\" aria-label=\"\(t("action.later"))\">›</a>"
            : ""
        let span = site.zone.day(day)
        let csv =
            "/api/v1/sites/\(PercentCoding.encode(site.id.value))/power?format=csv&bom=1&from=\(PercentCoding.encode(span.start.description))&to=\(PercentCoding.encode(span.end.description))"
        let back = query.query(replacing: "day", with: nil)
        let home: HTML = day == today ? "" : "<a class=\"button quiet\" href=\"/\(back)\">\(t("action.today"))</a>"
        return """
            <a class="button quiet" href="\(before)" data-key="earlier" aria-label="\(t("action.earlier"))">‹</a>\
            <span class="day">\(day.description)</span>\(next)\(home)\(Parts.csv(csv, t))
            """
    }

    private static func alarmList(_ alarms: [Alarm], _ format: Format) -> HTML {
        let t = format.words
        guard !alarms.isEmpty else { return Parts.empty(t("overview.noalarms")) }
        let rows: [HTML] = alarms.sorted { ($0.priority.rawValue, $1.since) < ($1.priority.rawValue, $0.since) }.prefix(
            6
        ).map { alarm in
            """
            <li>\(Parts.priority(alarm.priority, t)) <span>\(Parts.alarmText(alarm, format))</span> \
            <span class="muted">\(format.ago(alarm.since))</span></li>
            """
        }
        return "<ul class=\"alarm-list\">\(rows)</ul>"
    }

    private static func verdict(_ report: DayReport?, _ format: Format) -> HTML {
        let t = format.words
        guard let report else { return Parts.empty(t("overview.noverdict")) }
        return """
            <p class="muted">\(report.day.description) · \(t("series.limit")) \(format.kilowatts(report.limit)) kW</p>
            \(ReportsPage.comparison(report, format))
            """
    }
}
