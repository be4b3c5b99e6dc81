import Assets
import Charging
import Documents
import Operations
import Quantities

/// Monitors of stations and what they saw (OCPP 2.x): `/api/v1/stations/{id}/monitors`, `…/monitoring`, `device-events`.
enum MonitoringAPI {
    static let mostMonitors = 50
    /// Thousandths of the variable's unit.
    static let values: ClosedRange<Int64> = -1_000_000_000_000...1_000_000_000_000

    @Sendable static func monitors(_ call: Call) async throws(Refusal) -> WebResponse {
        let id = try await StationsAPI.station(call).station.id
        return Listing(
            columns: KnownMonitor.columns, items: await call.service.deviceMonitors(of: id).map(\.json),
            nextCursor: nil
        ).response(to: call.request, name: "monitors")
    }

    @Sendable static func refresh(_ call: Call) async throws(Refusal) -> WebResponse {
        let id = try await StationsAPI.station(call).station.id
        return try await CommandsAPI.response(to: try await call.order(.device(.refreshMonitors(id))), call)
    }

    enum Kind: String, CaseIterable {
        case upper = "UpperThreshold"
        case lower = "LowerThreshold"
        case delta = "Delta"
        case periodic = "Periodic"
        case clockAligned = "PeriodicClockAligned"
    }

    @Sendable static func set(_ call: Call) async throws(Refusal) -> WebResponse {
        let id = try await StationsAPI.station(call).station.id
        var fields = try JSONFields(body: call.request)
        fields.check(allowed: ["monitors"])
        let nodes = fields.objects("monitors", atMost: mostMonitors).value ?? []
        if nodes.isEmpty, fields.problems.isEmpty {
            fields.refuse("monitors", "a list of 1 to \(mostMonitors) monitors is expected")
        }
        var wishes: [MonitorWish] = []
        for (index, node) in nodes.enumerated() {
            var item = try JSONFields(node, path: "monitors[\(index)]")
            if let wish = wish(&item) { wishes.append(wish) }
            fields.refuse(item.problems)
        }
        try fields.throwIfAny()
        return try await CommandsAPI.response(to: try await call.order(.device(.setMonitors(id, wishes))), call)
    }

    private static func wish(_ item: inout JSONFields) -> MonitorWish? {
        item.check(allowed: VariableFields.name + ["id", "type", "value", "severity", "transaction"])
        let number = item.integer("id", 0...Int(Int32.max))
        let name = VariableFields.name(&item)
        let kind = item.word("type", Kind.self)
        let severity = item.integer("severity", DeviceMonitor.severities)
        let value = item.decimal("value", scale: 3, values, "the variable's unit", vanishes: true)
        let isTransactional = item.bool("transaction")
        if kind.value == nil, item.problems.isEmpty {
            item.refuse("type", "one of \(Kind.allCases.map(\.rawValue).joined(separator: ", ")) is expected")
        }
        if severity.value == nil, item.problems.isEmpty { item.refuse("severity", "a number from 0 to 9 is expected") }
        if value.value == nil, item.problems.isEmpty { item.refuse("value", "a number is expected") }
        guard item.problems.isEmpty, let name, let kind = kind.value, let severity = severity.value,
            let value = value.value
        else { return nil }
        return MonitorWish(
            id: number.value, name: name, kind: kind.rawValue, value: decimalText(Int128(value), scale: 3),
            severity: severity, isTransactional: isTransactional.value ?? false)
    }

    @Sendable static func clear(_ call: Call) async throws(Refusal) -> WebResponse {
        let id = try await StationsAPI.station(call).station.id
        let text = call.parameter("monitor")
        guard let monitor = Int(text), (0...Int(Int32.max)).contains(monitor) else {
            throw .notFound("monitor", text)
        }
        return try await CommandsAPI.response(to: try await call.order(.device(.clearMonitors(id, [monitor]))), call)
    }

    @Sendable static func settings(_ call: Call) async throws(Refusal) -> WebResponse {
        let id = try await StationsAPI.station(call).station.id
        return .json(await call.service.monitoringSettings(of: id).json)
    }

    enum Base: String, CaseIterable {
        case all = "All"
        case factoryDefault = "FactoryDefault"
        case hardWiredOnly = "HardWiredOnly"
    }

    /// One of the two: each is a command of its own.
    @Sendable static func putSettings(_ call: Call) async throws(Refusal) -> WebResponse {
        let id = try await StationsAPI.station(call).station.id
        var fields = try JSONFields(body: call.request)
        fields.check(allowed: ["base", "level"], ignored: ["at"])
        let base = fields.word("base", Base.self)
        let level = fields.integer("level", DeviceMonitor.severities)
        if (base.value == nil) == (level.value == nil), fields.problems.isEmpty {
            fields.refuse("base", "either base or level is expected")
        }
        try fields.throwIfAny()
        let order: DeviceOrder =
            base.value.map { .monitoringBase(id, $0.rawValue) } ?? .monitoringLevel(id, level.value ?? 9)
        return try await CommandsAPI.response(to: try await call.order(.device(order)), call)
    }

    // MARK: - Events

    @Sendable static func events(_ call: Call) async throws(Refusal) -> WebResponse {
        try await events(of: call.request.query.filled("station").map { StationID($0) }, call)
    }
    @Sendable static func eventsOfStation(_ call: Call) async throws(Refusal) -> WebResponse {
        try await events(of: try await StationsAPI.station(call).station.id, call)
    }

    private static func events(of station: StationID?, _ call: Call) async throws(Refusal) -> WebResponse {
        let limit = try call.limit()
        var severity: Int?
        if let text = call.request.query["severity"] {
            guard let number = Int(text), DeviceMonitor.severities.contains(number) else {
                throw .invalid([.init(path: "severity", problem: "a number from 0 to 9 is expected")])
            }
            severity = number
        }
        let found = await call.service.deviceEvents(
            of: station, severity: severity, open: try call.flag("open") ?? false, limit: limit + 1,
            before: try call.numericCursor())
        let page = found.prefix(limit)
        return Listing(
            columns: StoredDeviceEvent.columns, items: page.map(\.json),
            nextCursor: found.count > limit ? page.last.map { String($0.id) } : nil
        ).response(to: call.request, name: "device-events")
    }
}

extension KnownMonitor {
    static let columns = ["id"] + VariableFields.name + ["type", "value", "severity", "transaction", "origin", "at"]
    var json: JSONValue {
        .object(
            [.init("id", .int(monitor.id))] + monitor.name.members + [
                .init("type", .string(monitor.kind)), .init("value", .number(monitor.value)),
                .init("severity", .int(monitor.severity)), .init("transaction", .bool(monitor.isTransactional)),
                .init("origin", .string(orNull: monitor.origin)), .init("at", .instant(at)),
            ])
    }
}

extension MonitoringSettings {
    var json: JSONValue { ["base": .string(orNull: base), "level": .int(orNull: level), "at": .instant(at)] }
}

extension StoredDeviceEvent {
    static let columns =
        ["id", "station", "number", "at", "received_at"] + VariableFields.name + [
            "value", "trigger", "notification", "severity", "monitor", "cleared", "cleared_at", "cleared_by", "cause",
            "tech_code", "tech_info", "transaction",
        ]
    var json: JSONValue {
        .object(
            [
                .init("id", .int(id)), .init("station", .string(station.value)), .init("number", .int(event.number)),
                .init("at", .instant(event.at)), .init("received_at", .instant(receivedAt)),
            ] + event.name.members + [
                .init("value", .string(event.value)), .init("trigger", .string(event.trigger)),
                .init("notification", .string(event.notification)), .init("severity", .int(orNull: event.severity)),
                .init("monitor", .int(orNull: event.monitor)), .init("cleared", .bool(event.isCleared)),
                .init("cleared_at", .instant(clearedAt)), .init("cleared_by", .int(orNull: clearedBy)),
                .init("cause", .int(orNull: event.cause)), .init("tech_code", .string(orNull: event.techCode)),
                .init("tech_info", .string(orNull: event.techInfo)),
                .init("transaction", .string(orNull: event.transaction)),
            ])
    }
}
