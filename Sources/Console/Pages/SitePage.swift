import Assets
import Operations
import Quantities

/// Setting up a site: who and where, its nodes with the inputs of their limits, tariffs by date, mode.
enum SitePage {
    @Sendable static func list(_ call: Call) async throws(Refusal) -> WebResponse { await listPage(call, .empty) }

    private static func listPage(_ call: Call, _ banner: HTML, status: Int = 200) async -> WebResponse {
        let t = call.words
        let format = await call.format()
        let sites = await call.service.sites()
        let nodes = await call.service.nodes()
        let stations = await call.service.allStations()
        let rows: [HTML] = sites.map { site in
            let piles = stations.filter { $0.station.site == site.id }
            let root = nodes.first { $0.site == site.id && $0.parent == nil }
            return """
                <tr data-row><th scope="row"><a href="/sites/\(PercentCoding.encode(site.id.value))">\(site.name)</a><div class="muted">\(site.id.value)</div></th>\
                <td>\(t.known("kind." + site.kind) ?? site.kind)</td><td>\(mode(site.mode, t))</td><td class="number">\(piles.count(where: \.online)) / \(piles.count)</td>\
                <td class="number">\(format.kilowatts(root?.limit))</td><td>\(site.tariff(on: format.zone.civilDay(at: format.now)) ?? Format.none)</td></tr>
                """
        }
        let heads: [HTML] = Parts.heads(
            t, ["sites.name", "sites.kind", "sites.mode", "sites.piles", "sites.limit", "sites.tariff"],
            numbers: ["sites.piles", "sites.limit"])
        let table = rows.isEmpty ? Parts.empty(t("sites.none")) : Parts.table(heads, rows, caption: t("nav.sites"))
        let form: HTML =
            call.can(.manager)
            ? Parts.card(
                t("sites.new"), id: "new",
                """
                <form method="post" action="/sites" class="grid">\(Layout.csrf(call))
                \(Parts.field(t("sites.id"), name: "id", value: call.form["id"] ?? "", hint: t("sites.id.hint"), required: true))
                \(Parts.field(t("sites.name"), name: "name", value: call.form["name"] ?? "", required: true))
                <button class="button primary">\(t("action.create"))</button></form>
                """) : .empty
        return await Layout(
            call: call, section: .sites, title: t("nav.sites"), actions: Parts.csv("/api/v1/sites?format=csv&bom=1", t),
            format: format
        ).response("\(banner)<section class=\"card\" id=\"list\">\(table)</section>\(form)", status: status)
    }

    static func mode(_ mode: Site.Mode, _ t: Words) -> HTML {
        let tone =
            switch mode {
            case .auto: "ok"
            case .manual: "wait"
            case .stopped: "bad"
            }
        return "<span class=\"state state-\(tone)\">\(t("mode." + mode.state))</span>"
    }

    @Sendable static func create(_ call: Call) async throws(Refusal) -> WebResponse {
        let t = call.words
        let id = call.form.filled("id") ?? ""
        var problems: [Mistake] = []
        if id.isEmpty || SitesAPI.problem(ofID: id) != nil {
            problems.append(.init(path: t("sites.id"), problem: t("sites.id.hint")))
        }
        if await call.service.site(SiteID(id)) != nil {
            problems.append(.init(path: t("sites.id"), problem: t("sites.id.taken")))
        }
        guard problems.isEmpty else {
            return await listPage(call, Parts.errors(problems, t("sites.refused"), t), status: 400)
        }
        _ = try await call.order(.putSite(Site(id: SiteID(id), name: call.form.filled("name") ?? id)))
        return .seeOther(path(SiteID(id)) + "?note=saved")
    }

    static func path(_ id: SiteID) -> String { "/sites/" + PercentCoding.encode(id.value) }

    @Sendable static func show(_ call: Call) async throws(Refusal) -> WebResponse {
        await page(call, try await SitesAPI.site(call), .empty)
    }

    // MARK: - Changes

    @Sendable static func save(_ call: Call) async throws(Refusal) -> WebResponse {
        var site = try await SitesAPI.site(call)
        let (t, form) = (call.words, call.form)
        var problems: [Mistake] = []
        site.name = form.filled("name") ?? site.name
        site.kind = form.filled("kind") ?? site.kind
        site.operatorName = form.filled("operator") ?? ""
        site.region = form.filled("region")
        if let region = site.region, region.utf8.count != 6 || Int(region) == nil {
            problems.append(.init(path: t("site.region"), problem: t("site.region.hint")))
        }
        if let name = form.filled("zone") {
            if let zone = Zone(name) {
                site.zone = zone
            } else {
                problems.append(.init(path: t("site.zone"), problem: t("site.zone.hint")))
            }
        }
        guard problems.isEmpty else {
            return await page(call, site, Parts.errors(problems, t("site.refused"), t), status: 400)
        }
        _ = try await call.order(.putSite(site))
        return .seeOther(path(site.id) + "?note=saved")
    }

    @Sendable static func saveNode(_ call: Call) async throws(Refusal) -> WebResponse {
        let site = try await SitesAPI.site(call)
        let (t, form) = (call.words, call.form)
        var problems: [Mistake] = []
        func number(_ name: String, _ label: String, scale: Int, _ range: ClosedRange<Int64>) -> Int64? {
            guard let text = form.filled(name) else { return nil }
            if let value = scaledLimit(text, scale: scale), range.contains(value) { return value }
            problems.append(
                .init(
                    path: t(label),
                    problem: t("node.number.invalid", ["max": decimalText(Int128(range.upperBound), scale: scale)])))
            return nil
        }
        let id = form.filled("id") ?? ""
        if id.isEmpty || SitesAPI.problem(ofID: id) != nil {
            problems.append(.init(path: t("node.id"), problem: t("sites.id.hint")))
        }
        let limit = number("limit_kw", "node.limit", scale: 3, 0...10_000_000_000)
        let export = number("export_limit_kw", "node.export", scale: 3, 0...10_000_000_000)
        let kva = number("kva", "node.kva", scale: 3, 1...1_000_000_000)
        let factor = number("power_factor", "node.factor", scale: 3, 1...1000)
        let loading = number("loading", "node.loading", scale: 3, 1...2000)
        var rating: GridNode.Rating?
        if let kva, let factor, let loading {
            rating = .init(voltAmperes: kva, powerFactorPerMille: factor, loadingPerMille: loading)
        } else if kva != nil || factor != nil || loading != nil, problems.isEmpty {
            problems.append(.init(path: t("node.rating"), problem: t("node.rating.incomplete")))
        }
        guard problems.isEmpty else {
            return await page(call, site, Parts.errors(problems, t("node.refused"), t), status: 400)
        }
        let node = GridNode(
            id: NodeID(id), parent: form.filled("parent").map { NodeID($0) }, site: site.id,
            limit: rating?.limit ?? limit.map { Power(watts: $0) }, exportLimit: export.map { Power(watts: $0) },
            rating: rating, serves: await call.service.node(NodeID(id))?.serves)
        do {
            _ = try await call.order(.putNode(node))
        } catch {
            return await page(
                call, site, Parts.errors(t.mistakes(error), t("node.refused"), t),
                status: error.status)
        }
        return .seeOther(path(site.id) + "?note=saved#nodes")
    }

    @Sendable static func addTariff(_ call: Call) async throws(Refusal) -> WebResponse {
        var site = try await SitesAPI.site(call)
        let (t, form) = (call.words, call.form)
        guard let from = form.filled("from").flatMap({ CivilDay($0) }), let tariff = form.filled("tariff") else {
            return await page(
                call, site,
                Parts.errors(
                    [.init(path: t("site.tariff.from"), problem: t("site.tariff.invalid"))], t("site.refused"), t),
                status: 400)
        }
        func inserted(_ entries: [Site.TariffEntry]) -> [Site.TariffEntry] {
            (entries.filter { $0.from != from } + [.init(from: from, tariff: tariff)]).sorted { $0.from < $1.from }
        }
        if form["direction"] == "export" {
            site.exportTariffs = inserted(site.exportTariffs)
        } else {
            site.tariffs = inserted(site.tariffs)
        }
        do {
            _ = try await call.order(.putSite(site))
        } catch {
            return await page(
                call, site, Parts.errors(t.mistakes(error), t("site.refused"), t),
                status: error.status)
        }
        return .seeOther(path(site.id) + "?note=saved#tariffs")
    }

    @Sendable static func mode(_ call: Call) async throws(Refusal) -> WebResponse {
        let site = try await SitesAPI.site(call)
        let (t, form) = (call.words, call.form)
        switch form["state"] {
        case "auto":
            _ = try await call.order(.setMode(site.id, .auto, reason: form.filled("reason") ?? ""))
        case "manual":
            guard let reason = form.filled("reason") else {
                return await page(
                    call, site,
                    Parts.errors(
                        [.init(path: t("mode.reason"), problem: t("mode.reason.missing"))], t("mode.refused"), t),
                    status: 400)
            }
            _ = try await call.order(.setMode(site.id, .manual(by: call.actor.name, reason: reason)))
        default: throw .invalid([.init(path: "state", problem: "auto or manual is expected")])
        }
        return .seeOther(path(site.id) + "?note=mode#mode")
    }

    // MARK: - The page

    static func page(
        _ call: Call, _ site: Site, _ banner: HTML, refused: RefusedForm? = nil, status: Int = 200
    ) async -> WebResponse {
        let t = call.words
        let format = await call.format(for: site.zone)
        let nodes = await call.service.nodes().filter { $0.site == site.id }
        let tariffs = await call.service.tariffs()
        let outlook = await call.service.offlineOutlook(of: site.id)
        let capacity = await CapacityCard.html(site, call, format)
        let canSetUp = call.can(.manager)
        let denied: HTML? = canSetUp ? nil : "<p class=\"muted\">\(t("denied.manager"))</p>"
        let content: HTML = """
            \(banner)
            <div class="columns">
            \(Parts.card(t("site.mode"), id: "mode", live: "plan", modeCard(site, call)))
            \(Parts.card(t("site.identity"), id: "identity", "\(identity(site, canSetUp, call))\(denied)"))
            </div>
            \(capacity)
            \(outlook.map { offlineCard($0, site, format) })
            <p class="controls"><a class="button" href="\(DERPage.path(site.id))">\(t("der.title"))</a></p>
            \(V2GPage.card(site, t))
            \(Parts.card(t("site.nodes"), id: "nodes", nodesCard(nodes, site, canSetUp, call, format)))
            \(Parts.card(t("site.tariffs"), id: "tariffs", tariffCard(site, tariffs, canSetUp, call, format)))
            \(SiteMoneyForms.html(site, call, format, refused))
            """
        return await Layout(
            call: call, section: .sites, title: site.name, scope: site.id.value, format: format, address: path(site.id)
        ).response(content, status: status)
    }

    private static func offlineCard(_ outlook: OfflineOutlook, _ site: Site, _ format: Format) -> HTML {
        let t = format.words
        return Parts.card(
            t("offline.card"), id: "offline-now", live: "station plan",
            actions: "<a class=\"button quiet\" href=\"\(path(site.id))/offline\">\(t("offline.open"))</a>",
            OfflinePage.verdict(outlook, format))
    }

    private static func modeCard(_ site: Site, _ call: Call) -> HTML {
        let t = call.words
        let cause: HTML? = site.mode.cause.map { "<p>\(t("mode.by", ["by": $0.by, "reason": $0.reason]))</p>" }
        let state: HTML =
            "<p>\(mode(site.mode, t)) <span class=\"muted\">\(t("mode." + site.mode.state + ".text"))</span></p>\(cause)"
        guard call.can(.operator) else { return "\(state)<p class=\"muted\">\(t("denied.operator"))</p>" }
        let action = path(site.id) + "/mode"
        let auto: HTML =
            "<form method=\"post\" action=\"\(action)\">\(Layout.csrf(call))<input type=\"hidden\" name=\"state\" value=\"auto\"><button class=\"button primary\">\(t("mode.toauto"))</button></form>"
        let manual: HTML = """
            <form method="post" action="\(action)" class="inline">\(Layout.csrf(call))<input type="hidden" name="state" value="manual">\
            <label><span>\(t("mode.reason"))</span><input name="reason" required maxlength="500"></label><button class="button">\(t("mode.tomanual"))</button></form>
            """
        let stop: HTML = "<a class=\"button danger\" href=\"\(path(site.id))/stop\">\(t("mode.stop"))</a>"
        switch site.mode {
        case .auto: return "\(state)\(manual)<p>\(stop)</p>"
        case .manual: return "\(state)<div class=\"controls\">\(auto)</div><p>\(stop)</p>"
        case .stopped: return "\(state)<div class=\"controls\">\(auto)</div>\(manual)"
        }
    }

    private static func identity(_ site: Site, _ canSetUp: Bool, _ call: Call) -> HTML {
        let t = call.words
        let kinds = ["community", "public", "depot", "workplace"]
        guard canSetUp else {
            return Parts.facts([
                (t("sites.name"), HTML(escaping: site.name)),
                (t("sites.kind"), HTML(escaping: t.known("kind." + site.kind) ?? site.kind)),
                (t("site.region"), HTML(escaping: site.region ?? Format.none)),
                (t("site.zone"), HTML(escaping: site.zone.identifier)),
                (t("site.operator"), HTML(escaping: site.operatorName)),
            ])
        }
        let options = (kinds.contains(site.kind) ? kinds : kinds + [site.kind]).map {
            Parts.option($0, t.known("kind." + $0) ?? $0, chosen: $0 == site.kind)
        }
        return """
            <form method="post" action="\(path(site.id))" class="grid">\(Layout.csrf(call))
            \(Parts.field(t("sites.name"), name: "name", value: site.name, required: true))
            <label class="field"><span>\(t("sites.kind"))</span><select name="kind">\(options)</select></label>
            \(Parts.field(t("site.operator"), name: "operator", value: site.operatorName))
            \(Parts.field(t("site.region"), name: "region", value: site.region ?? "", hint: t("site.region.hint")))
            \(Parts.field(t("site.zone"), name: "zone", value: site.zone.identifier, hint: t("site.zone.hint")))
            <button class="button primary">\(t("action.save"))</button></form>
            """
    }

    private static func nodesCard(_ nodes: [GridNode], _ site: Site, _ canSetUp: Bool, _ call: Call, _ format: Format)
        -> HTML
    {
        let t = call.words
        let rows: [HTML] = nodes.sorted { ($0.parent == nil ? 0 : 1, $0.id) < ($1.parent == nil ? 0 : 1, $1.id) }.map {
            node in
            let rating: HTML =
                node.rating.map {
                    "\(decimalText(Int128($0.voltAmperes), scale: 3)) kVA × \(decimalText(Int128($0.powerFactorPerMille), scale: 3)) × \(decimalText(Int128($0.loadingPerMille), scale: 3))"
                } ?? HTML(escaping: t("node.direct"))
            return """
                <tr data-row><th scope="row">\(node.id.value)</th><td>\(node.parent?.value ?? t("node.root"))</td>\
                <td class="number">\(format.kilowatts(node.limit))</td><td>\(rating)</td><td class="number">\(format.kilowatts(node.exportLimit))</td></tr>
                """
        }
        let table =
            rows.isEmpty
            ? Parts.empty(t("site.nonodes"))
            : Parts.table(
                Parts.heads(
                    t, ["node.id", "node.parent", "node.limit", "node.rating", "node.export"],
                    numbers: ["node.limit", "node.export"]),
                rows, caption: t("site.nodes"))
        guard canSetUp else { return table }
        let form = call.form
        func value(_ name: String) -> String { form[name] ?? "" }
        let parents = nodes.map { Parts.option($0.id.value, $0.id.value, chosen: $0.id.value == form["parent"]) }
        return """
            \(table)
            <details class="add"\(form["kva"] != nil ? " open" : "")><summary>\(t("node.add"))</summary>
            <form method="post" action="\(path(site.id))/nodes" class="grid">\(Layout.csrf(call))
            \(Parts.field(t("node.id"), name: "id", value: value("id"), hint: t("node.id.hint"), required: true))
            <label class="field"><span>\(t("node.parent"))</span><select name="parent"><option value="">\(t("node.root"))</option>\(parents)</select></label>
            <fieldset class="wide"><legend>\(t("node.byrating"))</legend><div class="grid">
            \(Parts.field(t("node.kva"), name: "kva", value: value("kva"), type: "number"))
            \(Parts.field(t("node.factor"), name: "power_factor", value: value("power_factor"), type: "number", hint: "0.95"))
            \(Parts.field(t("node.loading"), name: "loading", value: value("loading"), type: "number", hint: "0.85"))
            </div></fieldset>
            \(Parts.field(t("node.orlimit"), name: "limit_kw", value: value("limit_kw"), type: "number"))
            \(Parts.field(t("node.export"), name: "export_limit_kw", value: value("export_limit_kw"), type: "number"))
            <button class="button primary">\(t("action.save"))</button></form></details>
            """
    }

    private static func tariffCard(_ site: Site, _ tariffs: [String], _ canSetUp: Bool, _ call: Call, _ format: Format)
        -> HTML
    {
        let t = call.words
        let today = format.zone.civilDay(at: format.now)
        func rows(_ entries: [Site.TariffEntry], _ direction: String) -> [HTML] {
            let inForce = entries.last { $0.from <= today }
            return entries.reversed().map { entry in
                let mark: HTML? =
                    entry == inForce ? "<span class=\"state state-ok\">\(t("site.tariff.inforce"))</span>" : nil
                return
                    "<tr><td>\(entry.from.description)</td><td>\(t("direction." + direction))</td><th scope=\"row\">\(entry.tariff)</th><td>\(mark)</td></tr>"
            }
        }
        let all = rows(site.tariffs, "import") + rows(site.exportTariffs, "export")
        let table =
            all.isEmpty
            ? Parts.empty(t("site.notariff"))
            : Parts.table(
                Parts.heads(t, ["site.tariff.from", "site.tariff.direction", "site.tariff", "site.tariff.state"]), all,
                caption: t("site.tariffs"))
        guard canSetUp else { return table }
        let options = tariffs.map { Parts.option($0, $0, chosen: false) }
        return """
            \(table)
            <details class="add"><summary>\(t("site.tariff.add"))</summary>
            <form method="post" action="\(path(site.id))/tariffs" class="grid">\(Layout.csrf(call))
            \(Parts.field(t("site.tariff.from"), name: "from", value: today.description, type: "date", required: true))
            <label class="field"><span>\(t("site.tariff.direction"))</span><select name="direction">\(Parts.option("import", t("direction.import"), chosen: true))\(Parts.option("export", t("direction.export"), chosen: false))</select></label>
            <label class="field"><span>\(t("site.tariff"))</span><select name="tariff" required>\(options)</select></label>
            <button class="button primary">\(t("action.add"))</button></form></details>
            """
    }
}

/// Stopping a whole site, in two steps: this page says in numbers what happens, its button does it.
enum StopPage {
    @Sendable static func show(_ call: Call) async throws(Refusal) -> WebResponse {
        await page(call, try await SitesAPI.site(call), .empty)
    }

    @Sendable static func stop(_ call: Call) async throws(Refusal) -> WebResponse {
        let site = try await SitesAPI.site(call)
        let t = call.words
        guard let reason = call.form.filled("reason") else {
            return await page(
                call, site,
                Parts.errors([.init(path: t("mode.reason"), problem: t("mode.reason.missing"))], t("stop.refused"), t),
                status: 400)
        }
        do {
            try await SitesAPI.stop(site, confirmation: call.form["confirmation"] ?? "", reason: reason, call)
        } catch {
            return await page(
                call, site, Parts.errors(t.mistakes(error), t("stop.refused"), t), status: error.status)
        }
        return .seeOther(SitePage.path(site.id) + "?note=stopped")
    }

    private static func page(_ call: Call, _ site: Site, _ banner: HTML, status: Int = 200) async -> WebResponse {
        let t = call.words
        let format = await call.format(for: site.zone)
        let effect = await SitesAPI.StopEffect(of: site.id, call.service)
        let token = call.console.stopConfirmations.issue(for: site.id, actor: call.actor.name)
        let numbers = [
            "evses": String(effect.evses), "sessions": String(effect.charging), "kw": format.kilowatts(effect.power),
        ]
        let content: HTML = """
            \(banner)
            <section class="card danger-card">
            <p class="effect">\(t("stop.effect", numbers))</p>
            <p>\(t("stop.until"))</p>
            <form method="post" action="\(SitePage.path(site.id))/stop">\(Layout.csrf(call))
            <input type="hidden" name="confirmation" value="\(token)">
            \(Parts.field(t("mode.reason"), name: "reason", value: call.form["reason"] ?? "", required: true))
            <div class="controls"><button class="button danger">\(t("stop.do", numbers))</button>
            <a class="button quiet" href="\(SitePage.path(site.id))">\(t("action.cancel"))</a></div></form>
            </section>
            """
        return await Layout(call: call, section: .sites, title: t("stop.title"), scope: site.name, format: format)
            .response(content, status: status)
    }
}
