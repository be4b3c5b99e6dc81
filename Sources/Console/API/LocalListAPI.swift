import Assets
import Charging
import Documents
import Operations
import Quantities

/// A station's local authorization list: which tokens it should hold, and what it holds.
enum LocalListAPI {
    @Sendable static func get(_ call: Call) async throws(Refusal) -> WebResponse {
        .json(try await view(try await StationsAPI.station(call).station.id, call).json)
    }

    @Sendable static func put(_ call: Call) async throws(Refusal) -> WebResponse {
        let station = try await StationsAPI.station(call).station.id
        var fields = try JSONFields(body: call.request)
        fields.check(allowed: ["scope", "tokens", "automatic"], ignored: readOnly)
        var change = LocalListChange()
        change.scope = fields.word("scope", LocalListRecord.Scope.self).value
        change.isAutomatic = fields.bool("automatic").value
        change.tokens = fields.strings("tokens", atMost: LocalListRecord.mostTokens).value
        try fields.throwIfAny()
        guard case .localList(let view) = try await call.order(.putLocalList(station, change)) else {
            throw unknown(station)
        }
        return .json(view.json)
    }
    private static let readOnly = [
        "station_id", "wanted", "current", "version", "held_version", "entries", "left_out", "outcome", "word", "at",
    ]

    /// Brings it up to date; with `Prefer: wait` the answer comes when it has, or could not.
    @Sendable static func send(_ call: Call) async throws(Refusal) -> WebResponse {
        let station = try await StationsAPI.station(call).station.id
        var isWhole = false
        if !call.request.body.isEmpty {
            var fields = try JSONFields(body: call.request)
            fields.check(allowed: ["whole"])
            isWhole = fields.bool("whole").value ?? false
            try fields.throwIfAny()
        }
        let events = call.service.events()
        guard case .localList(var view) = try await call.order(.sendLocalList(station, whole: isWhole)) else {
            throw unknown(station)
        }
        if let wait = call.request.preferredWait(atMost: CommandsAPI.longestWait), view.record.outcome == .sending {
            view = await settled(station, events, within: wait, call.service) ?? view
        }
        return .json(view.json, status: view.record.outcome == .sending ? 202 : 200)
    }

    private static func settled(
        _ station: StationID, _ events: AsyncStream<LiveEvent>, within seconds: Int, _ service: any PlatformService
    ) async -> LocalListView? {
        let done = await withTaskGroup(of: LocalListView?.self) { group in
            group.addTask {
                for await event in events {
                    guard case .station(station) = event else { continue }
                    if let now = await service.localList(of: station), now.record.outcome != .sending { return now }
                }
                return nil
            }
            group.addTask {
                try? await Task.sleep(for: .seconds(seconds))
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
        if let done { return done }
        return await service.localList(of: station)
    }

    private static func view(_ station: StationID, _ call: Call) async throws(Refusal) -> LocalListView {
        guard let view = await call.service.localList(of: station) else { throw unknown(station) }
        return view
    }
    private static func unknown(_ station: StationID) -> Refusal { .notFound("station", station.value) }
}

extension LocalListView {
    var json: JSONValue {
        [
            "station_id": .string(record.station.value), "scope": .string(record.scope.rawValue),
            "tokens": .array(record.tokens.map { .string($0) }), "automatic": .bool(record.isAutomatic),
            "wanted": .int(wanted), "current": isCurrent.map { .bool($0) } ?? .null,
            "version": .int(record.version), "held_version": .int(orNull: record.heldVersion),
            "entries": .int(record.entries), "left_out": .int(record.leftOut),
            "outcome": .string(record.outcome.rawValue), "word": .string(orNull: record.word),
            "at": .instant(record.at),
        ]
    }
}
