import Assets
import Charging
import Operations
import Quantities

/// What vehicles were told to follow and what they did: the signed setpoint as steps, measured power as a line, and the most
/// that could be asked in each direction. Above zero they take, below they give.
struct FollowChart {
    typealias Point = (at: Instant, kilowatts: Double?)

    let span: Interval
    /// `nil`: nothing is to be followed from here on.
    let setpoints: [Point]
    let measured: [Point]
    /// Magnitudes; `nil`: not known.
    let mostCharge: Power?
    let mostDischarge: Power?
    let format: Format

    /// How far apart setpoint and measured power are at the newest measurement; `nil`: one of them is not there.
    var difference: (setpoint: Double, measured: Double)? {
        guard let last = measured.last(where: { $0.kilowatts != nil }), let power = last.kilowatts,
            let told = setpoints.last(where: { $0.at <= last.at })?.kilowatts
        else { return nil }
        return (told, power)
    }

    var summary: String {
        let t = format.words
        guard let difference else { return t("follow.none") }
        func text(_ kilowatts: Double) -> String {
            Format.fixed(Int64((kilowatts * 1000).rounded()), scale: 3, decimals: 1)
        }
        return t("follow.summary", ["setpoint": text(difference.setpoint), "measured": text(difference.measured)])
    }

    func figure(id: String, title: String, marksNow: Bool) -> HTML {
        let t = format.words
        func level(_ name: String, _ kilowatts: Double?) -> LineChart.Line? {
            kilowatts.map {
                LineChart.Line(name: name, label: t("series." + name), points: [(span.start, $0), (span.end, $0)])
            }
        }
        var lines = [
            LineChart.Line(name: "measured", label: t("series.measured"), points: measured),
            // The last value holds until now.
            LineChart.Line(
                name: "setpoint", label: t("series.told"),
                points: clipped + (clipped.last.map { [(span.end, $0.kilowatts)] } ?? []),
                stepped: true),
        ]
        lines += [
            level("most-charge", mostCharge?.kilowatts), level("most-discharge", mostDischarge.map { -$0.kilowatts }),
        ].compactMap { $0 }
        let chart = LineChart(
            span: span, lines: lines,
            marks: marksNow ? [.init(at: format.now, label: t("chart.now"), name: "now")] : [], summary: summary,
            unit: "kW", format: format, width: 760, height: 260)
        let rows: [HTML] = clipped.suffix(200).reversed().map { point in
            let power = point.kilowatts.map { Format.fixed(Int64(($0 * 1000).rounded()), scale: 3, decimals: 1) }
            return
                "<tr><td>\(format.precise(point.at))</td><td class=\"number\">\(power ?? t("follow.free"))</td></tr>"
        }
        let table = Parts.table(
            Parts.heads(t, ["table.time", "follow.setpoint"], numbers: ["follow.setpoint"]), rows, caption: title)
        return """
            <figure class="chart-figure">\(chart.legend())<div class="chart-scroll" tabindex="0" role="region" aria-label="\(title)">\(chart.svg(id: id))</div>
            <figcaption>\(summary)</figcaption>
            <details class="as-table"><summary>\(t("v2g.table"))</summary>\(table)</details></figure>
            """
    }

    /// What held when the span began stands at its beginning.
    private var clipped: [Point] {
        let before = setpoints.last { $0.at <= span.start }
        return (before.map { [(span.start, $0.kilowatts)] } ?? [])
            + setpoints.filter { span.start < $0.at && $0.at <= span.end }
    }
}

extension FollowChart {
    /// The newest three hours of a vehicle that is or was steered; `nil`: it never was.
    static func card(_ view: SessionView, _ readings: [Reading], _ call: Call, _ format: Format) async -> HTML? {
        let (session, t) = (view.session, format.words)
        guard let v2x = session.v2x, v2x.isBidirectional else { return nil }
        let end = session.endedAt ?? format.now
        let span = Interval(
            max(session.startedAt, end - .hours(3)), max(end, session.startedAt + .minutes(15)))
        let told = await call.service.setpoints(of: session.evse, in: span).filter { $0.session == session.id }
        guard !told.isEmpty else { return nil }
        let chart = FollowChart(
            span: span, setpoints: told.map { ($0.at, $0.power?.kilowatts) },
            measured: SessionEnvelope.power(readings).filter { span.start <= $0.at && $0.at <= span.end },
            mostCharge: v2x.mostCharge, mostDischarge: v2x.mostDischarge, format: format)
        return Parts.card(
            t("follow.title"), id: "follow", live: session.status == .active ? "session" : "",
            chart.figure(id: "session-follow", title: t("follow.title"), marksNow: session.status == .active))
    }

    /// The newest three hours of a site: all its steered vehicles together against what its piles measured.
    static func card(_ site: Site, _ call: Call, _ format: Format) async -> HTML {
        let t = format.words
        let span = Interval(format.now - .hours(3), format.now)
        var (charge, discharge) = (Power.zero, Power.zero)
        var courses: [[SetpointPoint]] = []
        for view in await call.service.allStations() where view.station.site == site.id {
            guard let most = view.station.electrical.maxDischarge, most > .zero else { continue }
            for evse in view.evses {
                charge += view.station.electrical.maxPower
                discharge += most
                courses.append(await call.service.setpoints(of: EVSEID(view.station.id, evse.number), in: span))
            }
        }
        let power = await call.service.power(of: site.id, in: span)
        let chart = FollowChart(
            span: span, setpoints: total(courses),
            measured: power.map { ($0.at + .seconds(30), $0.charging?.kilowatts) },
            mostCharge: courses.isEmpty ? nil : charge, mostDischarge: courses.isEmpty ? nil : discharge,
            format: format)
        return Parts.card(
            t("follow.title"), id: "follow", live: "power",
            "\(chart.figure(id: "site-follow", title: t("follow.title"), marksNow: false))<p class=\"muted\">\(t("follow.site"))</p>"
        )
    }

    /// The sum of what all are told at each moment at which one of them changes; `nil` where nobody is told anything.
    static func total(_ courses: [[SetpointPoint]]) -> [Point] {
        var current = [Power?](repeating: nil, count: courses.count)
        let changes = courses.enumerated().flatMap { index, course in course.map { (index, $0) } }
            .sorted { ($0.1.at, $0.0) < ($1.1.at, $1.0) }
        var points: [Point] = []
        for (index, point) in changes {
            current[index] = point.power
            let told = current.compactMap { $0 }
            let sum = told.isEmpty ? nil : told.reduce(Power.zero, +).kilowatts
            if points.last?.at == point.at { points.removeLast() }
            points.append((point.at, sum))
        }
        return points
    }
}
