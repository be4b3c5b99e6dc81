import Assets
import Charging
import Documents
import Operations
import Quantities

/// One command to many stations.
enum CampaignsAPI {
    @Sendable static func list(_ call: Call) async throws(Refusal) -> WebResponse {
        let limit = try call.limit()
        if let cursor = call.cursor, await call.service.campaign(cursor) == nil { throw Call.unknownCursor }
        let found = await call.service.campaigns(limit: limit + 1, before: call.cursor)
        let page = found.prefix(limit)
        return Listing(
            columns: CampaignView.columns, items: page.map(\.json),
            nextCursor: found.count > limit ? page.last?.campaign.id : nil
        ).response(to: call.request, name: "campaigns")
    }

    static func campaign(_ call: Call) async throws(Refusal) -> CampaignView {
        let id = call.parameter("id")
        guard let view = await call.service.campaign(id) else { throw .notFound("campaign", id) }
        return view
    }

    @Sendable static func get(_ call: Call) async throws(Refusal) -> WebResponse {
        .json(try await campaign(call).json)
    }

    @Sendable static func results(_ call: Call) async throws(Refusal) -> WebResponse {
        let limit = try call.limit()
        let after = try call.numericCursor().map { Int(clamping: $0) }
        let id = try await campaign(call).campaign.id
        let found = await call.service.targets(of: id, after: after, limit: limit + 1)
        let page = found.prefix(limit)
        return Listing(
            columns: CampaignTarget.columns, items: page.map(\.json),
            nextCursor: found.count > limit ? page.last.map { String($0.position) } : nil
        ).response(to: call.request, name: id + "-results")
    }

    @Sendable static func post(_ call: Call) async throws(Refusal) -> WebResponse {
        var fields = try JSONFields(body: call.request)
        let starts = fields.bool("start").value ?? false
        let plan = try await CampaignFields.plan(&fields, call)
        let made = try await create(plan, call)
        guard starts else { return response(made, status: 201) }
        return response(try await steer(made.campaign.id, .start, call), status: 201)
    }

    static func create(_ plan: CampaignPlan, _ call: Call) async throws(Refusal) -> CampaignView {
        guard case .campaign(let view) = try await call.order(.createCampaign(plan)) else { throw noCampaign }
        return view
    }

    static func steer(_ id: String, _ step: Campaign.Step, _ call: Call) async throws(Refusal) -> CampaignView {
        guard case .campaign(let view) = try await call.order(.steerCampaign(id, step)) else { throw noCampaign }
        return view
    }

    private static func response(_ view: CampaignView, status: Int = 200) -> WebResponse {
        .json(view.json, status: status, headers: [("Location", "/api/v1/campaigns/" + view.campaign.id)])
    }

    @Sendable static func start(_ call: Call) async throws(Refusal) -> WebResponse { try await step(.start, call) }
    @Sendable static func pause(_ call: Call) async throws(Refusal) -> WebResponse { try await step(.pause, call) }
    @Sendable static func cancel(_ call: Call) async throws(Refusal) -> WebResponse { try await step(.cancel, call) }

    private static func step(_ step: Campaign.Step, _ call: Call) async throws(Refusal) -> WebResponse {
        let id = try await campaign(call).campaign.id
        return .json(try await steer(id, step, call).json)
    }

    private static let noCampaign = Refusal(
        500, "no-campaign", "The platform took the campaign but told none; look at the list.")
}

/// A campaign as it is ordered.
enum CampaignFields {
    static func plan(_ fields: inout JSONFields, _ call: Call) async throws(Refusal) -> CampaignPlan {
        fields.check(allowed: [
            "name", "commands", "firmware", "log", "stations", "site", "vendor", "model", "firmware_version",
            "parallel",
            "attempts", "wait_seconds", "timeout_seconds", "length_hours", "start",
        ])
        var plan = CampaignPlan(name: fields.string("name", atMost: 200).value ?? "", commands: [:])
        if plan.name.isEmpty { fields.refuse("name", "a name is expected") }
        plan.selection.stations = fields.texts("stations", atMost: CampaignPlan.mostStations).value?.map {
            StationID($0)
        }
        plan.selection.site = fields.string("site", atMost: 64).value.map { SiteID($0) }
        plan.selection.vendor = fields.string("vendor").value
        plan.selection.model = fields.string("model").value
        plan.selection.firmware = fields.string("firmware_version").value
        plan.parallel = fields.integer("parallel", 1...CampaignPlan.mostParallel).value ?? plan.parallel
        plan.attempts = fields.integer("attempts", 1...CampaignPlan.mostAttempts).value ?? plan.attempts
        if let wait = fields.integer("wait_seconds", 1...86_400).value { plan.wait = .seconds(wait) }
        if let timeout = fields.integer("timeout_seconds", 1...CommandsAPI.longestTimeout).value {
            plan.timeout = .seconds(timeout)
        }
        if let hours = fields.integer("length_hours", 1...720).value { plan.length = .hours(hours) }
        let (commands, firmware, log) = (fields.node("commands"), fields.node("firmware"), fields.node("log"))
        guard [commands, firmware, log].count(where: { $0 != nil }) == 1 else {
            fields.refuse("commands", "one of commands by version, firmware and log is expected")
            try fields.throwIfAny()
            return plan
        }
        if let commands { try read(commands, &plan, &fields, call) }
        var isOff = false
        if let firmware {
            var inner = try JSONFields(firmware, path: "firmware")
            inner.check(allowed: JobFields.names(.firmware))
            let asked = await JobFields.read(&inner, .firmware, call)
            fields.refuse(inner.problems)
            plan.job = asked?.order
            plan.file = asked?.file
            isOff = asked == nil
        }
        if let log {
            var inner = try JSONFields(log, path: "log")
            inner.check(allowed: JobFields.names(.log))
            plan.job = await JobFields.campaignLog(&inner, call)
            fields.refuse(inner.problems)
            isOff = plan.job == nil
        }
        try fields.throwIfAny()
        if isOff { throw Refusal(ServiceFault(.filesOff)) }
        return plan
    }

    /// `{"1.6": {"action", "payload"}, …}`: each is checked against its version before anything is kept.
    private static func read(
        _ node: JSONNode, _ plan: inout CampaignPlan, _ fields: inout JSONFields, _ call: Call
    ) throws(Refusal) {
        guard case .object(let members) = node.content else {
            return fields.refuse("commands", "an object with commands by version is expected")
        }
        for (version, value) in members {
            let place = "commands.\(version)"
            guard CampaignPlan.versions.contains(version) else {
                fields.refuse(place, "is no version; known are \(CampaignPlan.versions.joined(separator: ", "))")
                continue
            }
            var inner = try JSONFields(value, path: place)
            inner.check(allowed: ["action", "payload"])
            let action = inner.string("action", atMost: 50).value ?? ""
            if action.isEmpty { inner.refuse("action", "the name of a message is expected, such as Reset") }
            let payload = inner.node("payload")
            if case .object? = payload?.content {
            } else {
                inner.refuse("payload", "the message's fields as an object are expected; {} where it has none")
            }
            fields.refuse(inner.problems)
            guard inner.problems.isEmpty, let payload else { continue }
            let bytes = Array(call.request.body[payload.range])
            let faults = call.console.validateCommand("ocpp" + version, action, bytes)
            fields.refuse(
                faults.mistakes.map { Mistake(path: "\(place).payload.\($0.path)", problem: $0.problem) })
            _ = plan.set(CampaignPlan.Command(action: action, payload: bytes), forVersion: version)
        }
        if members.isEmpty { fields.refuse("commands", "at least one version's command is expected") }
    }
}

extension CampaignView {
    static let columns = [
        "id", "name", "state", "by", "created_at", "started_at", "ends_at", "ended_at", "total", "over", "counts",
    ]
    var json: JSONValue {
        let plan = campaign.plan
        return [
            "id": .string(campaign.id), "name": .string(plan.name), "state": .string(campaign.state.rawValue),
            "by": .string(campaign.by), "created_at": .instant(campaign.createdAt),
            "started_at": .instant(campaign.startedAt), "ends_at": .instant(campaign.endsAt),
            "ended_at": .instant(campaign.endedAt), "total": .int(total), "over": .int(over),
            "counts": .object(
                CampaignTarget.State.allCases.map { .init($0.rawValue, .int(counts[$0] ?? 0)) }),
            "commands": .object(
                plan.commandList.map {
                    .init(
                        $0.version.number,
                        [
                            "action": .string($0.command.action),
                            "payload": plan.file == nil ? .raw($0.command.shown(in: $0.version)) : .null,
                        ])
                }),
            "file": .string(orNull: plan.file),
            "selection": [
                "stations": plan.selection.stations.map { .array($0.map { .string($0.value) }) } ?? .null,
                "site": .string(orNull: plan.selection.site?.value), "vendor": .string(orNull: plan.selection.vendor),
                "model": .string(orNull: plan.selection.model),
                "firmware_version": .string(orNull: plan.selection.firmware),
            ],
            "parallel": .int(plan.parallel), "attempts": .int(plan.attempts),
            "wait_seconds": .int(plan.wait.components.seconds),
            "timeout_seconds": .int(plan.timeout.components.seconds),
            "length_hours": .int(plan.length.components.seconds / 3600),
        ]
    }
}

extension CampaignTarget {
    static let columns = ["position", "station", "state", "word", "attempts", "command", "at", "not_before"]
    var json: JSONValue {
        [
            "position": .int(position), "station": .string(station.value), "state": .string(state.rawValue),
            "word": .string(orNull: word), "attempts": .int(attempts), "command": .string(orNull: command),
            "at": .instant(at), "not_before": .instant(notBefore),
        ]
    }
}
