import Assets
import Charging
import Documents
import GridDispatch
import Operations
import Quantities

/// What holds a station and a site: `/api/v1/stations/{id}/limits`, `/api/v1/stations/{id}/schedule-comparison` and
/// `/api/v1/sites/{id}/offline`.
enum LimitsAPI {
    @Sendable static func station(_ call: Call) async throws(Refusal) -> WebResponse {
        let view = try await StationsAPI.station(call)
        let limits = await call.service.limits(of: view.station.id)
        let now = call.service.now
        let items = limits.flatMap { limit in
            limit.outside.map { limit.json($0, view.allows($0, at: now)) } + limit.json
        }
        return Listing(columns: EVSELimits.columns, items: items, nextCursor: nil)
            .response(to: call.request, name: "limits")
    }

    /// A row a span in which the station reckons otherwise than we, or one for all that was compared.
    @Sendable static func comparison(_ call: Call) async throws(Refusal) -> WebResponse {
        let id = try await StationsAPI.station(call).station.id
        let limits = await call.service.limits(of: id)
        let items = limits.flatMap { limit in limit.comparison?.json(evse: limit.evse.number) ?? [] }
        return Listing(columns: ScheduleComparison.columns, items: items, nextCursor: nil)
            .response(to: call.request, name: "schedule-comparison")
    }

    /// As CSV: the piles.
    @Sendable static func offline(_ call: Call) async throws(Refusal) -> WebResponse {
        let site = try await SitesAPI.site(call)
        guard let outlook = await call.service.offlineOutlook(of: site.id) else {
            throw .notFound("site", site.id.value)
        }
        guard CSVTable.isWanted(by: call.request) else { return .json(outlook.json) }
        return CSVTable.response(
            columns: OfflineOutlook.Pile.columns, items: outlook.piles.map(\.json), name: "offline", nextCursor: nil,
            to: call.request)
    }
}

extension EVSELimits {
    static let columns = [
        "evse_id", "purpose", "stack_level", "session", "limit_kw", "until", "daily.anchor", "daily.step_seconds",
        "daily.kw", "state", "sent_at", "confirmed_at", "source",
    ]
    /// One that somebody else set bounds all of the platform's.
    func json(_ limit: OutsideLimit, _ allows: Power?) -> JSONValue {
        [
            "evse_id": .int(evse.number), "purpose": .string(HeldProfile.fromOutside),
            "stack_level": .int(limit.profile.level), "session": .null, "limit_kw": .kilowatts(allows), "until": .null,
            "daily": .null, "state": "told", "sent_at": .null, "confirmed_at": .instant(limit.at),
            "source": .string(limit.source),
        ]
    }
    /// One a profile, the highest precedence first.
    var json: [JSONValue] {
        let setpoints: [JSONValue] = held.setpoints.map { setpoint in
            [
                "evse_id": .int(evse.number), "purpose": "TxProfile", "stack_level": .int(transactionLevel),
                "session": .string(setpoint.session), "limit_kw": .kilowatts(setpoint.limit),
                "until": .instant(setpoint.until), "daily": .null, "state": .string(setpoint.state.rawValue),
                "sent_at": .instant(setpoint.sentAt), "confirmed_at": .instant(setpoint.confirmedAt),
                "source": .string(HeldProfile.ours),
            ]
        }
        let fallbacks: [JSONValue] = held.fallbacks.map { fallback in
            let daily: JSONValue = [
                "anchor": .instant(fallback.profile.anchor),
                "step_seconds": .int(fallback.profile.step.components.seconds),
                "kw": .array(fallback.profile.values.map { .kilowatts($0) }),
            ]
            return [
                "evse_id": .int(evse.number), "purpose": "TxDefaultProfile", "stack_level": 0, "session": .null,
                "limit_kw": .null, "until": .null, "daily": daily, "state": .string(fallback.state.rawValue),
                "sent_at": .null, "confirmed_at": .instant(fallback.confirmedAt), "source": .string(HeldProfile.ours),
            ]
        }
        return setpoints + fallbacks
    }
}

extension ScheduleComparison.Difference {
    /// Where a curve differs most.
    var hertz: String? { field == .frequencyCurve ? at.map { decimalText(Int128($0), scale: 3) } : nil }
    var signal: Int64? { field == .signalCurve ? at : nil }
}

extension ScheduleComparison {
    static let columns = [
        "evse_id", "compared_at", "result", "start", "end", "ours_kw", "station_kw", "field", "ours_mode",
        "station_mode", "at_hz", "at_signal", "station_on",
    ]
    func json(evse: Int) -> [JSONValue] {
        func row(_ result: Verdict, _ span: Interval, _ difference: Difference?) -> JSONValue {
            [
                "evse_id": .int(evse), "compared_at": .instant(at), "result": .string(result.rawValue),
                "start": .instant(span.start), "end": .instant(span.end), "ours_kw": .kilowatts(difference?.ours),
                "station_kw": .kilowatts(difference?.theirs),
                "field": .string(orNull: difference?.field.rawValue),
                "ours_mode": .string(orNull: difference?.ourMode),
                "station_mode": .string(orNull: difference?.theirMode),
                "at_hz": difference?.hertz.map { .number($0) } ?? .null,
                "at_signal": .int(orNull: difference?.signal),
                "station_on": difference?.isOnAtStation.map { .bool($0) } ?? .null,
            ]
        }
        if differences.isEmpty { return [row(.agrees, span, nil)] }
        return differences.map { row($0.allowsMore ? .allowsMore : .allowsLess, $0.span, $0) }
    }
}

extension OfflineOutlook {
    var json: JSONValue {
        let broken: JSONValue =
            violation.map {
                [
                    "node": .string($0.node.value), "at": .instant($0.at), "base_kw": .kilowatts($0.base),
                    "charging_kw": .kilowatts($0.charging), "limit_kw": .kilowatts($0.limit),
                ]
            } ?? .null
        return [
            "at": .instant(at), "step_seconds": .int(step.components.seconds), "holds": .bool(violation == nil),
            "violation": broken, "nodes": .array(nodes.map(\.json)), "piles": .array(piles.map(\.json)),
        ]
    }
}

extension OfflineOutlook.Node {
    var json: JSONValue {
        [
            "node": .string(node.value), "limit_kw": .kilowatts(limit),
            "base_kw": course.base.map { .array($0.map { .kilowatts($0) }) } ?? .null,
            "charging_kw": .array(course.charging.map { .kilowatts($0) }),
        ]
    }
}

extension OfflineOutlook.Pile {
    static let columns = [
        "station_id", "evse_id", "node", "online", "charging", "rating_kw", "basis", "held_until", "stops_at", "kw",
    ]
    var json: JSONValue {
        [
            "station_id": .string(evse.station.value), "evse_id": .int(evse.number),
            "node": .string(orNull: node?.value), "online": .bool(isOnline), "charging": .bool(isCharging),
            "rating_kw": .kilowatts(rating), "basis": .string(basis.rawValue), "held_until": .instant(heldUntil),
            "stops_at": .instant(stopsAt), "kw": .array(course.map { .kilowatts($0) }),
        ]
    }
}
