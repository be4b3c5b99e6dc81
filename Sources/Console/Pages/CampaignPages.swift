import Assets
import Charging
import Documents
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
        let only = call.request.query.filled("state").flatMap { CampaignTarget.State(rawValue: $0) }
        let found = await targets(of: campaign.id, only, after: after, call)
        let targets = found.prefix(pageSize)
        let path = "/campaigns/" + PercentCoding.encode(campaign.id)
        let chips: [HTML] = CampaignTarget.State.allCases.compactMap { one in
            view.counts[one].map {
                Parts.chip(
                    t("target.state." + one.rawValue), href: path + "?state=\(one.rawValue)#results",
                    chosen: one == only, count: $0)
            }
        }
        let all = Parts.chip(t("device.all"), href: path + "#results", chosen: only == nil, count: view.total)
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
            \(Parts.card(t("campaigns.course"), id: "course", live: "campaign", "\(facts)<nav class=\"chips\" aria-label=\"\(t("campaigns.result"))\">\(all)\(chips)</nav>\(steps(view, path, call))"))
            \(Parts.card(t("campaigns.commands"), id: "commands", "\(commands)"))
            \(Parts.card(t("campaigns.results"), id: "results", live: "campaign", actions: Parts.csv(api + "/results?format=csv&bom=1&limit=1000", t), "\(results(Array(targets), format))\(more)"))
            """
        return await Layout(
            call: call, section: .campaigns, title: campaign.plan.name, scope: campaign.id, format: format
        ).response(content)
    }

    /// Those in one state, where it is asked for: who did not take it matters more than who did.
    private static func targets(
        of id: String, _ state: CampaignTarget.State?, after: Int?, _ call: Call
    ) async -> [CampaignTarget] {
        guard let state else { return await call.service.targets(of: id, after: after, limit: pageSize + 1) }
        var found: [CampaignTarget] = []
        var last = after
        while found.count <= pageSize {
            let some = await call.service.targets(of: id, after: last, limit: 1000)
            found += some.filter { $0.state == state }
            guard some.count == 1000 else { break }
            last = some.last?.position
        }
        return Array(found.prefix(pageSize + 1))
    }

    private static func steps(_ view: CampaignView, _ path: String, _ call: Call) -> HTML {
        let t = call.words
        let campaign = view.campaign
        var all: [(Campaign.Step, String)] = []
        switch campaign.state {
        case .draft: all = [(.start, "campaigns.start"), (.cancel, "campaigns.cancel")]
        case .running: all = [(.pause, "campaigns.pause"), (.cancel, "campaigns.cancel")]
        case .paused: all = [(.start, "campaigns.resume"), (.cancel, "campaigns.cancel")]
        case .finished, .cancelled: break
        }
        let waiting = String(view.counts[.waiting] ?? 0)
        let forms: [HTML] = all.filter { call.can($0.0 == .start ? .manager : .operator) }.map { step, key in
            let address = "\(path)/\(step.rawValue)"
            // Pausing can be taken back; the others reach stations, or end for good.
            return switch step {
            case .pause: Parts.button(t(key), to: address, call: call)
            case .start:
                Parts.confirm(
                    t(key), effect: t("campaigns.start.effect", ["n": waiting]), button: t("campaigns.start.do"),
                    to: address, call: call)
            case .cancel:
                Parts.confirm(
                    t(key), effect: t("campaigns.cancel.effect", ["n": waiting]), button: t("campaigns.cancel"),
                    to: address, call: call)
            }
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
                <td>\(target.word.map { t.known("target.word." + $0) ?? $0 } ?? "")</td><td class="number">\(String(target.attempts))</td><td>\(format.ago(target.at))</td></tr>
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

    @Sendable static func make(_ call: Call) async throws(Refusal) -> WebResponse { await newPage(call, nil) }

    @Sendable static func create(_ call: Call) async throws(Refusal) -> WebResponse {
        do {
            let view = try await CampaignsAPI.create(try await plan(call), call)
            return .seeOther("/campaigns/" + PercentCoding.encode(view.campaign.id))
        } catch { return await newPage(call, RefusedForm(name: "campaign", refusal: error)) }
    }

    /// What many stations are given; each has its own fields.
    private enum What: String, CaseIterable { case commands, firmware, log }

    private static func plan(_ call: Call) async throws(Refusal) -> CampaignPlan {
        var reader = FormReader(call)
        let form = reader.form
        var plan = CampaignPlan(name: reader.text("name", atMost: 200, needed: true) ?? "", commands: [:])
        let stations = reader.ids("stations")
        if !stations.isEmpty { plan.selection.stations = stations.map { StationID($0) } }
        plan.selection.site = form.filled("site").map { SiteID($0) }
        plan.selection.vendor = reader.text("vendor", atMost: 255)
        plan.selection.model = reader.text("model", atMost: 255)
        plan.selection.firmware = reader.text("firmware_version", atMost: 255)
        plan.parallel = reader.whole("parallel", 1...CampaignPlan.mostParallel) ?? plan.parallel
        plan.attempts = reader.whole("attempts", 1...CampaignPlan.mostAttempts) ?? plan.attempts
        let what = reader.word("what", What.self) ?? (form.filled("file") == nil ? .commands : .firmware)
        switch what {
        case .commands: commands(&plan, &reader, call)
        case .firmware:
            if form.filled("file") == nil { reader.refuse("file", InputProblem.needed) }
            try reader.throwIfAny()
            let id = form.filled("file") ?? ""
            guard await call.service.files.file(id) != nil else { throw .notFound("file", id) }
            let asked = try await JobFields.read(["file": .string(id)], .firmware, call)
            (plan.job, plan.file) = (asked.order, asked.file)
        case .log:
            let type = reader.word("log_type", JobOrder.Log.self) ?? .diagnostics
            try reader.throwIfAny()
            plan.job = try await JobFields.read(["type": .string(type.rawValue)], .log, call).order
            // From each station under an address of its own.
            plan.job?.location = ""
        }
        try reader.throwIfAny()
        return plan
    }

    private static func commands(_ plan: inout CampaignPlan, _ reader: inout FormReader, _ call: Call) {
        for version in CampaignPlan.versions {
            guard let action = reader.text("action-" + version, atMost: 50) else { continue }
            let payload = Array((reader.form.filled("payload-" + version) ?? "{}").utf8)
            let faults = call.console.validateCommand("ocpp" + version, action, payload)
            reader.refuse(faults.mistakes.map { $0.at("payload-\(version).\($0.field)") })
            _ = plan.set(CampaignPlan.Command(action: action, payload: payload), forVersion: version)
        }
        if plan.commands.isEmpty { reader.refuse("action-" + (CampaignPlan.versions.first ?? ""), InputProblem.needed) }
    }

    private static func newPage(_ call: Call, _ refused: RefusedForm?) async -> WebResponse {
        let t = call.words
        let sites =
            [(value: "", label: t("stations.allsites"))] + (await call.service.sites().map { ($0.id.value, $0.name) })
        let images = await call.service.files.files(kind: .firmware, station: nil, limit: 100, before: nil)
        var form = FormView("campaign", to: "/campaigns", call, refused)
        let what = form.value("what", "commands")
        let commands: [HTML] = CampaignPlan.versions.map { version in
            """
            \(form.input("OCPP \(version): " + t("command.action"), "action-" + version, more: " maxlength=\"50\" spellcheck=\"false\""))
            \(form.area(t("command.payload"), "payload-" + version, "{}", rows: 2))
            """
        }
        let firmware: HTML =
            images.isEmpty
            ? "<p class=\"hint\">\(t("campaigns.noimage")) <a href=\"/firmware\">\(t("firmware.title"))</a></p>"
            : form.select(t("campaigns.firmware"), "file", images.map { ($0.id, $0.name) })
        let kinds = JobOrder.Log.allCases.map { (value: $0.rawValue, label: t("job.kind.log." + $0.rawValue)) }
        let log: HTML = """
            <p class="hint wide">\(t("campaigns.log.text"))</p>\(form.select(t("jobs.log"), "log_type", kinds))
            """
        let parts: [HTML] = zip(What.allCases, ["\(commands)", firmware, log] as [HTML]).map { one, fields in
            let chosen: HTML = what == one.rawValue ? " checked" : ""
            return """
                <fieldset class="wide choice"><legend><label class="check"><input type="radio" name="what" value="\(one.rawValue)"\(chosen)>\
                <span>\(t("campaigns.what." + one.rawValue))</span></label></legend><div class="grid">\(fields)</div></fieldset>
                """
        }
        let fields: HTML = """
            \(form.input(t("campaigns.name"), "name", needed: true, more: " maxlength=\"200\""))
            \(form.select(t("stations.site"), "site", sites))
            \(form.input(t("campaigns.vendor"), "vendor"))
            \(form.input(t("campaigns.model"), "model"))
            \(form.input(t("campaigns.version"), "firmware_version"))
            \(form.input(t("campaigns.parallel"), "parallel", "10", type: "number", hint: t("campaigns.parallel.text"), more: " min=\"1\" max=\"\(CampaignPlan.mostParallel)\""))
            \(form.input(t("campaigns.attempts"), "attempts", "1", type: "number", hint: t("campaigns.attempts.text"), more: " min=\"1\" max=\"\(CampaignPlan.mostAttempts)\""))
            \(form.area(t("campaigns.stations"), "stations", rows: 2, hint: t("templates.stations.hint")))
            \(parts)
            """
        let cancel: HTML = "<a class=\"button quiet\" href=\"/campaigns\">\(t("action.cancel"))</a>"
        return await Layout(
            call: call, section: .campaigns, title: t("campaigns.new"), format: await call.format(),
            address: "/campaigns:new"
        ).response(
            """
            <section class="card"><p class="muted">\(t("campaigns.form.text"))</p>
            \(form.html(fields, button: t("campaigns.make"), beside: cancel))</section>
            """, status: refused?.refusal.status ?? 200)
    }
}
