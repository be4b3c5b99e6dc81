import Assets
import Charging
import Operations
import Quantities

/// Who gives and takes at a site now, what its vehicles gave back in the last month, and whether the pilot's figures hold.
enum V2GPage {
    @Sendable static func show(_ call: Call) async throws(Refusal) -> WebResponse {
        try await page(call, try await SitesAPI.site(call))
    }

    static func page(_ call: Call, _ site: Site, _ refused: RefusedForm? = nil) async throws(Refusal) -> WebResponse {
        let t = call.words
        let format = await call.format(for: site.zone)
        let report = try await V2GAPI.report(of: site, call)
        let csv =
            "/api/v1/sites/\(PercentCoding.encode(site.id.value))/v2g?format=csv&bom=1&from=\(PercentCoding.encode(report.interval.start.description))&to=\(PercentCoding.encode(report.interval.end.description))"
        let content: HTML = """
            \(await now(site, call, format))
            \(await GroupPowersCard.form(site, call, refused))
            <div class="columns">
            \(Parts.card(t("v2g.pilot"), id: "pilot", pilot(report, format)))
            \(Parts.card(t("v2g.energy"), id: "energy", energy(report, format)))
            \(Parts.card(t("v2g.money"), id: "money", money(report, site, format)))
            </div>
            \(Parts.card(t("v2g.sessions"), id: "sessions", actions: Parts.csv(csv, t), sessions(report, format)))
            """
        return await Layout(
            call: call, section: .sites, title: t("v2g.title"), scope: site.name,
            actions:
                "<a class=\"button quiet\" href=\"\(SitePage.path(site.id))\">\(t("offline.back"))</a>",
            format: format, liveAddress: path(site.id) + "/now"
        ).response(content, status: refused?.refusal.status ?? 200)
    }

    /// What moves from minute to minute, without the report: what is live on the page is fetched again from here.
    @Sendable static func showNow(_ call: Call) async throws(Refusal) -> WebResponse {
        let site = try await SitesAPI.site(call)
        let format = await call.format(for: site.zone)
        return await Layout(
            call: call, section: .sites, title: call.words("v2g.title"), scope: site.name,
            actions: "<a class=\"button quiet\" href=\"\(path(site.id))\">\(call.words("v2g.whole"))</a>",
            format: format
        ).response(await now(site, call, format))
    }

    private static func path(_ site: SiteID) -> String { SitePage.path(site) + "/v2g" }

    private static func now(_ site: Site, _ call: Call, _ format: Format) async -> HTML {
        let flow = await flow(of: site, call)
        return """
            \(Parts.card(format.words("v2g.flow"), id: "flow", live: "station power", flowFigure(flow, format)))
            \(await FollowChart.card(site, call, format))
            \(await GroupPowersCard.html(site, call, format))
            """
    }

    /// The way to it from the site's page.
    static func card(_ site: Site, _ t: Words) -> HTML {
        Parts.card(
            t("site.v2g"), id: "v2g",
            actions:
                "<a class=\"button quiet\" href=\"\(SitePage.path(site.id))/v2g\">\(t("site.v2g.open"))</a>",
            "<p class=\"muted\">\(t("site.v2g.text"))</p>")
    }

    // MARK: - The picture

    private static func flow(of site: Site, _ call: Call) async -> EnergyFlow {
        let nodes = await call.service.nodes().filter { $0.site == site.id }
        let readings = await call.service.nodeReadings(of: site.id)
        let now = call.service.now
        // As long as dispatch trusts a meter.
        func measured(_ isMeant: (GridNode) -> Bool) -> Power? {
            let fresh = nodes.filter(isMeant).map {
                readings[$0.id].flatMap { now - $0.at <= .seconds(60) ? $0.power : nil }
            }
            guard !fresh.isEmpty, !fresh.contains(nil) else { return nil }
            return fresh.reduce(.zero) { $0 + ($1 ?? .zero) }
        }
        var vehicles = Power.zero
        for view in await call.service.allStations() where view.station.site == site.id {
            for evse in view.evses { vehicles += evse.power ?? .zero }
        }
        return EnergyFlow(
            grid: measured { $0.parent == nil && $0.serves == nil }, pv: measured { $0.serves == .pv },
            building: measured { $0.serves == .building }, storage: measured { $0.serves == .storage },
            vehicles: vehicles)
    }

    private static func flowFigure(_ flow: EnergyFlow, _ format: Format) -> HTML {
        let t = format.words
        func direction(_ part: EnergyFlow.Part) -> String {
            guard let power = flow.towards[part] else { return t("flow.unknown") }
            return power == .zero ? t("flow.still") : t(power > .zero ? "flow.gives" : "flow.takes")
        }
        func size(_ part: EnergyFlow.Part) -> String {
            flow.towards[part].map { format.kilowatts($0 < .zero ? -$0 : $0) } ?? Format.none
        }
        let summary = flow.parts.map { part in
            let amount = flow.towards[part].map { $0 == .zero ? "" : " \(size(part)) kW" } ?? ""
            return "\(t("flow." + part.rawValue)): \(direction(part))\(amount)"
        }
        .joined(separator: t("flow.and"))
        let picture = EnergyFlowPicture(
            flow: flow, summary: summary, label: { t("flow." + $0.rawValue) }, format: format)
        let rows: [HTML] = flow.parts.map {
            "<tr><th scope=\"row\">\(t("flow." + $0.rawValue))</th><td>\(direction($0))</td><td class=\"number\">\(size($0))</td></tr>"
        }
        let table = Parts.table(
            Parts.heads(t, ["flow.part", "flow.direction", "flow.power"], numbers: ["flow.power"]), rows,
            caption: t("v2g.flow"))
        return """
            <figure class="chart-figure"><div class="chart-scroll" tabindex="0" role="region" aria-label="\(t("v2g.flow"))">\(picture.svg(id: "energy-flow"))</div>
            <figcaption>\(summary)</figcaption>
            <details class="as-table"><summary>\(t("v2g.table"))</summary>\(table)</details></figure>
            """
    }

    // MARK: - Figures

    private static func pilot(_ report: V2GReport, _ format: Format) -> HTML {
        let t = format.words
        let power = report.power
        let tones = ["pass": "ok", "fail": "bad", "open": "wait"]
        let powerTone = tones[report.powerOutcome] ?? "off"
        let yearTone = tones[report.yearOutcome] ?? "off"
        let list = Parts.facts([
            (
                t("v2g.rated"),
                "<span class=\"state state-\(powerTone)\">\(format.kilowatts(power.rated)) kW</span> <span class=\"muted\">≥ 500 kW</span>"
            ),
            (t("v2g.measuredpeak"), "\(format.kilowatts(power.measuredPeak)) kW"),
            (
                t("v2g.year", ["year": String(report.year.year)]),
                "<span class=\"state state-\(yearTone)\">\(format.kilowattHours(report.year.discharged)) kWh</span> <span class=\"muted\">≥ 100,000 kWh</span>"
            ),
        ])
        let unstated: HTML? =
            power.unstated > 0
            ? "<p class=\"muted\">\(t("v2g.unstated", ["n": String(power.unstated)]))</p>" : nil
        return "\(list)\(unstated)"
    }

    private static func energy(_ report: V2GReport, _ format: Format) -> HTML {
        let t = format.words
        func share(_ share: Rational?) -> HTML {
            HTML(escaping: share.map { format.percent($0.approximate) } ?? t("value.undefined"))
        }
        let list = Parts.facts([
            (t("v2g.charged"), "\(format.kilowattHours(report.charged)) kWh"),
            (t("v2g.discharged"), "\(format.kilowattHours(report.discharged)) kWh"),
            (t("v2g.cycled"), "\(format.kilowattHours(report.cycled)) kWh"),
            (t("v2g.valley.gross"), share(report.valleyShareGross)),
            (t("v2g.valley.net"), share(report.valleyShareNet)),
            (t("v2g.throughput"), "\(format.kilowattHours(report.throughput)) kWh"),
        ])
        return """
            \(list)<p class="muted">\(t("v2g.valley.method")) \(t(report.lossesAreKnown ? "v2g.losses.known" : "v2g.losses.unknown"))</p>
            """
    }

    private static func money(_ report: V2GReport, _ site: Site, _ format: Format) -> HTML {
        let t = format.words
        func yuan(_ amount: Rational?) -> HTML {
            HTML(
                escaping: amount.map { t("unit.yuan", ["amount": $0.text(decimals: 2)]) }
                    ?? t("v2g.notknown"))
        }
        let list = Parts.facts([
            (t("v2g.earned"), yuan(report.earned)), (t("v2g.importcost"), yuan(report.importCost)),
            (t("v2g.wear"), yuan(report.wear)), (t("v2g.income"), yuan(report.income)),
            (
                t("v2g.virtual"),
                HTML(
                    escaping: report.virtualDistance.map { "\(Format.fixed($0, scale: 3, decimals: 0)) km" }
                        ?? Format.none)
            ),
        ])
        let terms: String =
            site.battery.map { t("v2g.battery", ["price": $0.wearPrice.text(decimals: 4)]) }
            ?? t("v2g.nobattery")
        let measured: HTML? = report.measuredRoundTrip.map {
            "<p>\(t("v2g.measured", ["n": String($0.sessions)])) \(Parts.roundTrip($0.value, t))</p>"
        }
        return "\(list)<p class=\"muted\">\(terms)</p>\(measured)"
    }

    private static func sessions(_ report: V2GReport, _ format: Format) -> HTML {
        let t = format.words
        let shown = report.lines.filter { $0.discharged > .zero }.suffix(50).reversed()
        if shown.isEmpty { return Parts.empty(t("v2g.none")) }
        func yuan(_ amount: Rational?) -> String { amount?.text(decimals: 2) ?? Format.none }
        let rows: [HTML] = shown.map { line in
            """
            <tr data-row><th scope="row"><a href="/sessions/\(PercentCoding.encode(line.session.value))">\(line.session.value)</a></th>\
            <td>\(Parts.stationLink(line.evse.station))</td><td>\(format.tag(line.startedAt))</td>\
            <td class="number">\(format.kilowattHours(line.charged))</td><td class="number">\(format.kilowattHours(line.discharged))</td>\
            <td class="number">\(yuan(line.earned))</td><td class="number">\(yuan(line.wear))</td></tr>
            """
        }
        let keys = [
            "v2g.session", "sessions.pile", "sessions.started", "v2g.charged", "v2g.discharged",
            "v2g.earned", "v2g.wear",
        ]
        return Parts.table(
            Parts.heads(t, keys, numbers: ["v2g.charged", "v2g.discharged", "v2g.earned", "v2g.wear"]),
            rows,
            caption: t("v2g.sessions"))
    }
}
