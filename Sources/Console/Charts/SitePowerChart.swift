import Assets
import GridDispatch
import Operations
import Quantities

/// One civil day of a site: measured, planned, limit and base load over the price levels, and the same as a table.
struct SitePowerChart {
    /// One row of the table and one point of the lines: a mean over `interval`.
    struct Row {
        let interval: Interval
        var measured: Double?
        var planned: Double?
        var limit: Double?
        var base: Double?
        var level: String?
        var baseIsStale = false
    }
    let span: Interval
    let rows: [Row]
    /// 15-minute slots for the table.
    let slots: [Row]
    let levels: [PriceLevelSpan]
    let format: Format

    init(day: CivilDay, points: [SitePowerPoint], plan: Plan?, root: NodeID?, levels: [PriceLevelSpan], format: Format)
    {
        span = format.zone.day(day)
        self.format = format
        rows = SitePowerChart.means(points, span, step: .minutes(5), plan: plan, root: root, now: format.now)
        slots = SitePowerChart.means(points, span, step: .minutes(15), plan: plan, root: root, now: format.now)
        self.levels = levels.isEmpty ? SitePowerChart.levels(of: points) : levels
    }

    private static func means(
        _ points: [SitePowerPoint], _ span: Interval, step: Duration, plan: Plan?, root: NodeID?, now: Instant
    ) -> [Row] {
        let count = Int(span.duration.wholeMilliseconds / step.wholeMilliseconds)
        var buckets = [[SitePowerPoint]](repeating: [], count: count)
        for point in points where span.contains(point.at) {
            let index = Int((point.at - span.start).wholeMilliseconds / step.wholeMilliseconds)
            if index < count { buckets[index].append(point) }
        }
        func mean(_ bucket: [SitePowerPoint], _ pick: (SitePowerPoint) -> Power?) -> Double? {
            let values = bucket.compactMap { pick($0)?.kilowatts }
            return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
        }
        let load = plan?.nodes.first { $0.node == root } ?? plan?.nodes.first
        return (0..<count).map { index in
            let interval = Interval(span.start + step * index, span.start + step * (index + 1))
            let bucket = buckets[index]
            var row = Row(interval: interval)
            row.measured = mean(bucket, \.measured)
            row.planned = mean(bucket, \.planned)
            row.limit = mean(bucket, \.limit)
            row.base = mean(bucket, \.base)
            row.level = bucket.first?.level
            row.baseIsStale = bucket.contains(where: \.baseIsStale)
            // What lies ahead comes from the plan in force.
            if bucket.isEmpty, interval.start >= now - .minutes(15), let plan, let load {
                let slots = Series(start: plan.start, step: plan.step, values: load.total)
                if let slot = slots.index(at: interval.start) {
                    row.planned = load.total[slot].kilowatts
                    if slot < load.base.count { row.base = load.base[slot].kilowatts }
                    row.limit = load.limit?.kilowatts
                }
            }
            return row
        }
    }

    /// Neighbouring minutes of one level.
    private static func levels(of points: [SitePowerPoint]) -> [PriceLevelSpan] {
        var spans: [PriceLevelSpan] = []
        for point in points {
            guard let level = point.level else { continue }
            let end = point.at + .minutes(1)
            if let last = spans.last, last.level == level, point.at - last.interval.end <= .minutes(15),
                point.at >= last.interval.start
            {
                spans[spans.count - 1] = PriceLevelSpan(
                    interval: Interval(last.interval.start, max(end, last.interval.end)), level: level)
            } else {
                spans.append(PriceLevelSpan(interval: Interval(point.at, end), level: level))
            }
        }
        return spans
    }

    private func line(_ name: String, stepped: Bool = false, filled: Bool = false, _ pick: (Row) -> Double?)
        -> LineChart.Line
    {
        let middle: Duration = stepped ? .zero : .seconds(150)
        var points = rows.map { (at: $0.interval.start + middle, kilowatts: pick($0)) }
        // A stepped line also covers its last step.
        if stepped, let last = rows.last { points.append((last.interval.end, pick(last))) }
        return .init(
            name: name, label: format.words("series." + name), points: points, stepped: stepped, filled: filled)
    }

    func figure(id: String) -> HTML {
        let t = format.words
        let chart = LineChart(
            span: span,
            lines: [
                line("base", filled: true) { $0.base }, line("measured") { $0.measured },
                line("planned", stepped: true) { $0.planned }, line("limit", stepped: true) { $0.limit },
            ],
            bands: levels.map { .init(interval: $0.interval, name: $0.level, label: Parts.level($0.level, t)) },
            marks: span.contains(format.now) ? [.init(at: format.now, label: t("chart.now"), name: "now")] : [],
            summary: summary, unit: "kW", format: format)
        return """
            <figure class="chart-figure">
            \(chart.legend())
            <div class="chart-scroll" tabindex="0" role="region" aria-label="\(t("chart.power"))">\(chart.svg(id: id))</div>
            <figcaption>\(summary)</figcaption>
            <details class="as-table"><summary>\(t("chart.table"))</summary>\(table)</details>
            </figure>
            """
    }

    /// One sentence: the highest slot against the limit, and the gaps.
    var summary: String {
        let t = format.words
        let measured = slots.filter { $0.measured != nil }
        guard let peak = measured.max(by: { ($0.measured ?? 0) < ($1.measured ?? 0) }), let top = peak.measured else {
            return t("chart.summary.none")
        }
        var values = [
            "peak": Format.fixed(Int64((top * 1000).rounded()), scale: 3, decimals: 1),
            "at": format.time(peak.interval.start),
        ]
        let above = measured.count { row in row.limit.map { (row.measured ?? 0) > $0 } ?? false }
        values["above"] = String(above)
        guard let limit = peak.limit else { return t("chart.summary.nolimit", values) }
        values["limit"] = Format.fixed(Int64((limit * 1000).rounded()), scale: 3, decimals: 1)
        return t(above == 0 ? "chart.summary.below" : "chart.summary.above", values)
    }

    private var table: HTML {
        let t = format.words
        func cell(_ value: Double?) -> HTML {
            let text = value.map { Format.fixed(Int64(($0 * 1000).rounded()), scale: 3, decimals: 1) } ?? Format.none
            return "<td class=\"number\">\(text)</td>"
        }
        let body: [HTML] = slots.enumerated().map { index, row in
            let level = row.level ?? levels.first { $0.interval.contains(row.interval.start) }?.level
            let over = row.measured.flatMap { m in row.limit.map { m > $0 } } ?? false
            let mark: HTML = over ? " class=\"over\"" : ""
            let stale: HTML = row.baseIsStale ? " <span class=\"stale\" title=\"\(t("chart.stale"))\">*</span>" : ""
            return """
                <tr\(mark)><th scope="row">\(index + 1)</th><td>\(format.time(row.interval.start))–\(endTime(row))</td>\
                \(cell(row.measured))\(cell(row.planned))\(cell(row.limit))<td class="number">\(row.base.map { Format.fixed(Int64(($0 * 1000).rounded()), scale: 3, decimals: 1) } ?? Format.none)\(stale)</td>\
                <td>\(Parts.level(level, t))</td></tr>
                """
        }
        return Parts.table(
            [
                HTML(escaping: t("table.slot")), HTML(escaping: t("table.time")),
                HTML(escaping: t("series.measured") + " kW"),
                HTML(escaping: t("series.planned") + " kW"), HTML(escaping: t("series.limit") + " kW"),
                HTML(escaping: t("series.base") + " kW"), HTML(escaping: t("table.level")),
            ], body, caption: t("chart.power"))
    }

    private func endTime(_ row: Row) -> String {
        row.interval.end == span.end ? "24:00" : format.time(row.interval.end)
    }
}
