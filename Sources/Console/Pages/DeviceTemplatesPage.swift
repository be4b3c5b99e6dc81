import Assets
import Charging
import Documents
import Operations
import Quantities

/// Which stations are not set as they should be?
enum DeviceTemplatesPage {
    @Sendable static func show(_ call: Call) async throws(Refusal) -> WebResponse {
        let t = call.words
        let format = await call.format()
        var rows: [HTML] = []
        for template in await call.service.deviceTemplates() {
            rows.append(
                """
                <tr data-row><th scope="row"><a href="\(path(template.name))">\(template.name)</a>\
                <div class="muted">\(template.note)</div></th><td class="number">\(template.settings.count)</td>\
                <td class="number">\(template.stations.count)</td><td>\(format.ago(template.changedAt))<div class="muted">\(template.changedBy)</div></td></tr>
                """)
        }
        let make: HTML =
            call.can(.manager)
            ? "<a class=\"button primary\" href=\"/device-templates:new\">\(t("templates.new"))</a>" : ""
        let table =
            rows.isEmpty
            ? Parts.empty(t("templates.none"), make)
            : Parts.table(
                Parts.heads(
                    t, ["templates.name", "templates.settings", "templates.stations", "templates.changed"],
                    numbers: ["templates.settings", "templates.stations"]), rows, caption: t("templates.title"))
        let denied: HTML? = call.can(.manager) ? nil : "<p class=\"muted\">\(t("denied.manager"))</p>"
        return await Layout(
            call: call, section: .stations, title: t("templates.title"),
            actions: make + Parts.csv("/api/v1/device-templates?format=csv&bom=1", t), format: format
        ).response("<section class=\"card\"><p class=\"muted\">\(t("templates.text"))</p>\(table)</section>\(denied)")
    }

    static func path(_ name: String) -> String { "/device-templates/" + PercentCoding.encode(name) }

    @Sendable static func template(_ call: Call) async throws(Refusal) -> WebResponse {
        await page(call, try await DeviceTemplatesAPI.template(call))
    }

    // MARK: - Bringing into line

    /// Sends what differs.
    @Sendable static func apply(_ call: Call) async throws(Refusal) -> WebResponse {
        let template = try await DeviceTemplatesAPI.template(call)
        let results = await DeviceTemplatesAPI.apply(template, to: template.stations, call)
        let t = call.words
        func count(_ state: DeviceTemplatesAPI.Applied.State) -> String { String(results.count { $0.state == state }) }
        let refusals: [HTML] = results.filter { $0.refusal != nil }.prefix(20).map { result in
            let why = result.refusal.map { refusal in
                t.mistakes(refusal).map { t.problem($0) }.joined(separator: "; ")
            }
            return "<li><strong>\(result.station.value)</strong> \(why ?? "")</li>"
        }
        let list: HTML? = refusals.isEmpty ? nil : "<ul class=\"problems\">\(refusals)</ul>"
        let look: HTML = refusals.isEmpty ? "ok" : "warn"
        let banner: HTML = """
            <div class="banner banner-\(look)" role="status"><p>\(t("templates.applied", [
                "sent": count(.sent), "offline": count(.offline), "refused": count(.refused), "later": count(.later),
            ]))</p>\(list)</div>
            """
        return await page(call, template, banner)
    }

    private static func page(
        _ call: Call, _ template: DeviceTemplate, _ banner: HTML = .empty, _ refused: RefusedForm? = nil
    ) async -> WebResponse {
        let t = call.words
        let format = await call.format()
        let drifted = await TemplateDrift.of(template, call.service)
        let off = drifted.filter { !$0.drifts.isEmpty }
        let path = path(template.name)
        let api = "/api/v1" + path
        let values = off.reduce(0) { sum, one in sum + one.drifts.count { $0.state != .pending } }
        let apply: HTML =
            call.can(.operator) && values > 0
            ? Parts.confirm(
                t("templates.apply"),
                effect: t("templates.apply.effect", ["n": String(values), "stations": String(off.count)]),
                button: t("templates.apply.do"), to: path + "/apply", call: call) : ""
        let settings: [HTML] = template.settings.map { setting in
            """
            <tr data-row><th scope="row" class="mono wrap">\(setting.name.text)</th><td>\(setting.attribute.rawValue)</td>\
            <td class="wrap">\(setting.value)</td><td class="number">\(off.count { $0.drifts.contains { $0.setting.key == setting.key } })</td></tr>
            """
        }
        let stations: [HTML] = drifted.map { row($0, t) }
        let note: HTML? = template.note.isEmpty ? nil : "<p>\(template.note)</p>"
        let alarms = t(template.alarms ? "templates.alarms.yes" : "templates.alarms.no")
        let content: HTML = """
            \(banner)\(note)
            <p class="muted">\(t("templates.alarms")): \(alarms)</p>
            \(Parts.card(t("templates.drift"), id: "drift", actions: "\(apply)\(Parts.csv(api + "/drift?format=csv&bom=1&limit=1000", t))", stations.isEmpty ? Parts.empty(t("templates.nostations")) : Parts.table(Parts.heads(t, ["device.station", "stations.col.link", "templates.state", "templates.differs", "templates.pending", "templates.unknown"], numbers: ["templates.differs", "templates.pending", "templates.unknown"]), stations, caption: t("templates.drift"))))
            \(Parts.card(t("templates.settings"), id: "settings", Parts.table(Parts.heads(t, ["device.variable", "templates.attribute", "device.value", "templates.off"], numbers: ["templates.off"]), settings, caption: t("templates.settings"))))
            \(call.can(.manager) ? await changing(template, call, refused) : .empty)
            <p class="muted">\(t("templates.changed")): \(format.tag(template.changedAt)) \(template.changedBy)</p>
            """
        return await Layout(
            call: call, section: .stations, title: template.name,
            scope: t("templates.scope", ["stations": String(drifted.count), "off": String(off.count)]),
            actions: "<a class=\"button quiet\" href=\"/device-templates\">\(t("templates.title"))</a>",
            format: format, address: path
        ).response(content, status: refused?.refusal.status ?? 200)
    }

    private static func row(_ one: TemplateDrift, _ t: Words) -> HTML {
        let state: HTML =
            one.drifts.isEmpty
            ? "<span class=\"state state-ok\">\(t("device.drift.none"))</span>"
            : "<a class=\"state state-bad\" href=\"\(DevicePage.path(one.station))?drift=true\">\(t("device.drift.some", ["n": String(one.drifts.count)]))</a>"
        return """
            <tr data-row><th scope="row">\(Parts.stationLink(one.station))</th><td>\(t(one.isOnline ? "station.online" : "station.offline"))</td>\
            <td>\(state)</td><td class="number">\(one.count(.differs))</td><td class="number">\(one.count(.pending))</td>\
            <td class="number">\(one.count(.unknown))</td></tr>
            """
    }

    // MARK: - Making and changing

    private static func changing(_ template: DeviceTemplate, _ call: Call, _ refused: RefusedForm?) async -> HTML {
        let t = call.words
        let path = path(template.name)
        let form = FormView("template", to: path, call, refused)
        let delete = Parts.confirm(
            t("templates.delete"),
            effect: t("templates.delete.effect", ["stations": String(template.stations.count)]),
            button: t("templates.delete.do", ["name": template.name]), to: path + "/delete", call: call)
        return Parts.card(
            t("templates.change"), id: "change", actions: delete,
            form.folded(t("templates.change.open"), await fields(form, template, isNew: false, call)))
    }

    /// The same for a new one and for one that is changed.
    private static func fields(
        _ form: FormView, _ template: DeviceTemplate?, isNew: Bool, _ call: Call
    ) async -> HTML {
        let t = call.words
        var form = form
        let sites =
            [(value: "", label: t("templates.site.none"))]
            + (await call.service.sites().map { (value: $0.id.value, label: $0.name) })
        let name: HTML =
            isNew
            ? form.input(t("templates.name"), "name", hint: t("templates.name.hint"), needed: true)
            : "<input type=\"hidden\" name=\"changed_at\" value=\"\(template?.changedAt.description ?? "")\">"
        let stations = template?.stations.map(\.value).joined(separator: "\n") ?? ""
        let rows = min(max((template?.settings.count ?? 0) + 2, 8), 24)
        let all: HTML = """
            \(name)\(form.input(t("templates.note"), "note", template?.note ?? ""))
            \(form.area(t("templates.settings"), "settings", SettingLines.text(template?.settings ?? []), rows: rows, hint: t("templates.settings.hint")))
            \(form.area(t("templates.stations"), "stations", stations, rows: 4, hint: t("templates.stations.hint")))
            \(form.select(t("templates.site"), "site", sites))
            \(form.check(t("templates.alarms"), "alarm", template?.alarms ?? false))
            """
        let cancel: HTML =
            isNew ? "<a class=\"button quiet\" href=\"/device-templates\">\(t("action.cancel"))</a>" : ""
        return form.html(all, button: t(isNew ? "templates.make" : "action.save"), beside: cancel)
    }

    /// With `?station=`: the values that may be set there, to begin with.
    @Sendable static func make(_ call: Call) async throws(Refusal) -> WebResponse { await newPage(call, nil) }

    private static func newPage(_ call: Call, _ refused: RefusedForm?) async -> WebResponse {
        let t = call.words
        var start: DeviceTemplate?
        if let id = call.request.query.filled("station") {
            let told = await call.service.deviceModel(of: StationID(id), keys: nil).map(\.variable)
            start = DeviceTemplate(
                name: "", settings: Array(told.compactMap(setting).prefix(DeviceTemplate.mostSettings)),
                stations: [StationID(id)], changedAt: call.service.now, changedBy: "")
        }
        let form = FormView("template", to: "/device-templates", call, refused)
        let from: HTML = """
            <form method="get" action="/device-templates:new" class="inline"><label><span>\(t("templates.from"))</span>\
            <input name="station" value="\(call.request.query["station"] ?? "")" required maxlength="64" spellcheck="false"></label>\
            <button class="button">\(t("templates.from.do"))</button></form>
            """
        let found: HTML? =
            start?.settings.isEmpty ?? false
            ? "<p class=\"banner banner-warn\" role=\"status\">\(t("templates.from.none"))</p>" : nil
        return await Layout(
            call: call, section: .stations, title: t("templates.new"), format: await call.format(),
            address: "/device-templates:new"
        ).response(
            """
            <section class="card" id="start"><p class="muted">\(t("templates.text"))</p>\(found)\(from)</section>
            <section class="card" id="new">\(await fields(form, start, isNew: true, call))</section>
            """, status: refused?.refusal.status ?? 200)
    }

    /// What a template may ask for: what may be set, and is no secret.
    private static func setting(_ variable: DeviceVariable) -> VariableSetting? {
        guard variable.mutability == .readWrite, let value = variable.value else { return nil }
        return VariableSetting(name: variable.name, attribute: variable.attribute, value: value)
    }

    @Sendable static func create(_ call: Call) async throws(Refusal) -> WebResponse {
        do {
            var reader = FormReader(call)
            let name = reader.text("name", atMost: 64, needed: true) ?? ""
            if !name.isEmpty, SitesAPI.problem(ofID: name) != nil { reader.refuse("name", InputProblem.identifier) }
            if await call.service.deviceTemplate(name) != nil { reader.refuse("name", InputProblem.taken) }
            try await keep(name, &reader, call)
            return .seeOther(path(name) + "?note=saved")
        } catch { return await newPage(call, RefusedForm(name: "template", refusal: error)) }
    }

    @Sendable static func save(_ call: Call) async throws(Refusal) -> WebResponse {
        let template = try await DeviceTemplatesAPI.template(call)
        do {
            var reader = FormReader(call)
            // Nobody's change is lost to a page that was opened before it.
            if let seen = reader.form.filled("changed_at"), seen != template.changedAt.description {
                reader.refuse("", InputProblem.changedMeanwhile(by: template.changedBy))
            }
            try await keep(template.name, &reader, call)
            return .seeOther(path(template.name) + "?note=saved")
        } catch { return await page(call, template, .empty, RefusedForm(name: "template", refusal: error)) }
    }

    private static func keep(_ name: String, _ reader: inout FormReader, _ call: Call) async throws(Refusal) {
        let note = reader.text("note", atMost: 500)
        let (settings, mistakes) = SettingLines.read(reader.form["settings"] ?? "", field: "settings")
        reader.refuse(mistakes)
        if settings.isEmpty, mistakes.isEmpty { reader.refuse("settings", InputProblem.needed) }
        if settings.count > DeviceTemplate.mostSettings {
            reader.refuse("settings", VariableProblem.tooMany(most: DeviceTemplate.mostSettings))
        }
        var stations = Set(reader.ids("stations").map { StationID($0) })
        if let site = reader.form.filled("site") {
            stations.formUnion(
                await call.service.allStations().filter { $0.station.site == SiteID(site) }.map(\.station.id))
        }
        if stations.count > DeviceTemplate.mostStations {
            reader.refuse("stations", VariableProblem.tooMany(most: DeviceTemplate.mostStations))
        }
        try reader.throwIfAny()
        var template = DeviceTemplate(
            name: name, note: note ?? "", settings: settings, stations: stations.sorted(),
            changedAt: call.service.now, changedBy: call.actor.name)
        template.alarms = reader.isChecked("alarm")
        _ = try await call.order(.device(.putTemplate(template)))
    }

    @Sendable static func delete(_ call: Call) async throws(Refusal) -> WebResponse {
        _ = try await call.order(.device(.removeTemplate(try await DeviceTemplatesAPI.template(call).name)))
        return .seeOther("/device-templates?note=deleted")
    }
}
