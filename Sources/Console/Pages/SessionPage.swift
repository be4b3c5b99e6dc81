import Assets
import Charging
import GridDispatch
import Operations
import Quantities

/// Why did this session get that much, and when?
enum SessionPage {
    @Sendable static func show(_ call: Call) async throws(Refusal) -> WebResponse {
        await page(call, try await SessionsAPI.session(call), .empty)
    }

    @Sendable static func needs(_ call: Call) async throws(Refusal) -> WebResponse {
        let view = try await SessionsAPI.session(call)
        let format = await format(call, view)
        let form = call.form
        var problems: [Mistake] = []
        func energy(_ name: String, _ label: String) -> Energy? {
            guard let text = form.filled(name) else { return nil }
            if let amount = scaledInteger(text, scale: 6), (0...1_000_000_000_000).contains(amount) {
                return Energy(milliwattHours: amount)
            }
            problems.append(.init(path: call.words(label), problem: call.words("needs.energy.invalid")))
            return nil
        }
        var departure: Instant?
        if let text = form.filled("departure") {
            departure = Instant(local: text, in: format.zone)
            if departure == nil {
                problems.append(
                    .init(path: call.words("needs.departure"), problem: call.words("needs.departure.invalid")))
            }
        }
        let wanted = energy("energy_kwh", "needs.energy")
        let minimum = energy("minimum_kwh", "needs.minimum")
        if let minimum, let wanted, minimum > wanted {
            problems.append(.init(path: call.words("needs.minimum"), problem: call.words("needs.minimum.invalid")))
        }
        guard problems.isEmpty else {
            return await page(call, view, Parts.errors(problems, call.words("needs.refused"), call.words), status: 400)
        }
        let needs = Needs(
            departure: departure, energy: wanted, minimum: minimum, chargeNow: form["charge_now"] == "true",
            statedBy: call.actor.name, statedAt: call.service.now)
        _ = try await call.order(.setNeeds(view.session.id, needs))
        return .seeOther("/sessions/" + PercentCoding.encode(view.session.id.value) + "?note=needs")
    }

    private static func format(_ call: Call, _ view: SessionView) async -> Format {
        let site: Site? = if let id = view.site { await call.service.site(id) } else { nil }
        return await call.format(for: site?.zone)
    }

    private static func page(_ call: Call, _ view: SessionView, _ banner: HTML, status: Int = 200) async -> WebResponse
    {
        let t = call.words
        let format = await format(call, view)
        let session = view.session
        let lasted = (session.endedAt ?? format.now) - session.startedAt
        let readings = await call.service.course(
            of: session.id, step: max(.minutes(1), .milliseconds(lasted.wholeMilliseconds / 600)))
        let csv = "/api/v1/sessions/\(PercentCoding.encode(session.id.value))/readings?format=csv&bom=1&limit=1000"
        let canState = session.status == .active && call.can(.operator)
        let figure = await curve(view, readings, call, format)
        let statement = await call.service.statement(of: session.id)
        let content: HTML = """
            \(banner)
            <div class="columns columns-wide">
            \(Parts.card(t("session.curve"), id: "curve", live: "session power", actions: Parts.csv(csv, t), figure))
            \(Parts.card(t("session.facts"), id: "facts", live: "session", facts(view, format)))
            </div>
            \(await FollowChart.card(view, readings, call, format))
            \(SessionEnvelope.card(view, readings, format))
            <div class="columns">
            \(Parts.card(t("session.why"), id: "why", live: "session plan", why(view, format)))
            \(Parts.card(t("session.needs"), id: "needs", needsCard(view, canState, call, format)))
            </div>
            \(V2XCard.html(view, format))
            \(statement.map { StatementCard.show($0, t) })
            """
        return await Layout(
            call: call, section: .sessions, title: session.id.value, scope: "\(session.evse)", format: format
        ).response(content, status: status)
    }

    private static func facts(_ view: SessionView, _ format: Format) -> HTML {
        let t = format.words
        let session = view.session
        let end = session.endedAt ?? format.now
        let flags: [HTML] = session.flags.map { flag in
            let code = SessionFlag(rawValue: flag)?.code
            return "<li class=\"problem\">\(code.map { t("flag." + $0) } ?? flag)</li>"
        }
        var pairs: [(String, HTML)] = [
            (
                t("session.state"),
                session.status == .active
                    ? "<span class=\"state state-active\">\(t("sessions.running"))</span>"
                    : HTML(escaping: t("sessions.ended"))
            ),
            (t("sessions.pile"), Parts.stationLink(session.evse.station) + HTML(escaping: " / \(session.evse.number)")),
            (t("sessions.started"), format.tag(session.startedAt)),
            (t("sessions.endedat"), format.tag(session.endedAt)),
            (t("session.duration"), HTML(escaping: format.duration(end - session.startedAt))),
            (t("session.imported"), "<span class=\"big\">\(format.kilowattHours(session.imported))</span> kWh"),
        ]
        if session.exported > .zero {
            pairs.append((t("session.exported"), "\(format.kilowattHours(session.exported)) kWh"))
        }
        if let minimum = session.statedMinimum {
            pairs.append((t("session.minimum"), "\(format.kilowattHours(minimum)) kWh"))
        }
        if let measured = session.account.losses?.roundTrip {
            pairs.append((t("session.roundtrip"), Parts.roundTrip(measured, t)))
        }
        if let cost = session.cost {
            pairs.append((t("session.cost"), HTML(escaping: t("unit.yuan", ["amount": cost.text(decimals: 2)]))))
        }
        func register(_ reading: RegisterReading?) -> HTML {
            reading.map { "\(Format.fixed($0.milliwattHours, scale: 6, decimals: 3)) kWh" }
                ?? HTML(escaping: Format.none)
        }
        pairs += [
            (t("session.register.start"), register(session.registerStart)),
            (t("session.register.stop"), register(session.registerStop ?? session.registerLast)),
            (t("session.token"), HTML(escaping: session.idToken ?? Format.none)),
            (t("session.transaction"), HTML(escaping: session.transactionID)),
            (
                t("sessions.reason"),
                HTML(escaping: session.stopReason.map { t.known("reason." + $0) ?? $0 } ?? Format.none)
            ),
        ]
        let list: HTML? = flags.isEmpty ? nil : "<h3>\(t("session.flags"))</h3><ul class=\"problems\">\(flags)</ul>"
        return "\(Parts.facts(pairs))\(list)"
    }

    // MARK: - Curve

    private static func curve(
        _ view: SessionView, _ readings: [Reading], _ call: Call, _ format: Format
    ) async -> HTML {
        let t = format.words
        let session = view.session
        let power = SessionEnvelope.power(readings)
        let measured = power.isEmpty ? fromRegisters(readings) : power
        let planned = plannedPoints(view)
        guard !measured.isEmpty || !planned.isEmpty else { return Parts.empty(t("session.noreadings")) }
        let departure = session.needs?.departure ?? view.plan?.departure
        let last =
            [session.endedAt ?? format.now, session.status == .active ? departure : nil].compactMap { $0 }.max()
            ?? format.now
        let span = Interval(session.startedAt, max(last, session.startedAt + .minutes(15)))
        let marks =
            session.status == .active
            ? [LineChart.Mark(at: format.now, label: t("chart.now"), name: "now")]
                + (departure.map { [.init(at: $0, label: t("needs.departure"), name: "departure")] } ?? [])
            : []
        let levels: [PriceLevelSpan] =
            if let site = view.site { await call.service.priceLevels(of: site, in: span) } else { [] }
        let top = measured.compactMap(\.kilowatts).max() ?? 0
        let chart = LineChart(
            span: span,
            lines: [
                .init(name: "measured", label: t("series.power"), points: withGaps(measured), filled: true),
                .init(name: "planned", label: t("series.setpoint"), points: planned, stepped: true),
            ],
            bands: levels.map { .init(interval: $0.interval, name: $0.level, label: Parts.level($0.level, t)) },
            marks: marks,
            summary: t(
                "session.summary",
                [
                    "kwh": format.kilowattHours(session.imported),
                    "peak": Format.fixed(Int64((top * 1000).rounded()), scale: 3, decimals: 1),
                    "from": format.moment(session.startedAt), "to": format.moment(session.endedAt ?? format.now),
                ]), unit: "kW", format: format, width: 760,
            height: 300)
        let rows: [HTML] = readings.suffix(500).map {
            """
            <tr><td>\(format.precise($0.at))</td><td>\($0.measurand)</td><td class="number">\($0.valueText)</td><td>\($0.unit)</td>\
            <td>\($0.phase ?? "")</td><td>\($0.context ?? "")</td></tr>
            """
        }
        let table = Parts.table(
            Parts.heads(
                t,
                [
                    "table.time", "reading.measurand", "reading.value", "reading.unit", "reading.phase",
                    "reading.context",
                ], numbers: ["reading.value"]),
            rows, caption: t("session.curve"))
        return """
            <figure class="chart-figure">\(chart.legend())<div class="chart-scroll" tabindex="0" role="region" aria-label="\(t("session.curve"))">\(chart.svg(id: "session"))</div>
            <figcaption>\(chart.summary)</figcaption>
            <details class="as-table"><summary>\(t("chart.readings"))</summary>\(table)</details></figure>
            """
    }

    /// Mean power between neighbouring registers where the pile reports no power.
    private static func fromRegisters(_ readings: [Reading]) -> [(at: Instant, kilowatts: Double?)] {
        let registers = readings.filter { $0.measurand == "Energy.Active.Import.Register" && $0.phase == nil }
        return zip(registers, registers.dropFirst()).compactMap { before, after in
            let hours = Double((after.at - before.at).wholeMilliseconds) / 3_600_000
            guard hours > 0, let a = Double(before.valueText), let b = Double(after.valueText) else { return nil }
            return (after.at, (b - a) / (after.unit == "kWh" ? 1 : 1000) / hours)
        }
    }

    /// A silence of more than 15 minutes is a gap.
    private static func withGaps(_ points: [(at: Instant, kilowatts: Double?)]) -> [(at: Instant, kilowatts: Double?)] {
        var result: [(at: Instant, kilowatts: Double?)] = []
        for point in points.sorted(by: { $0.at < $1.at }) {
            if let last = result.last, point.at - last.at > .minutes(15) { result.append((last.at + .seconds(1), nil)) }
            result.append(point)
        }
        return result
    }

    private static func plannedPoints(_ view: SessionView) -> [(at: Instant, kilowatts: Double?)] {
        guard let plan = view.plan, let start = view.planStart, let step = view.planStep else { return [] }
        var points = plan.setpoints.enumerated().map { (at: start + step * $0, kilowatts: Optional($1.kilowatts)) }
        if let last = points.last { points.append((last.at + step, last.kilowatts)) }
        return points.filter { $0.at <= plan.departure + step }
    }

    // MARK: - Why

    private static func why(_ view: SessionView, _ format: Format) -> HTML {
        let t = format.words
        guard let plan = view.plan else { return Parts.empty(t("why.noplan")) }
        let shortage = view.shortage ?? .zero
        let source = t(plan.isForecast ? "why.forecast" : "why.stated")
        let wanted = Parts.facts([
            (t("why.wanted"), "\(format.kilowattHours(plan.wanted)) kWh <span class=\"muted\">\(source)</span>"),
            (t("needs.departure"), format.tag(plan.departure)),
            (
                t("why.undelivered"),
                shortage > .zero
                    ? "<span class=\"state state-bad\">\(format.kilowattHours(shortage)) kWh</span>" : "0.00 kWh"
            ),
        ])
        guard shortage > .zero else {
            return "\(wanted)<p>\(t(view.session.status == .ended ? "why.got" : "why.full"))</p>"
        }
        let items: [HTML] = plan.binding.map { binding in
            let span = format.span(binding.interval)
            return binding.node.map { "<li>\(t("why.node", ["node": $0.value, "span": span]))</li>" }
                ?? "<li>\(t("why.window", ["span": span]))</li>"
        }
        let list: HTML = items.isEmpty ? "<p>\(t("why.unknown"))</p>" : "<p>\(t("why.short"))</p><ul>\(items)</ul>"
        return "\(wanted)\(list)"
    }

    // MARK: - Needs

    private static func needsCard(_ view: SessionView, _ canState: Bool, _ call: Call, _ format: Format) -> HTML {
        let t = call.words
        let stated = view.session.needs
        let said: HTML =
            stated.map { needs in
                "<p>\(t("needs.stated", ["by": needs.statedBy == Needs.vehicle ? t("needs.vehicle") : needs.statedBy, "at": format.moment(needs.statedAt)]))</p>"
            } ?? "<p class=\"muted\">\(t("needs.forecast"))</p>"
        guard canState else {
            return
                "\(said)<p class=\"muted\">\(t(view.session.status == .ended ? "needs.ended" : "denied.operator"))</p>"
        }
        let form = call.form
        let departure = form["departure"] ?? stated?.departure.map { String(format.zone.iso8601($0).prefix(16)) } ?? ""
        let energy = form["energy_kwh"] ?? stated?.energy?.kilowattHoursText ?? ""
        let minimum = form["minimum_kwh"] ?? stated?.minimum?.kilowattHoursText ?? ""
        let checked: HTML = stated?.chargeNow == true ? " checked" : ""
        return """
            \(said)<form method="post" action="/sessions/\(PercentCoding.encode(view.session.id.value))/needs" class="grid">\(Layout.csrf(call))
            \(Parts.field(t("needs.departure"), name: "departure", value: departure, type: "datetime-local", hint: format.zone.identifier))
            \(Parts.field(t("needs.energy"), name: "energy_kwh", value: energy, type: "number"))
            \(Parts.field(t("needs.minimum"), name: "minimum_kwh", value: minimum, type: "number", hint: t("needs.minimum.hint")))
            <label class="check"><input type="checkbox" name="charge_now" value="true"\(checked)> \(t("needs.now"))</label>
            <button class="button primary">\(t("action.save"))</button></form>
            """
    }
}
