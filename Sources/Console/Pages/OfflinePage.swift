import Assets
import GridDispatch
import Operations
import Quantities

/// If the platform or the network died now: which limit holds at every node, which piles stop, what each may still draw.
enum OfflinePage {
    @Sendable static func show(_ call: Call) async throws(Refusal) -> WebResponse {
        let site = try await SitesAPI.site(call)
        let t = call.words
        let format = await call.format(for: site.zone)
        guard let outlook = await call.service.offlineOutlook(of: site.id) else {
            throw .notFound("site", site.id.value)
        }
        // Where the base load is known there is more to see.
        let limited = outlook.nodes.filter { $0.limit != nil }
        let nodes = limited.filter { $0.course.base != nil } + limited.filter { $0.course.base == nil }
        let figures: [HTML] = nodes.enumerated().map { index, node in
            Parts.card(node.node.value, id: "node-\(index + 1)", figure(node, outlook, index, format))
        }
        let csv = "/api/v1/sites/\(PercentCoding.encode(site.id.value))/offline?format=csv&bom=1"
        let content: HTML = """
            <section class="card" id="verdict" data-live="station plan">\(verdict(outlook, format))\
            <p class="muted">\(t("offline.method"))</p></section>
            \(nodes.isEmpty ? Parts.empty(t("offline.nolimits")) : .empty)
            <div class="columns">\(figures)</div>
            \(Parts.card(t("offline.piles"), id: "piles", live: "station", actions: Parts.csv(csv, t), piles(outlook, format)))
            """
        return await Layout(
            call: call, section: .sites, title: t("offline.title"), scope: site.name,
            actions: "<a class=\"button quiet\" href=\"\(SitePage.path(site.id))\">\(t("offline.back"))</a>",
            format: format
        ).response(content)
    }

    /// The answer in two sentences: do the limits hold, and who stops.
    static func verdict(_ outlook: OfflineOutlook, _ format: Format) -> HTML {
        let t = format.words
        let bases = Dictionary(grouping: outlook.piles, by: \.basis).mapValues(\.count)
        let stopping = outlook.piles.count { $0.isCharging && $0.stopsAt != nil }
        let holds: HTML
        if let broken = outlook.violation {
            let values = [
                "node": broken.node.value, "at": format.moment(broken.at), "limit": format.kilowatts(broken.limit),
                "sum": format.kilowatts(broken.base + broken.charging),
            ]
            holds =
                "<p class=\"effect\"><span class=\"state state-bad\">\(t("offline.broken"))</span> \(t("offline.broken.text", values))</p>"
        } else {
            let isLimited = outlook.nodes.contains { $0.limit != nil }
            holds =
                "<p class=\"effect\"><span class=\"state state-\(isLimited ? "ok" : "off")\">\(t(isLimited ? "offline.holds" : "offline.nolimits"))</span></p>"
        }
        let counts = [
            "fallback": String(bases[.fallback] ?? 0), "rating": String(bases[.rating] ?? 0),
            "ignoring": String(bases[.ignoresProfiles] ?? 0), "absent": String(bases[.absent] ?? 0),
            "charging": String(outlook.piles.count(where: \.isCharging)), "stopping": String(stopping),
        ]
        return "\(holds)<p>\(t("offline.counts", counts)) \(t("offline.stopping", counts))</p>"
    }

    // MARK: - Nodes

    private static func figure(_ node: OfflineOutlook.Node, _ outlook: OfflineOutlook, _ index: Int, _ format: Format)
        -> HTML
    {
        let t = format.words
        let moments = node.course.charging.indices.map { outlook.at + outlook.step * $0 }
        let base = node.course.base ?? node.course.charging.map { _ in .zero }
        let total = zip(base, node.course.charging).map(+)
        let peak = total.indices.max { total[$0] < total[$1] } ?? 0
        let limit = node.limit ?? .zero
        let values = [
            "peak": format.kilowatts(total.isEmpty ? nil : total[peak]), "at": format.moment(moments[peak]),
            "limit": format.kilowatts(limit), "charging": format.kilowatts(node.course.charging[peak]),
        ]
        let isAbove = total.contains { $0 > limit }
        let summary = t(isAbove ? "offline.node.above" : "offline.node.below", values)
        let end = outlook.at + outlook.step * moments.count
        func points(_ powers: [Power]) -> [(at: Instant, kilowatts: Double?)] {
            let steps = zip(moments, powers).map { (at: $0, kilowatts: Optional($1.kilowatts)) }
            return steps + [(at: end, kilowatts: powers.last?.kilowatts)]
        }
        var lines = [
            LineChart.Line(name: "worst", label: t("series.worst"), points: points(total), stepped: true),
            LineChart.Line(
                name: "limit", label: t("series.limit"), points: points(moments.map { _ in limit }), stepped: true),
        ]
        if node.course.base != nil {
            lines.insert(
                .init(name: "base", label: t("series.quantile"), points: points(base), stepped: true, filled: true),
                at: 0)
        }
        let chart = LineChart(
            span: Interval(outlook.at, end), lines: lines, summary: summary, unit: "kW", format: format, width: 760,
            height: 240)
        let unknown: HTML? = node.course.base == nil ? "<p class=\"muted\">\(t("offline.nobase"))</p>" : nil
        return """
            <figure class="chart-figure">\(chart.legend())
            <div class="chart-scroll" tabindex="0" role="region" aria-label="\(node.node.value)">\(chart.svg(id: "offline-\(index + 1)"))</div>
            <figcaption>\(summary)</figcaption>\(unknown)
            <details class="as-table"><summary>\(t("offline.table"))</summary>\(table(moments, base, node, format))</details></figure>
            """
    }

    private static func table(
        _ moments: [Instant], _ base: [Power], _ node: OfflineOutlook.Node, _ format: Format
    ) -> HTML {
        let t = format.words
        let rows: [HTML] = moments.indices.map { k in
            let sum = base[k] + node.course.charging[k]
            let over: HTML = sum > (node.limit ?? sum) ? " class=\"over\"" : ""
            return """
                <tr\(over)><th scope="row">\(format.moment(moments[k]))</th><td class="number">\(format.kilowatts(base[k]))</td>\
                <td class="number">\(format.kilowatts(node.course.charging[k]))</td><td class="number">\(format.kilowatts(sum))</td>\
                <td class="number">\(format.kilowatts(node.limit))</td></tr>
                """
        }
        let numbers: Set = ["series.quantile", "offline.charging", "series.worst", "series.limit"]
        return Parts.table(
            Parts.heads(
                t, ["table.time", "series.quantile", "offline.charging", "series.worst", "series.limit"],
                numbers: numbers), rows, caption: node.node.value)
    }

    // MARK: - Piles

    private static func piles(_ outlook: OfflineOutlook, _ format: Format) -> HTML {
        let t = format.words
        guard !outlook.piles.isEmpty else { return Parts.empty(t("offline.nopiles")) }
        // What a person would look for first: who loses power, then who could draw too much.
        let order: [OfflineOutlook.Pile.Basis: Int] = [.ignoresProfiles: 1, .rating: 2, .fallback: 3, .absent: 4]
        func rank(_ pile: OfflineOutlook.Pile) -> Int {
            pile.isCharging && pile.stopsAt != nil ? 0 : order[pile.basis] ?? 5
        }
        let sorted = outlook.piles.sorted { (rank($0), $0.evse) < (rank($1), $1.evse) }
        let rows: [HTML] = sorted.map { pile in
            let least = pile.course.min() ?? .zero
            let most = pile.course.max() ?? .zero
            let summary = t(
                "profiles.course.summary", ["least": format.kilowatts(least), "most": format.kilowatts(most)])
            return """
                <tr data-row><th scope="row">\(Parts.stationLink(pile.evse.station)) / \(String(pile.evse.number))</th>\
                <td>\(pile.node?.value ?? Format.none)</td><td>\(basis(pile, t))</td>\
                <td class="number">\(pile.course.first.map { format.kilowatts($0) } ?? Format.none)</td><td>\(pile.heldUntil.map { format.tag($0) })</td>\
                <td>\(CoursePicture(values: pile.course, top: pile.rating, summary: summary).svg)<div class="muted">\(format.range(pile.course))</div></td>\
                <td>\(stop(pile, format))</td></tr>
                """
        }
        return Parts.table(
            Parts.heads(
                t,
                [
                    "offline.pile", "node.id", "offline.basis", "offline.now", "offline.until", "profiles.course",
                    "offline.consequence",
                ], numbers: ["offline.now"]), rows, caption: t("offline.piles"))
    }

    private static func basis(_ pile: OfflineOutlook.Pile, _ t: Words) -> HTML {
        let tone =
            switch pile.basis {
            case .fallback: "ok"
            case .rating, .ignoresProfiles: "bad"
            case .absent: "off"
            }
        return "<span class=\"state state-\(tone)\">\(t("basis." + pile.basis.rawValue))</span>"
    }

    private static func stop(_ pile: OfflineOutlook.Pile, _ format: Format) -> HTML {
        let t = format.words
        guard pile.basis != .absent else { return HTML(escaping: Format.none) }
        guard let at = pile.stopsAt else { return HTML(escaping: t("offline.goeson")) }
        let text = t(pile.isCharging ? "offline.stops" : "offline.gives", ["at": format.moment(at)])
        return pile.isCharging ? "<strong>\(text)</strong>" : "<span class=\"muted\">\(text)</span>"
    }
}
