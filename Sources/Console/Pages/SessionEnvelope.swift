import Charging
import Operations
import Quantities

/// Within which energies a vehicle that can give back is moved: what it holds since plug-in, where the driver wants it, how
/// low it may go, and where the plan takes it. Net energy (import less export), as the vehicle itself counts.
enum SessionEnvelope {
    /// `nil`: the vehicle said nothing of itself.
    static func card(_ view: SessionView, _ readings: [Reading], _ format: Format) -> HTML? {
        guard let v2x = view.session.v2x else { return nil }
        let t = format.words
        let session = view.session
        let stored = course(readings, from: session.startedAt)
        let planned = plannedCourse(view, from: stored.last)
        let departure = session.needs?.departure ?? view.plan?.departure
        let end =
            [
                session.endedAt ?? format.now, planned.last?.at ?? format.now, departure ?? format.now,
                session.startedAt + .minutes(15),
            ].max() ?? format.now
        let span = Interval(
            session.startedAt,
            session.status == .ended ? max(session.endedAt ?? end, session.startedAt + .minutes(15)) : end
        )
        func level(_ name: String, _ energy: Energy?) -> LineChart.Line? {
            energy.map {
                LineChart.Line(
                    name: name, label: t("series." + name),
                    points: [(span.start, kilowattHours($0)), (span.end, kilowattHours($0))])
            }
        }
        let levels: [(String, Energy?)] = [
            ("target", session.target), ("minimum", session.floor), ("window-low", v2x.minimumV2X),
            ("window-high", v2x.maximumV2X),
        ]
        var lines = [
            LineChart.Line(
                name: "stored", label: t("series.stored"),
                points: stored.map { ($0.at, kilowattHours($0.energy)) })
        ]
        if !planned.isEmpty {
            lines.append(
                LineChart.Line(
                    name: "course", label: t("series.course"),
                    points: planned.map { ($0.at, kilowattHours($0.energy)) }))
        }
        lines += levels.compactMap { level($0.0, $0.1) }
        let soc = readings.last { $0.measurand == "SoC" }?.valueText
        let summary =
            t(
                "envelope.summary",
                [
                    "now": format.kilowattHours(stored.last?.energy),
                    "target": format.kilowattHours(session.target),
                    "minimum": format.kilowattHours(session.floor),
                ]) + (soc.map { " " + t("envelope.soc", ["soc": $0]) } ?? "")
        let marks =
            session.status == .active
            ? [LineChart.Mark(at: format.now, label: t("chart.now"), name: "now")] : []
        let chart = LineChart(
            span: span, lines: lines, marks: marks, summary: summary, unit: "kWh", format: format,
            width: 760, height: 260)
        let rows: [HTML] =
            ([("stored", stored.last?.energy), ("course", planned.last?.energy)] + levels).map {
                "<tr><th scope=\"row\">\(t("series." + $0.0))</th><td class=\"number\">\(format.kilowattHours($0.1))</td></tr>"
            }
        let table = Parts.table(
            Parts.heads(t, ["envelope.quantity", "envelope.value"], numbers: ["envelope.value"]), rows,
            caption: t("envelope.title"))
        return Parts.card(
            t("envelope.title"), id: "envelope", live: "session plan",
            """
            <figure class="chart-figure">\(chart.legend())<div class="chart-scroll" tabindex="0" role="region" aria-label="\(t("envelope.title"))">\(chart.svg(id: "session-envelope"))</div>
            <figcaption>\(summary)</figcaption>
            <details class="as-table"><summary>\(t("v2g.table"))</summary>\(table)</details></figure>
            """)
    }

    /// What the pile says it draws, kW: charging positive. Import and export of one instant are one value.
    static func power(_ readings: [Reading]) -> [(at: Instant, kilowatts: Double?)] {
        var points: [(at: Instant, kilowatts: Double?)] = []
        for reading in readings where reading.phase == nil {
            let sign: Double
            switch reading.measurand {
            case "Power.Active.Import": sign = 1
            case "Power.Active.Export": sign = -1
            default: continue
            }
            let value = Double(reading.valueText).map { sign * (reading.unit == "kW" ? $0 : $0 / 1000) }
            if let last = points.last, last.at == reading.at, let a = last.kilowatts, let b = value {
                points[points.count - 1].kilowatts = a + b
            } else if sign > 0 || value != 0 {
                points.append((reading.at, value))
            }
        }
        return points
    }

    private typealias Point = (at: Instant, energy: Energy)

    /// Import less export since the first reading of each register.
    private static func course(_ readings: [Reading], from start: Instant) -> [Point] {
        var (firstIn, firstOut, lastIn, lastOut): (RegisterReading?, RegisterReading?, Energy, Energy) =
            (nil, nil, .zero, .zero)
        var points: [Point] = [(start, .zero)]
        for reading in readings {
            if let value = reading.importRegister {
                firstIn = firstIn ?? value
                if let firstIn { lastIn = value - firstIn }
            } else if let value = reading.exportRegister {
                firstOut = firstOut ?? value
                if let firstOut { lastOut = value - firstOut }
            } else {
                continue
            }
            if points.last?.at == reading.at { points.removeLast() }
            points.append((reading.at, lastIn - lastOut))
        }
        return points
    }

    /// What the plan's setpoints add from now on.
    private static func plannedCourse(_ view: SessionView, from now: Point?) -> [Point] {
        guard view.session.status == .active, let plan = view.plan, let start = view.planStart,
            let step = view.planStep,
            var point = now
        else { return [] }
        var points = [point]
        for (index, power) in plan.setpoints.enumerated() {
            let slot = Interval(start + step * index, start + step * (index + 1))
            guard slot.end > point.at, slot.start < plan.departure else { continue }
            point = (slot.end, point.energy + power.energy(over: slot.end - max(slot.start, point.at)))
            points.append(point)
        }
        return points.count > 1 ? points : []
    }

    private static func kilowattHours(_ energy: Energy) -> Double { energy.kilowattHours }
}
