import Assets
import Charging
import Documents
import GridDispatch
import Operations
import Quantities

// Domain values as the API shows them. Powers are kW, energies Wh or kWh as their names end; all exact.

extension JSONValue {
    static func kilowatts(_ power: Power?) -> JSONValue {
        power.map { .number(decimalText(Int128($0.watts), scale: 3)) } ?? .null
    }
    static func wattHours(_ energy: Energy?) -> JSONValue { energy.map { .number($0.wattHoursText) } ?? .null }
    static func kilowattHours(_ energy: Energy?) -> JSONValue { energy.map { .number($0.kilowattHoursText) } ?? .null }
    static func register(_ reading: RegisterReading?) -> JSONValue {
        reading.map { .number($0.wattHoursText) } ?? .null
    }
    static func instant(_ instant: Instant?) -> JSONValue { instant.map { .string($0.description) } ?? .null }
    static func int(orNull value: (some BinaryInteger)?) -> JSONValue { value.map { .int($0) } ?? .null }
    /// JSON text that came from a station, as it came; what is no JSON (it never should be) as a string.
    static func raw(_ bytes: [UInt8]?) -> JSONValue {
        guard let bytes else { return .null }
        // `.number` is written as it is: exactly what a received payload needs.
        if (try? JSONNode(bytes)) != nil { return .number(String(decoding: bytes, as: UTF8.self)) }
        return .string(String(decoding: bytes, as: UTF8.self))
    }
}

extension ConnectorStatus {
    /// The word of OCPP (1.6 §7.7): `SuspendedEV`.
    var word: String {
        switch self {
        case .available: "Available"
        case .preparing: "Preparing"
        case .charging: "Charging"
        case .suspendedEV: "SuspendedEV"
        case .suspendedEVSE: "SuspendedEVSE"
        case .finishing: "Finishing"
        case .reserved: "Reserved"
        case .unavailable: "Unavailable"
        case .faulted: "Faulted"
        case .unknown: "Unknown"
        }
    }
}

extension StationView {
    static let columns = [
        "id", "site", "node", "online", "last_seen", "registration", "protocol", "boot.vendor", "boot.model",
        "boot.serial", "boot.firmware", "model", "phases", "voltage", "max_current_a", "max_discharge_kw",
        "rating_assumed", "ownership",
        "ownership_evidence", "owner", "limits.operator_kw", "limits.rating_kw", "commissioning.verdict",
        "firmware_update.state", "firmware_update.word", "profile_differences", "outside_limits", "evses",
    ]
    var json: JSONValue {
        let electrical = station.electrical
        return [
            "id": .string(station.id.value),
            "registration": .string(station.registration.rawValue),
            "protocol": .string(orNull: `protocol`),
            "online": .bool(online),
            "last_seen": .instant(lastSeen),
            "boot": station.boot.map(Self.json) ?? .null,
            "evses": .array(evses.map(\.json)),
            "site": .string(orNull: station.site?.value),
            "node": .string(orNull: station.node?.value),
            "limits": [
                "operator_kw": .kilowatts(station.operatorLimit), "rating_kw": .kilowatts(electrical.maxPower),
                "minimum_kw": .kilowatts(electrical.minPower),
            ],
            "model": .string(orNull: station.model),
            "phases": .int(electrical.phases),
            "voltage": .int(electrical.voltage),
            "max_current_a": .number(decimalText(Int128(electrical.maxCurrentMilliamperes), scale: 3)),
            "max_discharge_kw": .kilowatts(electrical.maxDischarge),
            "rating_assumed": .bool(electrical.isAssumed),
            "ownership": .string(orNull: station.ownership?.rawValue),
            "ownership_evidence": .string(orNull: station.ownershipEvidence),
            "owner": .string(orNull: station.owner),
            "security_profile": .int(station.securityProfile),
            "password_set": .bool(station.passwordDigest != nil),
            "key_change": station.keyChanges.last.map { Self.json($0, station) } ?? .null,
            "security_profile_change": profileChange?.json ?? .null,
            "commissioning": commissioning.map(Self.json) ?? .null,
            "firmware_update": firmware.map(\.brief) ?? .null,
            "profile_differences": .int(profileDifferences), "outside_limits": .array(outsideLimits.map(\.brief)),
            "created_at": .instant(station.createdAt),
        ]
    }
    private static func json(_ change: KeyChange, _ station: Station) -> JSONValue {
        [
            "state": .string(change.state.rawValue), "at": .instant(change.at), "word": .string(orNull: change.word),
            "undecided": .int(station.undecidedKeys.count),
        ]
    }
    private static func json(_ boot: Station.Boot) -> JSONValue {
        [
            "vendor": .string(boot.vendor), "model": .string(boot.model), "serial": .string(orNull: boot.serial),
            "firmware": .string(orNull: boot.firmware),
        ]
    }
    private static func json(_ found: Commissioning) -> JSONValue {
        [
            "verdict": .string(found.verdict.rawValue), "rate_unit": .string(orNull: found.rateUnit),
            "max_stack_level": .int(orNull: found.maxStackLevel), "max_periods": .int(orNull: found.maxPeriods),
            "max_profiles": .int(orNull: found.maxProfiles), "phases": .int(orNull: found.phases),
            "sample_interval_seconds": .int(orNull: found.sampleInterval), "note": .string(found.note?.text ?? ""),
            "v2x": found.v2x?.json ?? .null, "at": .instant(found.at),
        ]
    }
}

extension StationView.EVSE {
    var json: JSONValue {
        [
            "id": .int(number),
            "connectors": [
                ["id": .int(number), "status": .string(status.word), "error_code": .string(orNull: errorCode)]
            ],
            "transaction": .string(orNull: transaction), "session": .string(orNull: session?.value),
            "power_kw": .kilowatts(power), "power_at": .instant(powerAt), "setpoint_kw": .kilowatts(setpoint),
            "setpoint_state": .string(orNull: setpointState),
            "setpoint_reason": .string(orNull: setpointReason), "control": control.json,
            "round_trip": roundTrip?.json ?? .null,
        ]
    }
}

extension EVSEControl {
    var json: JSONValue {
        ["paused": .bool(paused), "limit_kw": .kilowatts(limit), "charge_now": .bool(chargeNow)]
    }
}

extension CommandView {
    static let columns = [
        "id", "station", "action", "status", "created_at", "finished_at", "by", "payload", "response", "error",
        "follow_up.state", "follow_up.object", "follow_up.at",
    ]
    var json: JSONValue {
        let error: JSONValue =
            errorCode.map { ["code": .string($0), "description": .string(errorDescription ?? "")] } ?? .null
        return [
            "id": .string(id), "station": .string(station.value), "action": .string(action), "payload": .raw(payload),
            "status": .string(status.rawValue), "created_at": .instant(createdAt), "finished_at": .instant(finishedAt),
            "response": .raw(response), "error": error, "by": .string(by),
            "follow_up": followUp.map {
                ["state": .string($0.state.rawValue), "object": .string(orNull: $0.object), "at": .instant($0.at)]
            } ?? .null,
        ]
    }
}

extension StoredMessage {
    static let columns = ["sequence", "at", "direction", "message_id", "action", "problem", "text", "reply"]
    var json: JSONValue {
        [
            "sequence": .int(sequence), "at": .instant(record.at), "direction": .string(record.direction.rawValue),
            "message_id": .string(orNull: record.messageID), "action": .string(orNull: record.action),
            "text": .string(String(decoding: record.text, as: UTF8.self)), "problem": .string(orNull: record.problem),
            "reply": .raw(record.reply),
        ]
    }
}

extension IdToken {
    static let columns = [
        "value", "status", "expires_at", "parent", "type", "allowed_energy_transfer", "audit_mark", "tariff",
        "service_fee_yuan_kwh",
    ]
    /// - Parameter marker: gives the mark by which the audit names this token.
    func json(_ marker: TokenMarker) -> JSONValue {
        [
            "value": .string(value), "status": .string(status.rawValue), "expires_at": .instant(expiresAt),
            "parent": .string(orNull: parent), "type": .string(orNull: type),
            "allowed_energy_transfer": energyTransfer.map { .words($0) } ?? .null,
            "audit_mark": .string(marker.mark(of: value)), "tariff": .string(orNull: prices?.tariff),
            "service_fee_yuan_kwh": prices?.serviceFee.map { .number($0.text(atMost: 6)) } ?? .null,
        ]
    }
}

extension SessionView {
    static let columns = [
        "id", "station_id", "evse_id", "connector_id", "transaction_id", "id_token", "status", "started_at", "ended_at",
        "stop_reason", "register_start_wh", "register_stop_wh", "import_wh", "export_wh", "site", "needs.departure",
        "needs.energy_kwh", "flags", "cost_yuan", "needs.minimum_kwh", "account.export_credit_yuan",
        "losses.round_trip.value",
    ]
    var json: JSONValue {
        [
            "id": .string(session.id.value), "station_id": .string(session.evse.station.value),
            "evse_id": .int(session.evse.number), "connector_id": .int(session.connector),
            "transaction_id": .string(session.transactionID), "id_token": .string(orNull: session.idToken),
            "status": .string(session.status.rawValue), "started_at": .instant(session.startedAt),
            "ended_at": .instant(session.endedAt), "stop_reason": .string(orNull: session.stopReason),
            "register_start_wh": .register(session.registerStart), "register_stop_wh": .register(session.registerStop),
            "import_wh": .wattHours(session.imported), "export_wh": .wattHours(session.exported),
            "site": .string(orNull: site?.value), "needs": session.needs?.json ?? .null, "plan": planJSON,
            "flags": .array(session.flags.map { .string($0) }),
            "remote_start": .int(orNull: session.course?.remoteStart),
            "cost_yuan": session.cost.map { .number($0.text(decimals: 2)) } ?? .null,
            "v2x": session.v2xJSON, "operation": operation?.json ?? .null,
            "account": session.accountJSON, "losses": session.account.losses?.json(session.v2x?.capacity) ?? .null,
        ]
    }
    private var planJSON: JSONValue {
        guard let plan, let planStart, let planStep else { return .null }
        return [
            "start": .instant(planStart), "step_seconds": .int(planStep.components.seconds),
            "setpoints_kw": .array(plan.setpoints.map { .kilowatts($0) }), "wanted_kwh": .kilowattHours(plan.wanted),
            "undelivered_kwh": .kilowattHours(plan.undelivered), "departure": .instant(plan.departure),
            "forecast": .bool(plan.isForecast), "binding": .array(plan.binding.map(\.json)),
        ]
    }
}

extension Plan.Binding {
    var json: JSONValue {
        ["node": .string(orNull: node?.value), "from": .instant(interval.start), "to": .instant(interval.end)]
    }
}

extension Needs {
    var json: JSONValue {
        [
            "departure": .instant(departure), "energy_kwh": .kilowattHours(energy),
            "minimum_kwh": .kilowattHours(minimum),
            "charge_now": .bool(chargeNow), "stated_by": .string(statedBy), "stated_at": .instant(statedAt),
        ]
    }
}

extension Reading {
    static let columns = ["at", "measurand", "value", "unit", "phase", "location", "context"]
    var json: JSONValue {
        [
            "at": .instant(at), "measurand": .string(measurand), "value": .string(valueText), "unit": .string(unit),
            "phase": .string(orNull: phase), "location": .string(orNull: location), "context": .string(orNull: context),
        ]
    }
}

extension Site {
    static let columns = [
        "id", "name", "kind", "region", "zone", "operator", "mode.state", "mode.by", "mode.reason", "tariffs",
        "allowed_energy_transfer",
    ]
    var json: JSONValue {
        [
            "id": .string(id.value), "name": .string(name), "kind": .string(kind), "region": .string(orNull: region),
            "zone": .string(zone.identifier), "tariffs": .array(tariffs.map(\.json)),
            "export_tariffs": .array(exportTariffs.map(\.json)), "operator": .string(operatorName), "mode": mode.json,
            "allowed_energy_transfer": energyTransfer.map { .words($0) } ?? .null,
            "service_fees": .array(serviceFees.map(\.json)), "local_cost": .string(localCost.rawValue),
            "running_cost": .bool(tellsRunningCost), "settlement": .string(settlement.rawValue),
            "demand_charge": .bool(paysDemand), "battery": battery?.json ?? .null,
        ]
    }
}

extension Site.TariffEntry {
    var json: JSONValue { ["from": .string(from.description), "tariff": .string(tariff)] }
}

extension Site.ServiceFee {
    var json: JSONValue { ["from": .string(from.description), "yuan_kwh": .number(price.text(atMost: 6))] }
}

extension Site.Mode {
    var state: String {
        switch self {
        case .auto: "auto"
        case .manual: "manual"
        case .stopped: "stopped"
        }
    }
    /// Who switched, and why; `nil` in automatic mode.
    var cause: (by: String, reason: String)? {
        switch self {
        case .auto: nil
        case .manual(let by, let reason), .stopped(let by, let reason): (by, reason)
        }
    }
    var json: JSONValue {
        ["state": .string(state), "by": .string(orNull: cause?.by), "reason": .string(orNull: cause?.reason)]
    }
}

extension GridNode {
    static let columns = [
        "id", "parent", "site", "limit_kw", "export_limit_kw", "serves", "rating.kva", "rating.power_factor",
        "rating.loading",
    ]
    var json: JSONValue {
        let shown: JSONValue =
            rating.map {
                [
                    "kva": .number(decimalText(Int128($0.voltAmperes), scale: 3)),
                    "power_factor": .number(decimalText(Int128($0.powerFactorPerMille), scale: 3)),
                    "loading": .number(decimalText(Int128($0.loadingPerMille), scale: 3)),
                ]
            } ?? .null
        return [
            "id": .string(id.value), "parent": .string(orNull: parent?.value), "site": .string(orNull: site?.value),
            "limit_kw": .kilowatts(limit), "export_limit_kw": .kilowatts(exportLimit), "rating": shown,
            "serves": .string(orNull: serves?.rawValue),
        ]
    }
}

extension SitePowerPoint {
    static let columns = [
        "at", "measured_kw", "charging_kw", "planned_kw", "limit_kw", "base_kw", "base_is_stale", "level",
    ]
    var json: JSONValue {
        [
            "at": .instant(at), "measured_kw": .kilowatts(measured), "charging_kw": .kilowatts(charging),
            "planned_kw": .kilowatts(planned), "limit_kw": .kilowatts(limit), "base_kw": .kilowatts(base),
            "base_is_stale": .bool(baseIsStale), "level": .string(orNull: level),
        ]
    }
}

extension Plan {
    var json: JSONValue {
        let stays: [JSONValue] = stays.map { stay in
            [
                "session": .string(stay.session), "station_id": .string(stay.evse.station.value),
                "evse_id": .int(stay.evse.number), "setpoints_kw": .array(stay.setpoints.map { .kilowatts($0) }),
                "wanted_kwh": .kilowattHours(stay.wanted), "undelivered_kwh": .kilowattHours(stay.undelivered),
                "departure": .instant(stay.departure), "forecast": .bool(stay.isForecast),
                "binding": .array(stay.binding.map(\.json)),
            ]
        }
        let nodes: [JSONValue] = nodes.map { load in
            [
                "node": .string(load.node.value), "limit_kw": .kilowatts(load.limit),
                "base_kw": .array(load.base.map { .kilowatts($0) }),
                "total_kw": .array(load.total.map { .kilowatts($0) }),
            ]
        }
        return [
            "id": .int(id.value), "site": .string(site.value), "computed_at": .instant(computedAt),
            "trigger": .string(trigger), "start": .instant(start), "step_seconds": .int(step.components.seconds),
            "count": .int(count), "stays": .array(stays), "nodes": .array(nodes),
            "objective_yuan": objectiveYuan.map { .double($0) } ?? .null,
            "bound_yuan": boundYuan.map { .double($0) } ?? .null, "gap": .double(gap),
        ]
    }
}

extension Alarm {
    static let columns = [
        "id", "priority", "code", "site", "object", "since", "ended_at", "acknowledged_by", "acknowledged_at", "values",
    ]
    var json: JSONValue {
        [
            "id": .int(id), "priority": .string(priority.word), "code": .string(code),
            "site": .string(orNull: site?.value), "object": .string(object),
            "values": .object(values.sorted { $0.key < $1.key }.map { JSONValue.Member($0.key, .string($0.value)) }),
            "since": .instant(since), "ended_at": .instant(endedAt), "acknowledged_by": .string(orNull: acknowledgedBy),
            "acknowledged_at": .instant(acknowledgedAt),
        ]
    }
}

extension Alarm.Priority {
    var word: String {
        switch self {
        case .critical: "critical"
        case .high: "high"
        case .medium: "medium"
        case .low: "low"
        }
    }
}

extension AuditRecord {
    static let columns = ["id", "at", "actor", "role", "action", "object", "detail"]
    func json(id: Int64) -> JSONValue {
        [
            "id": .int(id), "at": .instant(at), "actor": .string(actor), "role": .string(role),
            "action": .string(action),
            "object": .string(object), "detail": .string(detail),
        ]
    }
}

extension DayReport {
    static let columns = [
        "day", "limit_kw", "orderly.energy_kwh", "orderly.cost_yuan", "orderly.peak_kw", "orderly.slots_above_limit",
        "orderly.valley_share", "uncontrolled.energy_kwh", "uncontrolled.cost_yuan", "uncontrolled.peak_kw",
        "uncontrolled.slots_above_limit", "uncontrolled.valley_share", "deliverable_kwh", "foresight_cost_yuan",
        "valley_share_maximum", "regret.forecast_yuan", "regret.rounding_yuan", "regret.not_followed_yuan",
    ]
    var json: JSONValue {
        [
            "site": .string(site.value), "day": .string(day.description), "limit_kw": .kilowatts(limit),
            "orderly": Self.json(orderly), "uncontrolled": Self.json(uncontrolled),
            "deliverable_kwh": .kilowattHours(deliverable), "foresight_cost_yuan": .string(foresightCostYuan),
            "valley_share_maximum": valleyShareMaximum.map { .double($0) } ?? .null,
            "regret": [
                "forecast_yuan": .string(regretForecastYuan), "rounding_yuan": .string(regretRoundingYuan),
                "not_followed_yuan": .string(regretNotFollowedYuan),
            ],
        ]
    }
    private static func json(_ side: Side) -> JSONValue {
        [
            "energy_kwh": .kilowattHours(side.energy), "cost_yuan": .string(side.costYuan),
            "peak_kw": .kilowatts(side.peak), "slots_above_limit": .int(side.slotsAboveLimit),
            "valley_share": side.valleyShare.map { .double($0) } ?? .null,
        ]
    }
}
