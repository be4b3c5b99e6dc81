import Assets
import Charging
import Documents
import Operations
import Quantities

/// Battery swaps (OCPP 2.1 block S): what lies in the slots of a station, who exchanged what, and the order to exchange.
enum SwapsAPI {
    @Sendable static func batteries(_ call: Call) async throws(Refusal) -> WebResponse {
        let view = try await StationsAPI.station(call)
        let cabinet =
            await call.service.cabinet(of: view.station.id) ?? BatteryCabinet(station: view.station.id)
        let items = cabinet.batteries.map { $0.json(in: cabinet, view) }
        guard !CSVTable.isWanted(by: call.request) else {
            return Listing(columns: StoredBattery.columns, items: items, nextCursor: nil)
                .response(to: call.request, name: "batteries")
        }
        return .json([
            "items": .array(items), "next_cursor": .null, "ready": .int(cabinet.ready),
            "target_soc": .percent(cabinet.target), "max_soc": .percent(cabinet.full),
            "battery_kwh": .kilowattHours(cabinet.capacity),
        ])
    }

    @Sendable static func list(_ call: Call) async throws(Refusal) -> WebResponse {
        let station = try await StationsAPI.station(call).station.id
        let limit = try call.limit()
        let before = try call.numericCursor().map { Int(clamping: $0) }
        let found = await call.service.swaps(of: station, limit: limit + 1, before: before)
        let page = found.prefix(limit)
        return Listing(
            columns: BatterySwap.columns, items: page.map(\.json),
            nextCursor: found.count > limit ? page.last.map { String($0.id) } : nil
        ).response(to: call.request, name: "battery-swaps")
    }

    @Sendable static func post(_ call: Call) async throws(Refusal) -> WebResponse {
        let station = try await StationsAPI.station(call).station.id
        var fields = try JSONFields(body: call.request)
        fields.check(allowed: ["id_token", "timeout_seconds"])
        let token = fields.string("id_token")
        let timeout = fields.integer("timeout_seconds", 1...CommandsAPI.longestTimeout)
        if token.value?.isEmpty ?? true, fields.problems.isEmpty { fields.refuse("id_token", "a token is expected") }
        try fields.throwIfAny()
        let wish = StationWish.swapBatteries(token: token.value ?? "")
        let result = try await call.order(.ask(station, wish, timeout: .seconds(timeout.value ?? 30)))
        guard case .swap(let swap, let command) = result else { throw CommandsAPI.noCommand }
        return await CommandsAPI.response(to: command, call) { state in
            let now = await call.service.swap(swap.id, of: station) ?? swap
            return ["swap": now.json, "command": state.json]
        }
    }
}

extension JSONValue {
    /// From hundredths of a percent.
    static func percent(_ hundredths: Int?) -> JSONValue {
        hundredths.map { .number(decimalText(Int128($0), scale: 2)) } ?? .null
    }
}

extension SwapBattery {
    var members: [(String, JSONValue)] {
        [
            ("slot", .int(slot)), ("serial", .string(serial)), ("soc", .percent(charge)), ("soh", .percent(health)),
            ("produced_at", .instant(producedAt)), ("vendor_info", .string(orNull: vendorInfo)),
        ]
    }
}

extension StoredBattery {
    static let columns = [
        "slot", "serial", "soc", "soh", "produced_at", "vendor_info", "ready", "since", "told_at", "status", "session",
    ]
    func json(in cabinet: BatteryCabinet, _ view: StationView) -> JSONValue {
        let evse = view.evses.first { $0.number == battery.slot }
        return .object(
            pairs: battery.members + [
                ("ready", .bool(cabinet.isReady(self))), ("since", .instant(since)), ("told_at", .instant(at)),
                ("status", .string(orNull: evse?.status.word)), ("session", .string(orNull: evse?.session?.value)),
            ])
    }
}

extension BatterySwap {
    static let columns = [
        "id", "station_id", "request_id", "id_token", "remote", "by", "opened_at", "state", "at", "word",
        "token_refused", "batteries_in", "batteries_out", "charged_kwh",
    ]
    var json: JSONValue {
        [
            "id": .int(id), "station_id": .string(station.value), "request_id": .int(request),
            "id_token": .string(token), "remote": .bool(isRemote), "by": .string(by),
            "opened_at": .instant(openedAt), "state": .string(state.rawValue), "at": .instant(at),
            "word": .string(orNull: word), "token_refused": .bool(isTokenRefused),
            "batteries_in": .array(taken.map { .object(pairs: $0.members) }),
            "batteries_out": .array(given.map { .object(pairs: $0.members) }), "charged_kwh": .kilowattHours(charged),
        ]
    }
}
