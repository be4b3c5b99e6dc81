import Assets
import Charging
import Documents
import Operations
import Quantities

/// Charging profiles that a station holds, and limits that others than the platform set it:
/// `/api/v1/stations/{id}/charging-profiles` and `/api/v1/stations/{id}/outside-limits`.
enum ProfilesAPI {
    @Sendable static func list(_ call: Call) async throws(Refusal) -> WebResponse {
        let station = try await StationsAPI.station(call).station.id
        let known = await call.service.chargingProfiles(of: station) ?? StationProfiles(station: station)
        let items = known.kept.map(\.json)
        guard !CSVTable.isWanted(by: call.request) else {
            return Listing(columns: KeptProfile.columns, items: items, nextCursor: nil)
                .response(to: call.request, name: "charging-profiles")
        }
        return .json([
            "items": .array(items), "next_cursor": .null, "told_at": .instant(known.toldAt),
            "differences": .int(known.differences),
            "report": known.report.map { $0.json(at: call.service.now) } ?? .null,
        ])
    }

    /// Asks the station for all of them; its reports come after the answer.
    @Sendable static func refresh(_ call: Call) async throws(Refusal) -> WebResponse {
        let station = try await StationsAPI.station(call).station.id
        let order = Order.ask(station, .readProfiles, timeout: .seconds(30))
        return try await CommandsAPI.response(to: try await call.order(order), call)
    }

    @Sendable static func outside(_ call: Call) async throws(Refusal) -> WebResponse {
        let view = try await StationsAPI.station(call)
        let now = call.service.now
        return Listing(
            columns: OutsideLimit.columns,
            items: view.outsideLimits.map { $0.json(allows: view.allows($0, at: now)) }, nextCursor: nil
        ).response(to: call.request, name: "outside-limits")
    }
}

extension StationView {
    /// What a limit from outside leaves now; `nil`: it says nothing, or nothing now.
    func allows(_ limit: OutsideLimit, at now: Instant) -> Power? {
        limit.limit(
            at: now, voltage: station.electrical.voltage, phases: commissioning?.phases ?? station.electrical.phases)
    }
}

extension KeptProfile {
    static let columns = [
        "id", "evse_id", "source", "purpose", "stack_level", "kind", "recurrency", "valid_from", "valid_to",
        "transaction_id", "standing", "set_at", "told_at", "missing_since", "offline_seconds", "dead_after_offline",
        "updated_at", "update_seconds", "schedules",
    ]
    var json: JSONValue {
        [
            "id": .int(profile.id), "evse_id": .int(profile.evse), "source": .string(profile.source),
            "purpose": .string(profile.purpose), "stack_level": .int(profile.level), "kind": .string(profile.kind),
            "recurrency": .string(orNull: profile.recurrency), "valid_from": .instant(profile.validFrom),
            "valid_to": .instant(profile.validTo), "transaction_id": .string(orNull: profile.transaction),
            "standing": .string(standing.rawValue), "set_at": .instant(setAt), "told_at": .instant(toldAt),
            "offline_seconds": .int(orNull: profile.liveness?.offline),
            "dead_after_offline": .bool(profile.liveness?.isDeadAfterwards ?? false),
            "updated_at": .instant(profile.liveness?.updatedAt),
            "update_seconds": .int(orNull: profile.liveness?.updateInterval),
            "missing_since": .instant(missingSince), "schedules": .array(profile.schedules.map(\.json)),
        ]
    }
}

extension HeldProfile.Schedule {
    /// Limits in A a phase or in W, exact.
    var json: JSONValue {
        [
            "unit": .string(unit), "start": .instant(startsAt), "duration_seconds": .int(orNull: duration),
            "periods": .array(
                periods.map { period in
                    [
                        "start_seconds": .int(period.start),
                        "limit": .thousandths(period.limit),
                        "phases": .int(orNull: period.phases), "mode": .string(period.mode),
                        "discharge_limit": .thousandths(period.v2x?.dischargeLimit),
                        "setpoint": .thousandths(period.v2x?.setpoint),
                        "baseline": .thousandths(period.v2x?.curves?.baseline),
                        "frequency_curve": .array(
                            (period.v2x?.curves?.frequency ?? []).map {
                                ["hz": .thousandths($0.at), "w": .thousandths($0.power)]
                            }),
                        "signal_curve": .array(
                            (period.v2x?.curves?.signal ?? []).map {
                                ["signal": .int($0.at), "w": .thousandths($0.power)]
                            }),
                        "evse_sleep": .bool(period.v2x?.sleeps ?? false),
                        "preconditioning": .bool(period.v2x?.preconditions ?? false),
                    ]
                }),
        ]
    }
}

extension JSONValue {
    fileprivate static func thousandths(_ value: Int64?) -> JSONValue {
        value.map { .number(decimalText(Int128($0), scale: 3)) } ?? .null
    }
}

extension ProfileReport {
    func json(at now: Instant) -> JSONValue {
        [
            "request": .int(request), "state": .string(state(at: now).rawValue), "ordered_at": .instant(orderedAt),
            "last_at": .instant(lastAt), "parts": .int(parts), "profiles": .int(profiles),
            "left_out": .int(leftOut), "everything": .bool(criteria?.isEverything ?? false),
        ]
    }
}

extension OutsideLimit {
    static let columns = [
        "evse_id", "source", "critical", "local_generation", "limit_kw", "since", "told_at", "reported", "may_be_lost",
        "schedules",
    ]
    /// - Parameter allows: what it leaves now.
    func json(allows: Power?) -> JSONValue {
        [
            "evse_id": .int(evse), "source": .string(source), "critical": .bool(isCritical),
            "local_generation": .bool(isLocalGeneration), "limit_kw": .kilowatts(allows), "since": .instant(since),
            "told_at": .instant(at), "reported": .bool(isReported), "may_be_lost": .bool(mayBeLost),
            "schedules": .array(profile.schedules.map(\.json)),
        ]
    }
    /// As the station's own view names it.
    var brief: JSONValue {
        [
            "evse_id": .int(evse), "source": .string(source), "critical": .bool(isCritical), "since": .instant(since),
        ]
    }
}
