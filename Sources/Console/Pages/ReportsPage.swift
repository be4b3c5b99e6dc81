import Assets
import Operations
import Quantities

/// Each finished day: what was done beside what uncontrolled charging would have done.
enum ReportsPage {
    @Sendable static func show(_ call: Call) async throws(Refusal) -> WebResponse {
        let t = call.words
        let sites = await call.service.sites()
        guard let site = OverviewPage.chosen(call, sites) else {
            return await Layout(call: call, section: .reports, title: t("nav.reports"), format: await call.format())
                .response(
                    Parts.empty(
                        t("overview.nosite"), "<a class=\"button\" href=\"/sites\">\(t("overview.nosite.next"))</a>"))
        }
        let format = await call.format(for: site.zone)
        let reports = await call.service.dayReports(of: site.id)
        let cards: [HTML] = reports.prefix(31).map { report in
            Parts.card(
                report.day.description, id: "day-" + report.day.description,
                actions:
                    "<a class=\"button quiet\" href=\"/?site=\(PercentCoding.encode(site.id.value))&amp;day=\(report.day.description)\">\(t("reports.curve"))</a>",
                "\(comparison(report, format))\(regret(report, format))")
        }
        let content: HTML = """
            \(OverviewPage.siteChooser(sites, site, call))
            \(cards.isEmpty ? Parts.empty(t("reports.none")) : summary(reports, format))
            <div class="columns">\(cards)</div>
            <p class="muted">\(t("reports.method"))</p>
            """
        let csv = "/api/v1/sites/\(PercentCoding.encode(site.id.value))/day-reports?format=csv&bom=1"
        return await Layout(
            call: call, section: .reports, title: t("nav.reports"), scope: site.name, actions: Parts.csv(csv, t),
            format: format
        ).response(content)
    }

    private static func summary(_ reports: [DayReport], _ format: Format) -> HTML {
        let t = format.words
        return """
            <p class="effect">\(t("reports.summary", [
                "days": String(reports.count), "uncontrolled": String(reports.count { $0.uncontrolled.slotsAboveLimit > 0 }),
                "orderly": String(reports.count { $0.orderly.slotsAboveLimit > 0 }),
            ]))</p>
            """
    }

    static func comparison(_ report: DayReport, _ format: Format) -> HTML {
        let t = format.words
        func row(_ key: String, _ value: (DayReport.Side) -> HTML) -> HTML {
            "<tr><th scope=\"row\">\(t(key))</th><td class=\"number\">\(value(report.orderly))</td><td class=\"number\">\(value(report.uncontrolled))</td></tr>"
        }
        let rows = [
            row("reports.energy") { "\(format.kilowattHours($0.energy)) kWh" },
            row("reports.cost") { HTML(escaping: t("unit.yuan", ["amount": yuan($0.costYuan)])) },
            row("reports.peak") { side in
                side.peak > report.limit
                    ? "<span class=\"state state-bad\">\(format.kilowatts(side.peak)) kW</span>"
                    : "\(format.kilowatts(side.peak)) kW"
            },
            row("reports.above") { side in
                side.slotsAboveLimit > 0
                    ? "<span class=\"state state-bad\">\(t("reports.slots", ["n": String(side.slotsAboveLimit)]))</span>"
                    : HTML(escaping: t("reports.slots", ["n": "0"]))
            },
            row("reports.valley") { HTML(escaping: $0.valleyShare.map { format.percent($0) } ?? t("value.undefined")) },
        ]
        return """
            <table class="compare"><thead><tr><td></td><th scope="col">\(t("reports.orderly"))</th><th scope="col">\(t("reports.uncontrolled"))</th></tr></thead>\
            <tbody>\(rows)</tbody></table>
            """
    }

    private static func regret(_ report: DayReport, _ format: Format) -> HTML {
        let t = format.words
        let split = t(
            "reports.regret.split",
            [
                "forecast": yuan(report.regretForecastYuan), "rounding": yuan(report.regretRoundingYuan),
                "notfollowed": yuan(report.regretNotFollowedYuan),
            ])
        let facts = Parts.facts([
            (t("reports.deliverable"), "\(format.kilowattHours(report.deliverable)) kWh"),
            (
                t("reports.valleymax"),
                HTML(escaping: report.valleyShareMaximum.map { format.percent($0) } ?? t("value.undefined"))
            ),
            (t("reports.foresight"), HTML(escaping: t("unit.yuan", ["amount": yuan(report.foresightCostYuan)]))),
        ])
        return "\(facts)<p class=\"muted\">\(t("reports.regret")): \(split)</p>"
    }

    /// Exact decimal text to 2 places.
    private static func yuan(_ text: String) -> String {
        scaledInteger(text, scale: 2).map { Format.fixed($0, scale: 2, decimals: 2) } ?? text
    }
}
