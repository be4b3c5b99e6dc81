import Assets
import Charging
import Documents
import Operations
import Quantities

/// `/api/v1/device-templates`: values that stations should have, and which of them have not.
enum DeviceTemplatesAPI {
    /// Stations that one call brings into line; the rest takes further calls.
    static let mostAtOnce = 100

    @Sendable static func list(_ call: Call) async throws(Refusal) -> WebResponse {
        Listing(
            columns: DeviceTemplate.columns, items: await call.service.deviceTemplates().map(\.json), nextCursor: nil
        ).response(to: call.request, name: "device-templates")
    }

    static func template(_ call: Call) async throws(Refusal) -> DeviceTemplate {
        let name = call.parameter("name")
        guard let template = await call.service.deviceTemplate(name) else { throw .notFound("template", name) }
        return template
    }

    @Sendable static func get(_ call: Call) async throws(Refusal) -> WebResponse {
        .json(try await template(call).json)
    }

    @Sendable static func put(_ call: Call) async throws(Refusal) -> WebResponse {
        let name = call.parameter("name")
        let existing = await call.service.deviceTemplate(name)
        var fields = try JSONFields(body: call.request)
        fields.check(
            allowed: ["note", "settings", "stations", "alarm"], ignored: ["name", "changed_at", "changed_by"])
        if let problem = SitesAPI.problem(ofID: name) { fields.refuse("name", problem) }
        let note = fields.string("note", atMost: 500)
        let settings = VariableFields.settings(&fields, "settings", atMost: DeviceTemplate.mostSettings)
        var seen: Set<String> = []
        for (index, setting) in settings.enumerated() where !seen.insert(setting.key).inserted {
            fields.refuse([
                Mistake(path: "settings[\(index)]", VariableProblem.repeated(setting.name.text))
            ])
        }
        let stations = stations(&fields)
        let alarm = fields.bool("alarm")
        try fields.throwIfAny()
        var template = DeviceTemplate(
            name: name, note: note.value ?? existing?.note ?? "", settings: settings,
            stations: stations ?? existing?.stations ?? [], changedAt: call.service.now, changedBy: call.actor.name)
        template.alarms = alarm.value ?? existing?.alarms ?? false
        _ = try await call.order(.device(.putTemplate(template)))
        return .json(template.json, status: existing == nil ? 201 : 200)
    }

    /// `nil`: left out.
    private static func stations(_ fields: inout JSONFields) -> [StationID]? {
        guard let node = fields.node("stations") else { return nil }
        guard case .array(let items) = node.content, items.count <= DeviceTemplate.mostStations else {
            fields.refuse("stations", "a list of at most \(DeviceTemplate.mostStations) stations is expected")
            return nil
        }
        var stations: Set<StationID> = []
        for (index, item) in items.enumerated() {
            if case .string(let id) = item.content {
                stations.insert(StationID(id))
            } else {
                fields.refuse("stations[\(index)]", "a station's id is expected")
            }
        }
        return stations.sorted()
    }

    @Sendable static func delete(_ call: Call) async throws(Refusal) -> WebResponse {
        _ = try await call.order(.device(.removeTemplate(try await template(call).name)))
        return .noContent
    }

    // MARK: - Drift

    /// A row a station, with how many settings do not hold.
    @Sendable static func stations(_ call: Call) async throws(Refusal) -> WebResponse {
        let template = try await template(call)
        let rows = await TemplateDrift.of(template, call.service)
        return Listing(columns: TemplateDrift.columns, items: rows.map { $0.json(template) }, nextCursor: nil)
            .response(to: call.request, name: "device-template-stations")
    }

    /// A row a station and setting that does not hold.
    @Sendable static func drift(_ call: Call) async throws(Refusal) -> WebResponse {
        let limit = try call.limit()
        let skipped = Int(clamping: try call.numericCursor() ?? 0)
        let template = try await template(call)
        let rows = await TemplateDrift.of(template, call.service).flatMap { drifted in
            drifted.drifts.map { $0.json(of: drifted.station) }
        }
        let page = rows.dropFirst(skipped).prefix(limit)
        return Listing(
            columns: Drift.columns, items: Array(page),
            nextCursor: rows.count > skipped + page.count ? String(skipped + page.count) : nil
        ).response(to: call.request, name: "device-template-drift")
    }

    /// Sends to each station what differs there, or what it has not told.
    @Sendable static func apply(_ call: Call) async throws(Refusal) -> WebResponse {
        let template = try await template(call)
        var chosen = template.stations
        if !call.request.body.isEmpty {
            var fields = try JSONFields(body: call.request)
            fields.check(allowed: ["stations"])
            let given = stations(&fields)
            try fields.throwIfAny()
            if let given { chosen = chosen.filter(Set(given).contains) }
        }
        return .json(["items": .array(await apply(template, to: chosen, call).map(\.json)), "next_cursor": .null])
    }

    static func apply(_ template: DeviceTemplate, to stations: [StationID], _ call: Call) async -> [Applied] {
        var results: [Applied] = []
        var reached = 0
        for drifted in await TemplateDrift.of(template, stations: stations, call.service) {
            let settings = drifted.drifts.filter { $0.state != .pending }.map(\.setting)
            if settings.isEmpty {
                results.append(Applied(station: drifted.station, state: .holds))
                continue
            }
            guard drifted.isOnline, let view = await call.service.station(drifted.station) else {
                results.append(Applied(station: drifted.station, state: .offline))
                continue
            }
            guard reached < mostAtOnce else {
                results.append(Applied(station: drifted.station, state: .later))
                continue
            }
            reached += 1
            var result = Applied(station: drifted.station, state: .sent)
            do {
                let (commands, left) = try await DeviceAPI.send(
                    settings, path: "settings", to: view, call, isWhole: false)
                result.commands = commands.map(\.id)
                result.left = left
            } catch {
                result.state = .refused
                result.refusal = error
            }
            results.append(result)
        }
        return results
    }

    struct Applied: Sendable {
        enum State: String, Sendable, CaseIterable { case sent, holds, offline, refused, later }
        let station: StationID
        var state: State
        var commands: [String] = []
        /// Settings for another call: the station takes no more at a time.
        var left = 0
        var refusal: Refusal?

        var json: JSONValue {
            [
                "station": .string(station.value), "state": .string(state.rawValue),
                "commands": .array(commands.map { .string($0) }), "left": .int(left),
                "detail": .string(orNull: refusal?.detail),
            ]
        }
    }
}

/// What of a template does not hold on one station.
struct TemplateDrift: Sendable {
    let station: StationID
    let isOnline: Bool
    let drifts: [Drift]

    /// - Parameter stations: `nil`: all of the template's.
    static func of(
        _ template: DeviceTemplate, stations: [StationID]? = nil, _ service: any PlatformService
    ) async -> [TemplateDrift] {
        let keys = Set(template.settings.map(\.name.key))
        var result: [TemplateDrift] = []
        for id in stations ?? template.stations {
            let picture = DevicePicture(await service.deviceModel(of: id, keys: keys), isComplete: false)
            result.append(
                TemplateDrift(
                    station: id, isOnline: await service.station(id)?.online ?? false,
                    drifts: Drift.of(template.settings, in: picture)))
        }
        return result
    }

    func count(_ state: Drift.State) -> Int { drifts.count { $0.state == state } }

    static let columns = ["station", "online", "settings", "holds", "differs", "pending", "unknown"]
    func json(_ template: DeviceTemplate) -> JSONValue {
        [
            "station": .string(station.value), "online": .bool(isOnline), "settings": .int(template.settings.count),
            "holds": .int(template.settings.count - drifts.count), "differs": .int(count(.differs)),
            "pending": .int(count(.pending)), "unknown": .int(count(.unknown)),
        ]
    }
}

extension Drift {
    static let columns = ["station"] + VariableFields.name + ["attribute", "wanted", "value", "state"]
    func json(of station: StationID) -> JSONValue {
        .object(
            [.init("station", .string(station.value))] + setting.name.members + [
                .init("attribute", .string(setting.attribute.rawValue)), .init("wanted", .string(setting.value)),
                .init("value", .string(orNull: value)), .init("state", .string(state.rawValue)),
            ])
    }
}

extension DeviceTemplate {
    static let columns = ["name", "note", "settings", "stations", "alarm", "changed_at", "changed_by"]
    var json: JSONValue {
        [
            "name": .string(name), "note": .string(note),
            "settings": .array(
                settings.map {
                    .object(
                        $0.name.members + [
                            .init("attribute", .string($0.attribute.rawValue)), .init("value", .string($0.value)),
                        ])
                }), "stations": .array(stations.map { .string($0.value) }), "alarm": .bool(alarms),
            "changed_at": .instant(changedAt),
            "changed_by": .string(changedBy),
        ]
    }
}
