import Assets
import Charging
import Operations
import Quantities

/// What goes to many piles, how far is it, and where did it not arrive?
enum CampaignsPage {
    private static let pageSize = 50

    @Sendable static func list(_ call: Call) async throws(Refusal) -> WebResponse {
        let t = call.words
        let format = await call.format()
        let before = call.request.query.filled("before")
        let found = await call.service.campaigns(limit: pageSize + 1, before: before)
        let shown = found.prefix(pageSize)
        let make: HTML =
            call.can(.manager) ? "<a class=\"button primary\" href=\"/campaigns:new\">\(t("campaigns.new"))</a>" : ""
        let rows: [HTML] = shown.map { view in
            let campaign = view.campaign
            return """
                <tr data-row><th scope="row"><a href="/campaigns/\(PercentCoding.encode(campaign.id))">\(campaign.plan.name)</a>\
                <div class="muted">\(actions(campaign.plan))</div></th><td>\(state(campaign, t))</td><td>\(progress(view, t))</td>\
                <td>\(format.tag(campaign.createdAt))<div class="muted">\(campaign.by)</div></td></tr>
                """
        }
        let table: HTML =
            rows.isEmpty
            ? Parts.empty(t("campaigns.none"), make)
            : Parts.table(
                Parts.heads(t, ["campaigns.name", "campaigns.state", "campaigns.progress", "campaigns.made"]), rows,
                caption: t("campaigns.title"))
        let older: HTML? =
            found.count > pageSize
            ? "<p><a class=\"button\" href=\"\(call.request.query.query(replacing: "before", with: shown.last?.campaign.id))\">\(t("action.older"))</a></p>"
            : nil
        let content: HTML = "<section id=\"list\" data-live=\"campaign\">\(table)\(older)</section>"
        return await Layout(
            call: call, section: .campaigns, title: t("campaigns.title"),
            actions: make + Parts.csv("/api/v1/campaigns?format=csv&bom=1&limit=1000", t), format: format
        ).response(content)
    }

    private static func actions(_ plan: CampaignPlan) -> String {
        var seen: [String] = []
        for (_, command) in plan.commandList where !seen.contains(command.action) { seen.append(command.action) }
        return seen.joined(separator: ", ")
    }

    static func state(_ campaign: Campaign, _ t: Words) -> HTML {
        let tone =
            switch campaign.state {
            case .draft: "idle"
            case .running: "active"
            case .paused: "wait"
            case .finished: "ok"
            case .cancelled: "off"
            }
        return "<span class=\"state state-\(tone)\">\(t("campaign.state." + campaign.state.rawValue))</span>"
    }

    static func progress(_ view: CampaignView, _ t: Words) -> HTML {
        let text = t("campaigns.over", ["over": String(view.over), "total": String(view.total)])
        return """
            <progress max="\(max(1, view.total))" value="\(view.over)" aria-label="\(t("campaigns.progress"))"></progress> \
            <span class="muted">\(text)</span>
            """
    }

    // MARK: - One

    @Sendable static func show(_ call: Call) async throws(Refusal) -> WebResponse {
        let t = call.words
        let format = await call.format()
        let view = try await CampaignsAPI.campaign(call)
        let campaign = view.campaign
        let after = try call.numericCursor().map { Int(clamping: $0) }
        let found = await call.service.targets(of: campaign.id, after: after, limit: pageSize + 1)
        let targets = found.prefix(pageSize)
        let path = "/campaigns/" + PercentCoding.encode(campaign.id)
        let chips: [HTML] = CampaignTarget.State.allCases.compactMap { state in
            view.counts[state].map {
                "<span class=\"chip\">\(t("target.state." + state.rawValue)) <span class=\"count\">\($0)</span></span>"
            }
        }
        let commands: [HTML] = campaign.plan.commandList.map { version, command in
            let payload: HTML? =
                campaign.plan.file == nil
                ? "<pre class=\"frame-text\">\(String(decoding: command.shown(in: version), as: UTF8.self))</pre>" : nil
            return "<h3>OCPP \(version.number): \(command.action)</h3>\(payload)"
        }
        let facts = Parts.facts([
            (t("campaigns.state"), state(campaign, t)), (t("campaigns.progress"), progress(view, t)),
            (t("campaigns.started"), campaign.startedAt.map { format.tag($0) } ?? HTML(escaping: Format.none)),
            (t("campaigns.ends"), campaign.endsAt.map { format.tag($0) } ?? HTML(escaping: Format.none)),
            (t("campaigns.ended"), campaign.endedAt.map { format.tag($0) } ?? HTML(escaping: Format.none)),
            (t("campaigns.parallel"), HTML(escaping: String(campaign.plan.parallel))),
            (t("campaigns.attempts"), HTML(escaping: String(campaign.plan.attempts))),
        ])
        let more: HTML? =
            found.count > pageSize
            ? "<p><a class=\"button\" href=\"\(call.request.query.query(replacing: "cursor", with: targets.last.map { String($0.position) }))#results\">\(t("action.more"))</a></p>"
            : nil
        let api = "/api/v1/campaigns/" + PercentCoding.encode(campaign.id)
        let content: HTML = """
            \(Parts.card(t("campaigns.course"), id: "course", live: "campaign", "\(facts)<div class=\"chips\">\(chips)</div>\(steps(campaign, path, call))"))
            \(Parts.card(t("campaigns.commands"), id: "commands", "\(commands)"))
            \(Parts.card(t("campaigns.results"), id: "results", live: "campaign", actions: Parts.csv(api + "/results?format=csv&bom=1&limit=1000", t), "\(results(Array(targets), format))\(more)"))
            """
        return await Layout(
            call: call, section: .campaigns, title: campaign.plan.name, scope: campaign.id, format: format
        ).response(content)
    }

    private static func steps(_ campaign: Campaign, _ path: String, _ call: Call) -> HTML {
        let t = call.words
        var all: [(Campaign.Step, String)] = []
        switch campaign.state {
        case .draft: all = [(.start, "campaigns.start"), (.cancel, "campaigns.cancel")]
        case .running: all = [(.pause, "campaigns.pause"), (.cancel, "campaigns.cancel")]
        case .paused: all = [(.start, "campaigns.resume"), (.cancel, "campaigns.cancel")]
        case .finished, .cancelled: break
        }
        let forms: [HTML] = all.filter { call.can($0.0 == .start ? .manager : .operator) }.map { step, key in
            let look: HTML = step == .start ? "button primary" : "button"
            return """
                <form method="post" action="\(path)/\(step.rawValue)">\(Layout.csrf(call))<button class="\(look)">\(t(key))</button></form>
                """
        }
        return "<div class=\"controls\">\(forms)</div>"
    }

    private static func results(_ targets: [CampaignTarget], _ format: Format) -> HTML {
        let t = format.words
        let rows: [HTML] = targets.map { target in
            let tone =
                switch target.state {
                case .accepted: "ok"
                case .refused, .error, .timeout, .unknown: "bad"
                case .waiting, .sent: "wait"
                case .skipped, .offline, .cancelled: "off"
                }
            return """
                <tr data-row><th scope="row">\(Parts.stationLink(target.station))</th>\
                <td><span class="state state-\(tone)">\(t("target.state." + target.state.rawValue))</span></td>\
                <td>\(target.word ?? "")</td><td class="number">\(String(target.attempts))</td><td>\(format.ago(target.at))</td></tr>
                """
        }
        return Parts.table(
            Parts.heads(
                t, ["job.station", "campaigns.result", "campaigns.word", "campaigns.sent", "campaigns.since"],
                numbers: ["campaigns.sent"]), rows, caption: t("campaigns.results"))
    }

    @Sendable static func start(_ call: Call) async throws(Refusal) -> WebResponse { try await step(.start, call) }
    @Sendable static func pause(_ call: Call) async throws(Refusal) -> WebResponse { try await step(.pause, call) }
    @Sendable static func cancel(_ call: Call) async throws(Refusal) -> WebResponse { try await step(.cancel, call) }

    private static func step(_ step: Campaign.Step, _ call: Call) async throws(Refusal) -> WebResponse {
        let id = try await CampaignsAPI.campaign(call).campaign.id
        _ = try await CampaignsAPI.steer(id, step, call)
        return .seeOther("/campaigns/" + PercentCoding.encode(id))
    }

    // MARK: - New

    @Sendable static func make(_ call: Call) async throws(Refusal) -> WebResponse { await form(call, .empty) }

    @Sendable static func create(_ call: Call) async throws(Refusal) -> WebResponse {
        let t = call.words
        do {
            let view = try await CampaignsAPI.create(try await plan(call), call)
            return .seeOther("/campaigns/" + PercentCoding.encode(view.campaign.id))
        } catch {
            return await form(call, Parts.errors(t.mistakes(error), t("campaigns.refused"), t), status: error.status)
        }
    }

    private static func plan(_ call: Call) async throws(Refusal) -> CampaignPlan {
        let form = call.form
        var plan = CampaignPlan(name: form.filled("name") ?? "", commands: [:])
        if let text = form.filled("stations") {
            plan.selection.stations = text.split { " ,;\n\r\t".contains($0) }.map { StationID(String($0)) }
        }
        plan.selection.site = form.filled("site").map { SiteID($0) }
        plan.selection.vendor = form.filled("vendor")
        plan.selection.model = form.filled("model")
        plan.selection.firmware = form.filled("firmware_version")
        plan.parallel = form.filled("parallel").flatMap { Int($0) } ?? plan.parallel
        plan.attempts = form.filled("attempts").flatMap { Int($0) } ?? plan.attempts
        guard (1...CampaignPlan.mostParallel).contains(plan.parallel) else {
            throw .invalid([.init(path: "parallel", problem: "1…\(CampaignPlan.mostParallel)")])
        }
        guard (1...CampaignPlan.mostAttempts).contains(plan.attempts) else {
            throw .invalid([.init(path: "attempts", problem: "1…\(CampaignPlan.mostAttempts)")])
        }
        if let file = form.filled("file") {
            guard await call.service.files.file(file) != nil,
                let node = try? JSONNode(Array(#"{"file": "\#(file)"}"#.utf8))
            else { throw .notFound("file", file) }
            var fields = try JSONFields(node, path: "")
            let asked = await JobFields.read(&fields, .firmware, call)
            try fields.throwIfAny()
            guard let asked else { throw Refusal(ServiceFault(.filesOff)) }
            (plan.job, plan.file) = (asked.order, asked.file)
            return plan
        }
        var mistakes: [Mistake] = []
        for version in CampaignPlan.versions {
            guard let action = form.filled("action-" + version) else { continue }
            let payload = Array((form.filled("payload-" + version) ?? "{}").utf8)
            let faults = call.console.validateCommand("ocpp" + version, action, payload)
            mistakes += faults.mistakes.map { Mistake(path: "\(version) \($0.path)", problem: $0.problem) }
            _ = plan.set(CampaignPlan.Command(action: action, payload: payload), forVersion: version)
        }
        guard mistakes.isEmpty else { throw .invalid(mistakes) }
        return plan
    }

    private static func form(_ call: Call, _ banner: HTML, status: Int = 200) async -> WebResponse {
        let t = call.words
        let form = call.form
        func value(_ name: String, _ usual: String = "") -> String { form[name] ?? usual }
        let sites: [HTML] = await call.service.sites().map {
            Parts.option($0.id.value, $0.name, chosen: $0.id.value == form["site"])
        }
        let images: [HTML] = await call.service.files.files(kind: .firmware, station: nil, limit: 100, before: nil).map
        {
            Parts.option($0.id, $0.name, chosen: $0.id == form["file"])
        }
        let commands: [HTML] = CampaignPlan.versions.map { version in
            """
            <label class="field"><span>OCPP \(version): \(t("command.action"))</span>\
            <input name="action-\(version)" value="\(value("action-" + version))" maxlength="50" spellcheck="false"></label>\
            <label class="field wide"><span>\(t("command.payload"))</span>\
            <textarea name="payload-\(version)" rows="2" class="mono" spellcheck="false">\(value("payload-" + version, "{}"))</textarea></label>
            """
        }
        let content: HTML = """
            \(banner)
            <section class="card"><p class="muted">\(t("campaigns.form.text"))</p>
            <form method="post" action="/campaigns" class="grid">\(Layout.csrf(call))
            \(Parts.field(t("campaigns.name"), name: "name", value: value("name"), required: true))
            <label class="field"><span>\(t("stations.site"))</span><select name="site"><option value="">\(t("stations.allsites"))</option>\(sites)</select></label>
            \(Parts.field(t("campaigns.vendor"), name: "vendor", value: value("vendor")))
            \(Parts.field(t("campaigns.model"), name: "model", value: value("model")))
            \(Parts.field(t("campaigns.version"), name: "firmware_version", value: value("firmware_version")))
            <label class="field wide"><span>\(t("campaigns.stations"))</span><textarea name="stations" rows="2" class="mono" spellcheck="false">\(value("stations"))</textarea></label>
            \(Parts.field(t("campaigns.parallel"), name: "parallel", value: value("parallel", "10"), hint: t("campaigns.parallel.text")))
            \(Parts.field(t("campaigns.attempts"), name: "attempts", value: value("attempts", "1"), hint: t("campaigns.attempts.text")))
            <label class="field wide"><span>\(t("campaigns.firmware"))</span><select name="file"><option value="">\(t("campaigns.firmware.none"))</option>\(images)</select></label>
            \(commands)
            <div class="controls wide"><button class="button primary">\(t("campaigns.make"))</button>\
            <a class="button quiet" href="/campaigns">\(t("action.cancel"))</a></div></form></section>
            """
        return await Layout(
            call: call, section: .campaigns, title: t("campaigns.new"), format: await call.format()
        ).response(content, status: status)
    }
}
