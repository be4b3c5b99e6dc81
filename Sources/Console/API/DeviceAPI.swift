import Assets
import Charging
import Documents
import Operations
import Quantities

/// The picture of a station's variables: `/api/v1/stations/{id}/device-model` and what hangs below it.
enum DeviceAPI {
    static let mostSettings = 100
    /// More at a time would fill the station's lane.
    static let mostMessages = 24

    /// A row an attribute, in order of the names; `cursor` counts rows.
    @Sendable static func model(_ call: Call) async throws(Refusal) -> WebResponse {
        let limit = try call.limit()
        let skipped = Int(clamping: try call.numericCursor() ?? 0)
        let onlyDrift = try call.flag("drift") ?? false
        let id = try await StationsAPI.station(call).station.id
        let found = await DeviceView(of: id, call.service).rows(
            component: call.request.query.filled("component"), search: call.request.query.filled("q"),
            onlyDrift: onlyDrift)
        let page = found.dropFirst(skipped).prefix(limit)
        return Listing(
            columns: DeviceView.Row.columns, items: page.map(\.json),
            nextCursor: found.count > skipped + page.count ? String(skipped + page.count) : nil
        ).response(to: call.request, name: "device-model")
    }

    @Sendable static func reports(_ call: Call) async throws(Refusal) -> WebResponse {
        let id = try await StationsAPI.station(call).station.id
        let now = call.service.now
        return Listing(
            columns: DeviceReport.columns, items: await call.service.deviceReports(of: id).map { $0.json(at: now) },
            nextCursor: nil
        ).response(to: call.request, name: "device-reports")
    }

    @Sendable static func refresh(_ call: Call) async throws(Refusal) -> WebResponse {
        let id = try await StationsAPI.station(call).station.id
        return try await CommandsAPI.response(to: try await call.order(.device(.refresh(id))), call)
    }

    /// Checked against the picture, then sent: in 2.x as few messages as the station takes, in 1.6 one a key.
    @Sendable static func set(_ call: Call) async throws(Refusal) -> WebResponse {
        let view = try await StationsAPI.station(call)
        var fields = try JSONFields(body: call.request)
        fields.check(allowed: ["variables"])
        let settings = VariableFields.settings(&fields, "variables", atMost: mostSettings)
        try fields.throwIfAny()
        let (sent, left) = try await send(settings, path: "variables", to: view, call, isWhole: true)
        precondition(left == 0)
        return try await response(to: sent, call)
    }

    /// Asks for the values of some variables, in as few messages as the station's bounds allow.
    @Sendable static func read(_ call: Call) async throws(Refusal) -> WebResponse {
        let view = try await StationsAPI.station(call)
        var fields = try JSONFields(body: call.request)
        fields.check(allowed: ["variables"])
        let questions = VariableFields.questions(&fields, "variables", atMost: mostSettings)
        let is16 = view.protocol ?? SubprotocolWords.v16 == SubprotocolWords.v16
        for (index, question) in questions.enumerated() where is16 != question.name.component.isEmpty {
            fields.refuse([componentMistake(at: "variables[\(index)]", is16)])
        }
        try fields.throwIfAny()
        let keys = DeviceView.boundKeys
        let parts = await DeviceView(of: view.station.id, keys: keys, call.service).picture.parts(reading: questions)
        guard parts.count <= mostMessages else { throw tooMany(parts.count, "variables") }
        var commands: [CommandView] = []
        for part in parts {
            guard case .command(let command) = try await call.order(.device(.read(view.station.id, part))) else {
                throw CommandsAPI.noCommand
            }
            commands.append(command)
        }
        return try await response(to: commands, call)
    }

    private static func tooMany(_ messages: Int, _ path: String) -> Refusal {
        .invalid([
            Mistake(
                path: path,
                problem:
                    "takes \(messages) messages of the size that the station takes; at most \(mostMessages) go at a time"
            )
        ])
    }

    private static func componentMistake(at place: String, _ is16: Bool) -> Mistake {
        Mistake(
            path: place + ".component",
            problem: is16
                ? "the station speaks OCPP 1.6, which has keys without components; leave it out"
                : "a component is expected, such as OCPPCommCtrlr")
    }

    /// Refuses all of them when one is wrong.
    /// - Parameter isWhole: all or none; else as many as go at a time.
    /// - Returns: the commands, and how many settings were left for another time.
    static func send(
        _ settings: [VariableSetting], path: String, to view: StationView, _ call: Call, isWhole: Bool
    ) async throws(Refusal) -> (commands: [CommandView], left: Int) {
        let picture = await DeviceView(of: view.station.id, call.service).picture
        let is16 = view.protocol ?? SubprotocolWords.v16 == SubprotocolWords.v16
        var mistakes: [Mistake] = []
        var seen: Set<String> = []
        for (index, setting) in settings.enumerated() {
            let place = "\(path)[\(index)]"
            if !seen.insert(setting.key).inserted {
                mistakes.append(Mistake(path: place, VariableProblem.repeated(setting.name.text)))
            } else if is16 ? !setting.name.component.isEmpty : setting.name.component.isEmpty {
                mistakes.append(componentMistake(at: place, is16))
            } else if let problem = picture.problem(with: setting) {
                mistakes.append(Mistake(path: place + ".value", problem))
            }
        }
        guard mistakes.isEmpty else { throw .invalid(mistakes) }
        let parts = picture.parts(setting: settings)
        if isWhole, parts.count > mostMessages { throw tooMany(parts.count, path) }
        var commands: [CommandView] = []
        for part in parts.prefix(mostMessages) {
            guard case .command(let command) = try await call.order(.device(.set(view.station.id, part))) else {
                throw CommandsAPI.noCommand
            }
            commands.append(command)
        }
        return (commands, parts.dropFirst(mostMessages).reduce(0) { $0 + $1.count })
    }

    /// The commands, after at most the seconds of `Prefer: wait`.
    static func response(to commands: [CommandView], _ call: Call) async throws(Refusal) -> WebResponse {
        let wait = call.request.preferredWait(atMost: CommandsAPI.longestWait)
        var states: [CommandView] = []
        let end = ContinuousClock.now + .seconds(wait ?? 0)
        for command in commands {
            let left = Int((end - ContinuousClock.now).components.seconds)
            states.append(
                wait == nil ? command : await CommandsAPI.outcome(of: command, within: max(0, left), call))
        }
        let isPending = states.contains { $0.status == .pending }
        var response = WebResponse.json(
            ["items": .array(states.map(\.json)), "next_cursor": .null], status: isPending ? 202 : 200)
        if let wait { response.headers.append(("Preference-Applied", "wait=\(wait)")) }
        return response
    }
}

/// Names of sub-protocols that must be told apart here.
enum SubprotocolWords {
    static let v16 = "ocpp1.6"
    static let v21 = "ocpp2.1"
}

/// A station's picture beside what templates want of it.
struct DeviceView: Sendable {
    struct Row: Sendable {
        /// `nil`: the station has not told it; a template wants it.
        let known: KnownVariable?
        let name: VariableName
        let attribute: DeviceAttribute
        var template: String?
        var wanted: String?
        var drift: Drift.State?
    }
    let variables: [KnownVariable]
    /// Newest first, of both kinds.
    let reports: [DeviceReport]
    let templates: [DeviceTemplate]
    let picture: DevicePicture

    init(of station: StationID, keys: Set<String>? = nil, _ service: any PlatformService) async {
        variables = await service.deviceModel(of: station, keys: keys)
        reports = await service.deviceReports(of: station)
        templates = await service.deviceTemplates().filter { $0.stations.contains(station) }
        let isComplete = reports.contains { $0.scope == .full && $0.parts.isComplete }
        picture = DevicePicture(variables, isComplete: isComplete)
    }

    /// Variables that say how much one message may hold.
    static let boundKeys = Set(
        ["ItemsPerMessage", "BytesPerMessage"].flatMap { name in
            ["GetVariables", "SetVariables"].flatMap { action in
                [
                    VariableName(component: "DeviceDataCtrlr", variable: name, instance: action),
                    VariableName(component: "DeviceDataCtrlr", variable: name + action),
                ]
            }
        }.map(\.key) + [VariableName(variable: "GetConfigurationMaxKeys").key])

    /// The newest report of variables.
    var lastReport: DeviceReport? { reports.first { !$0.isOfMonitors } }

    /// In order of the names; what only templates know of comes last.
    func rows(component: String? = nil, search: String? = nil, onlyDrift: Bool = false) -> [Row] {
        var wishes: [String: (template: String, setting: VariableSetting)] = [:]
        var drifts: [String: Drift] = [:]
        for template in templates {
            for setting in template.settings where wishes[setting.key] == nil {
                wishes[setting.key] = (template.name, setting)
            }
            for drift in Drift.of(template.settings, in: picture) where drifts[drift.setting.key] == nil {
                drifts[drift.setting.key] = drift
            }
        }
        var rows = variables.map { known in
            let variable = known.variable
            let wish = wishes[variable.key]
            return Row(
                known: known, name: variable.name, attribute: variable.attribute, template: wish?.template,
                wanted: wish?.setting.value, drift: drifts[variable.key]?.state)
        }
        let told = Set(variables.map(\.variable.key))
        for key in wishes.keys.sorted() where !told.contains(key) {
            guard let wish = wishes[key] else { continue }
            rows.append(
                Row(
                    known: nil, name: wish.setting.name, attribute: wish.setting.attribute, template: wish.template,
                    wanted: wish.setting.value, drift: .unknown))
        }
        let text = search?.lowercased()
        return rows.filter { row in
            (component.map { row.name.component.lowercased() == $0.lowercased() } ?? true)
                && (text.map { row.name.text.lowercased().contains($0) } ?? true) && (!onlyDrift || row.drift != nil)
        }
    }
}

/// Names of variables and values for them, as callers write them.
enum VariableFields {
    static let name = ["component", "component_instance", "evse", "connector", "variable", "instance"]

    static func name(_ fields: inout JSONFields) -> VariableName? {
        let component = fields.string("component", atMost: 50)
        let componentInstance = fields.string("component_instance", atMost: 50)
        let evse = fields.integer("evse", 0...10_000)
        let connector = fields.integer("connector", 0...10_000)
        let variable = fields.string("variable", atMost: 50)
        let instance = fields.string("instance", atMost: 50)
        if variable.value?.isEmpty ?? true, fields.problems.isEmpty {
            fields.refuse("variable", "the name of a variable, in 1.6 of a configuration key, is expected")
        }
        if connector.value != nil, evse.value == nil { fields.refuse("evse", "a connector is one of an EVSE") }
        guard let variable = variable.value, !variable.isEmpty else { return nil }
        return VariableName(
            component: component.value ?? "", componentInstance: filled(componentInstance.value), evse: evse.value,
            connector: connector.value, variable: variable, instance: filled(instance.value))
    }

    private static func filled(_ text: String?) -> String? { text.flatMap { $0.isEmpty ? nil : $0 } }

    static func settings(_ fields: inout JSONFields, _ key: String, atMost most: Int) -> [VariableSetting] {
        guard let nodes = fields.objects(key, atMost: most).value, !nodes.isEmpty else {
            if fields.problems.isEmpty { fields.refuse(key, "a list of 1 to \(most) variables is expected") }
            return []
        }
        var settings: [VariableSetting] = []
        for (index, node) in nodes.enumerated() {
            do {
                var item = try JSONFields(node, path: fields.pointer(key) + "[\(index)]")
                item.check(allowed: name + ["attribute", "value"])
                let name = name(&item)
                let attribute = item.word("attribute", DeviceAttribute.self)
                let value = item.string("value", atMost: DeviceVariable.longestValue)
                if value.value == nil, item.problems.isEmpty { item.refuse("value", "a string is expected") }
                fields.refuse(item.problems)
                if let name, let value = value.value {
                    settings.append(VariableSetting(name: name, attribute: attribute.value ?? .actual, value: value))
                }
            } catch {
                fields.refuse(error.fields)
            }
        }
        return settings
    }
}

extension VariableFields {
    static func questions(_ fields: inout JSONFields, _ key: String, atMost most: Int) -> [VariableQuestion] {
        guard let nodes = fields.objects(key, atMost: most).value, !nodes.isEmpty else {
            if fields.problems.isEmpty { fields.refuse(key, "a list of 1 to \(most) variables is expected") }
            return []
        }
        var questions: [VariableQuestion] = []
        for (index, node) in nodes.enumerated() {
            do {
                var item = try JSONFields(node, path: fields.pointer(key) + "[\(index)]")
                item.check(allowed: name + ["attribute"])
                let name = name(&item)
                let attribute = item.word("attribute", DeviceAttribute.self)
                fields.refuse(item.problems)
                if let name {
                    questions.append(VariableQuestion(name: name, attribute: attribute.value ?? .actual))
                }
            } catch {
                fields.refuse(error.fields)
            }
        }
        return questions
    }
}

extension VariableName {
    /// As members of an object.
    var members: [JSONValue.Member] {
        [
            .init("component", .string(orNull: component.isEmpty ? nil : component)),
            .init("component_instance", .string(orNull: componentInstance)), .init("evse", .int(orNull: evse)),
            .init("connector", .int(orNull: connector)), .init("variable", .string(variable)),
            .init("instance", .string(orNull: instance)),
        ]
    }
}

extension JSONValue {
    static func bool(orNull value: Bool?) -> JSONValue { value.map { .bool($0) } ?? .null }
}

extension DeviceView.Row {
    static let columns =
        VariableFields.name + [
            "attribute", "value", "pending", "mutability", "persistent", "constant", "data_type", "unit", "min_limit",
            "max_limit", "max_elements", "values_list", "supports_monitoring", "at", "source", "template", "wanted",
            "drift",
        ]
    var json: JSONValue {
        let variable = known?.variable
        return .object(
            name.members + [
                .init("attribute", .string(attribute.rawValue)), .init("value", .string(orNull: variable?.value)),
                .init("pending", .string(orNull: known?.pending)),
                .init("mutability", .string(orNull: variable?.mutability?.rawValue)),
                .init("persistent", .bool(orNull: variable?.isPersistent)),
                .init("constant", .bool(orNull: variable?.isConstant)),
                .init("data_type", .string(orNull: variable?.kind?.rawValue)),
                .init("unit", .string(orNull: variable?.unit)),
                .init("min_limit", .string(orNull: variable?.minLimit)),
                .init("max_limit", .string(orNull: variable?.maxLimit)),
                .init("max_elements", .int(orNull: variable?.maxElements)),
                .init("values_list", .string(orNull: variable?.valuesList)),
                .init("supports_monitoring", .bool(orNull: variable?.supportsMonitoring)),
                .init("at", .instant(known?.at)), .init("source", .string(orNull: known?.source.rawValue)),
                .init("template", .string(orNull: template)), .init("wanted", .string(orNull: wanted)),
                .init("drift", .string(orNull: drift?.rawValue)),
            ])
    }
}

extension DeviceReport {
    static let columns = [
        "request", "kind", "scope", "state", "ordered_at", "first_at", "last_at", "parts", "missing", "items",
    ]
    func json(at now: Instant) -> JSONValue {
        [
            "request": .int(request), "kind": .string(isOfMonitors ? "monitors" : "variables"),
            "scope": .string(scope.rawValue), "state": .string(state(at: now).rawValue),
            "ordered_at": .instant(orderedAt), "first_at": .instant(firstAt), "last_at": .instant(lastAt),
            "parts": .int(parts.seen.reduce(0) { $0 + $1.count }), "missing": .string(missingText),
            "items": .int(items),
        ]
    }
    /// `1-3, 5`
    var missingText: String {
        missing.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
            .joined(separator: ", ")
    }
}
