import Assets
import Charging
import Documents
import Operations
import Quantities

/// Controls of the grid code of one site: which holds when, how the stations stand to each, and a form for a new one.
enum DERPage {
    @Sendable static func show(_ call: Call) async throws(Refusal) -> WebResponse {
        await page(call, try await SitesAPI.site(call))
    }

    static func path(_ id: SiteID) -> String { SitePage.path(id) + "/der" }

    /// Those of the site, of its nodes and of its stations.
    private static func orders(of site: Site, _ call: Call) async -> [DEROrderView] {
        let nodes = Set(await call.service.nodes().filter { $0.site == site.id }.map(\.id))
        let stations = Set(await call.service.allStations().filter { $0.station.site == site.id }.map(\.station.id))
        return await call.service.derOrders().filter { view in
            switch view.order.target {
            case .site(let id): id == site.id
            case .node(let id): nodes.contains(id)
            case .station(let id): stations.contains(id)
            }
        }
    }

    private static func page(_ call: Call, _ site: Site, _ refused: RefusedForm? = nil) async -> WebResponse {
        let t = call.words
        let format = await call.format(for: site.zone)
        let orders = await orders(of: site, call)
        let csv = "/api/v1/der-controls?site=\(PercentCoding.encode(site.id.value))&format=csv&bom=1"
        let picture: HTML =
            orders.isEmpty
            ? Parts.empty(t("der.none")) : DERPicturePart(orders: orders.map(\.order), format: format).html()
        let content: HTML = """
            \(Parts.card(t("der.timeline"), id: "timeline", live: "station", "<p class=\"muted\">\(t("der.text"))</p>\(picture)"))
            \(Parts.card(t("der.controls"), id: "controls", live: "station", actions: Parts.csv(csv, t), table(orders, site, call, format)))
            \(call.can(.operator) ? Parts.card(t("der.new"), id: "new", form(site, call, refused)) : "<p class=\"muted\">\(t("denied.operator"))</p>")
            """
        return await Layout(
            call: call, section: .sites, title: t("der.title"), scope: site.name,
            actions: "<a class=\"button\" href=\"\(SitePage.path(site.id))\">\(t("der.site"))</a>", format: format,
            address: path(site.id)
        ).response(content, status: refused?.refusal.status ?? 200)
    }

    // MARK: - The list

    private static func table(_ orders: [DEROrderView], _ site: Site, _ call: Call, _ format: Format) -> HTML {
        let t = format.words
        guard !orders.isEmpty else { return Parts.empty(t("der.none")) }
        let rows: [HTML] = orders.map { view in
            let order = view.order
            let when: HTML =
                order.control.span.map { HTML(escaping: format.span($0)) } ?? HTML(escaping: t("der.default"))
            let source: HTML? = order.source.map { "<div class=\"muted\">\($0)</div>" }
            let isOver = order.isOver(at: format.now)
            let withdraw: HTML =
                isOver || !call.can(.operator)
                ? .empty
                : Parts.button(
                    t("der.withdraw"), to: path(site.id) + "/withdraw", [("control", order.control.id)], call: call)
            let over: HTML? =
                isOver
                ? "<div><span class=\"state state-off\">\(t(order.withdrawnAt == nil ? "der.over" : "der.withdrawn"))</span></div>"
                : nil
            return """
                <tr data-row><th scope="row"><span class="mono">\(order.control.id)</span>\(source)</th>\
                <td>\(functionWord(order.control.function, t))</td><td class="number">\(String(order.control.priority))</td>\
                <td>\(when)\(over)</td><td>\(target(order.target, t))</td><td>\(states(view, t))</td><td>\(withdraw)</td></tr>
                """
        }
        return Parts.table(
            Parts.heads(
                t,
                [
                    "der.control", "der.function", "der.priority", "der.when", "der.where", "der.stations",
                    "certificates.action",
                ],
                numbers: ["der.priority"]), rows, caption: t("der.controls"))
    }

    static func functionWord(_ function: DERFunction, _ t: Words) -> HTML {
        guard let word = t.known("derfunction." + function.rawValue) else { return HTML(escaping: function.rawValue) }
        return "\(word)<div class=\"muted mono\">\(function.rawValue)</div>"
    }

    private static func target(_ target: DERTarget, _ t: Words) -> HTML {
        switch target {
        case .site: HTML(escaping: t("der.where.site"))
        case .node(let id): HTML(escaping: t("der.where.node", ["node": id.value]))
        case .station(let id): Parts.stationLink(id)
        }
    }

    /// How many stations stand how; who refused says why.
    private static func states(_ view: DEROrderView, _ t: Words) -> HTML {
        guard !view.stations.isEmpty else { return "<span class=\"muted\">\(t("der.nostations"))</span>" }
        let counts: [HTML] = DERHolding.State.allCases.compactMap { state in
            let those = view.stations.filter { $0.state == state }
            guard !those.isEmpty else { return nil }
            let words = Set(those.compactMap(\.holding.word)).sorted().joined(separator: ", ")
            let why: HTML? = state == .refused && !words.isEmpty ? " <span class=\"muted\">\(words)</span>" : nil
            return "<div>\(self.state(state, t)) \(String(those.count))\(why)</div>"
        }
        return "\(counts)"
    }

    static func state(_ state: DERHolding.State, _ t: Words) -> HTML {
        let tone =
            switch state {
            case .running: "active"
            case .held: "ok"
            case .waiting, .sent: "wait"
            case .refused: "bad"
            case .superseded, .ended: "off"
            }
        return "<span class=\"state state-\(tone)\">\(t("der.state." + state.rawValue))</span>"
    }

    // MARK: - Forms

    private static func form(_ site: Site, _ call: Call, _ refused: RefusedForm?) -> HTML {
        let t = call.words
        var form = FormView("der", to: path(site.id), call, refused)
        let functions = DERFunction.allCases.map { function in
            (
                function.rawValue,
                (t.known("derfunction." + function.rawValue).map { $0 + " · " } ?? "") + function.rawValue
            )
        }
        let fields: HTML = """
            \(form.select(t("der.function"), "type", functions, DERFunction.limitMaxDischarge.rawValue))
            \(form.input(t("der.priority"), "priority", "1", type: "number", hint: t("der.priority.hint"), needed: true, more: " min=\"0\""))
            \(form.input(t("der.in"), "start", type: "number", hint: t("der.in.hint"), more: " min=\"0\" max=\"525600\""))
            \(form.input(t("der.minutes"), "duration_seconds", type: "number", more: " min=\"1\" max=\"525600\""))
            \(form.input(t("der.source"), "source", more: " maxlength=\"200\""))
            \(form.area(t("der.settings"), "settings", "{\"pctMaxDischargePower\": 50}", rows: 4, hint: t("der.settings.hint")))
            """
        return form.html(fields, button: t("der.give"))
    }

    @Sendable static func give(_ call: Call) async throws(Refusal) -> WebResponse {
        let site = try await SitesAPI.site(call)
        do throws(Refusal) {
            var reader = FormReader(call)
            let function = reader.word("type", DERFunction.self, needed: true)
            let priority = reader.whole("priority", 0...Int(Int32.max), needed: true)
            let minutes = reader.whole("start", 0...525_600)
            let length = reader.whole("duration_seconds", 1...525_600, needed: minutes != nil)
            let source = reader.text("source", atMost: 200)
            let settings = reader.text("settings", atMost: DERControl.longestSettings, needed: true)
            if length != nil, minutes == nil { reader.refuse("start", InputProblem.needed) }
            if let settings, (try? JSONNode(Array(settings.utf8))) == nil {
                reader.refuse("settings", InputProblem.notAnObject)
            }
            try reader.throwIfAny()
            guard let function, let priority, let settings else { throw Refusal.invalid([]) }
            let start = minutes.map { call.service.now + .minutes($0) }
            let span = start.flatMap { start in length.map { Interval(start, start + .minutes($0)) } }
            let wish = DERWish.give(
                id: nil, function: function, priority: priority, span: span, settings: settings, .site(site.id),
                source: source)
            _ = try await call.order(.der(wish))
        } catch { return await page(call, site, RefusedForm(name: "der", refusal: error)) }
        return .seeOther(path(site.id) + "?note=der#controls")
    }

    @Sendable static func withdraw(_ call: Call) async throws(Refusal) -> WebResponse {
        let site = try await SitesAPI.site(call)
        _ = try await call.order(.der(.withdraw(call.form["control"] ?? "")))
        return .seeOther(path(site.id) + "?note=der.withdrawn#controls")
    }
}

/// Functions as rows, time from left to right: the winner solid, what gave way hatched, defaults as a thin line.
struct DERPicturePart {
    let orders: [DEROrder]
    let format: Format

    private static let (left, right, width, row) = (170.0, 26.0, 860.0, 34.0)
    /// As far as a picture of hours goes.
    private static let longest: Duration = .days(2)

    private struct Row {
        let function: DERFunction
        /// `nil`: of the site as a whole.
        let place: String?
        let orders: [DEROrder]
    }

    private var window: Interval {
        let start = (format.now - .hours(1)).floored(to: .hours(1), from: Instant(milliseconds: 0))
        let ends = orders.compactMap { $0.isOver(at: format.now) ? nil : $0.control.span?.end }
        let end = min(max(ends.max() ?? start, start + .hours(12)), start + Self.longest)
        return Interval(start, end.ceiled(to: .hours(1), from: Instant(milliseconds: 0)))
    }

    private var rows: [Row] {
        DERFunction.allCases.flatMap { function -> [Row] in
            let mine = orders.filter { $0.control.function == function && $0.withdrawnAt == nil }
            let groups = Dictionary(grouping: mine) { order -> String in
                switch order.target {
                case .site: ""
                case .node(let id): id.value
                case .station(let id): id.value
                }
            }
            return groups.sorted { $0.key < $1.key }.map { place, some in
                Row(function: function, place: place.isEmpty ? nil : place, orders: some)
            }
        }
    }

    func html() -> HTML {
        let t = format.words
        let (window, rows) = (window, rows)
        guard !rows.isEmpty else { return Parts.empty(t("der.none")) }
        let height = Double(rows.count) * Self.row + 34
        let span = Double(window.duration.wholeMilliseconds)
        func x(_ instant: Instant) -> Double {
            let inside = min(max(instant, window.start), window.end)
            return Self.left + (Self.width - Self.left - Self.right) * Double((inside - window.start).wholeMilliseconds)
                / span
        }
        let body: [HTML] = rows.enumerated().map { n, row in self.row(row, top: Double(n) * Self.row + 4, window, x) }
        let step = window.duration > .hours(24) ? 6 : window.duration > .hours(14) ? 3 : 1
        let ticks: [HTML] = stride(from: 0, through: Int(window.duration.components.seconds) / 3600, by: step).map {
            hour in
            let at = window.start + .hours(hour)
            let place = Self.text(x(at))
            return """
                <path class="grid-line" d="M\(place) 0V\(Self.text(height - 30))"/>\
                <text class="tick-x" x="\(place)" y="\(Self.text(height - 10))">\(format.time(at))</text>
                """
        }
        let now = Self.text(x(format.now))
        return """
            <div class="chart-scroll"><svg class="chart der-chart" viewBox="0 0 \(Int(Self.width)) \(Int(height))" role="img">\
            <title>\(t("der.timeline.title", ["from": format.moment(window.start), "to": format.moment(window.end)]))</title>\
            \(ticks)\(body)<path class="der-now" d="M\(now) 0V\(Self.text(height - 30))"/></svg></div>
            <p class="muted der-legend"><span class="der-key der-winner"></span> \(t("der.legend.winner")) \
            <span class="der-key der-lost"></span> \(t("der.legend.lost")) <span class="der-key der-default"></span> \(t("der.legend.default"))</p>
            """
    }

    private func row(_ row: Row, top: Double, _ window: Interval, _ x: (Instant) -> Double) -> HTML {
        let t = format.words
        // As a station that got them when they came.
        var timeline = DERTimeline(.overlapping)
        for order in row.orders.sorted(by: { $0.createdAt < $1.createdAt }) {
            timeline.receive(order.control, at: order.createdAt)
        }
        let course = timeline.course(of: row.function, in: window)
        let lost: [HTML] = row.orders.compactMap { order in
            guard let span = order.control.span.flatMap({ $0.intersection(window) }),
                !course.contains(where: { $0.span == span && $0.entry.control.id == order.control.id })
            else { return nil }
            return bar(span, order.control, "der-lost", top: top + 4, x)
        }
        let won: [HTML] = course.map { piece in
            bar(
                piece.span, piece.entry.control, piece.entry.control.isDefault ? "der-default" : "der-winner",
                top: top + 4, x)
        }
        let name = t.known("derfunction." + row.function.rawValue) ?? row.function.rawValue
        let place: HTML? = row.place.map { " <tspan class=\"der-place\">\($0)</tspan>" }
        return """
            <text x="0" y="\(Self.text(top + 17))">\(name)\(place)</text>\
            <path class="grid-line" d="M\(Int(Self.left)) \(Self.text(top + 28))H\(Int(Self.width - Self.right))"/>\(lost)\(won)
            """
    }

    private func bar(
        _ span: Interval, _ control: DERControl, _ look: String, top: Double, _ x: (Instant) -> Double
    ) -> HTML {
        let (from, to) = (x(span.start), x(span.end))
        let thin = control.isDefault
        let label: HTML? =
            to - from > 7 * Double(control.id.count + 4) && look != "der-lost"
            ? "<text class=\"der-label\(thin ? "-default" : "")\" x=\"\(Self.text(from + 5))\" y=\"\(Self.text(top + (thin ? 9 : 15)))\">\(control.id) · \(String(control.priority))</text>"
            : nil
        let title = "\(control.id): \(format.span(span))"
        return """
            <rect class="\(look)" x="\(Self.text(from))" y="\(Self.text(top + (thin ? 14 : 0)))" width="\(Self.text(max(2, to - from)))" \
            height="\(thin ? 6 : 20)" rx="2"><title>\(title)</title></rect>\(label)
            """
    }

    private static func text(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return tenths % 10 == 0 ? String(tenths / 10) : "\(tenths / 10).\(tenths % 10)"
    }
}
