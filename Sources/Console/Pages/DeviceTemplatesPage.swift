import Assets
import Charging
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
                <tr data-row><th scope="row"><a href="/device-templates/\(PercentCoding.encode(template.name))">\(template.name)</a>\
                <div class="muted">\(template.note)</div></th><td class="number">\(template.settings.count)</td>\
                <td class="number">\(template.stations.count)</td><td>\(format.ago(template.changedAt))<div class="muted">\(template.changedBy)</div></td></tr>
                """)
        }
        let table =
            rows.isEmpty
            ? Parts.empty(t("templates.none"))
            : Parts.table(
                Parts.heads(
                    t, ["templates.name", "templates.settings", "templates.stations", "templates.changed"],
                    numbers: ["templates.settings", "templates.stations"]), rows, caption: t("templates.title"))
        return await Layout(
            call: call, section: .stations, title: t("templates.title"),
            actions: Parts.csv("/api/v1/device-templates?format=csv&bom=1", t), format: format
        ).response("<section class=\"card\"><p class=\"muted\">\(t("templates.text"))</p>\(table)</section>")
    }

    @Sendable static func template(_ call: Call) async throws(Refusal) -> WebResponse {
        await page(call, try await DeviceTemplatesAPI.template(call), .empty)
    }

    /// Sends what differs.
    @Sendable static func apply(_ call: Call) async throws(Refusal) -> WebResponse {
        let template = try await DeviceTemplatesAPI.template(call)
        let results = await DeviceTemplatesAPI.apply(template, to: template.stations, call)
        let t = call.words
        func count(_ state: DeviceTemplatesAPI.Applied.State) -> String { String(results.count { $0.state == state }) }
        let refusals: [HTML] = results.filter { $0.detail != nil }.prefix(20).map {
            "<li><strong>\($0.station.value)</strong> \($0.detail ?? "")</li>"
        }
        let list: HTML? = refusals.isEmpty ? nil : "<ul class=\"problems\">\(refusals)</ul>"
        let banner: HTML = """
            <div class="banner banner-ok" role="status"><p>\(t("templates.applied", [
                "sent": count(.sent), "offline": count(.offline), "refused": count(.refused), "later": count(.later),
            ]))</p>\(list)</div>
            """
        return await page(call, template, banner)
    }

    private static func page(_ call: Call, _ template: DeviceTemplate, _ banner: HTML) async -> WebResponse {
        let t = call.words
        let format = await call.format()
        let drifted = await TemplateDrift.of(template, call.service)
        let off = drifted.filter { !$0.drifts.isEmpty }
        let path = "/device-templates/" + PercentCoding.encode(template.name)
        let api = "/api/v1" + path
        let apply: HTML =
            call.can(.operator) && !off.isEmpty
            ? "<form method=\"post\" action=\"\(path)\">\(Layout.csrf(call))<button class=\"button primary\">\(t("templates.apply"))</button></form>"
            : ""
        let settings: [HTML] = template.settings.map { setting in
            """
            <tr data-row><th scope="row" class="mono">\(setting.name.text)</th><td>\(setting.attribute.rawValue)</td>\
            <td>\(setting.value)</td><td class="number">\(off.count { $0.drifts.contains { $0.setting.key == setting.key } })</td></tr>
            """
        }
        let stations: [HTML] = drifted.map { one in
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
        let alarms = t(template.alarms ? "templates.alarms.yes" : "templates.alarms.no")
        let content: HTML = """
            \(banner)
            <p class="muted">\(t("templates.alarms")): \(alarms)</p>
            \(Parts.card(t("templates.drift"), id: "drift", actions: "\(apply)\(Parts.csv(api + "/drift?format=csv&bom=1&limit=1000", t))", stations.isEmpty ? Parts.empty(t("templates.nostations")) : Parts.table(Parts.heads(t, ["stations.col.id", "stations.col.link", "templates.state", "templates.differs", "templates.pending", "templates.unknown"], numbers: ["templates.differs", "templates.pending", "templates.unknown"]), stations, caption: t("templates.drift"))))
            \(Parts.card(t("templates.settings"), id: "settings", Parts.table(Parts.heads(t, ["device.variable", "templates.attribute", "device.value", "templates.off"], numbers: ["templates.off"]), settings, caption: t("templates.settings"))))
            """
        return await Layout(
            call: call, section: .stations, title: template.name,
            scope: t("templates.scope", ["stations": String(drifted.count), "off": String(off.count)]),
            format: format
        ).response(content)
    }
}
