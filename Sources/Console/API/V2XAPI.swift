import Assets
import Charging
import Documents
import Operations
import Quantities

/// Sessions that can give back (OCPP 2.1): operation modes, priority charging, signals of a grid operator. Each is a command to
/// the station.
enum V2XAPI {
    @Sendable static func operationMode(_ call: Call) async throws(Refusal) -> WebResponse {
        let id = try await SessionsAPI.session(call).session.id
        var fields = try JSONFields(body: call.request)
        fields.check(allowed: [
            "mode", "limit_kw", "discharge_limit_kw", "setpoint_kw", "baseline_kw", "frequency_curve", "signal_curve",
            "preconditioning", "evse_sleep", "duration_seconds", "offline_seconds", "timeout_seconds",
        ])
        let mode = fields.word("mode", OperationWish.Mode.self)
        if mode.value == nil, fields.problems.isEmpty {
            fields.refuse(
                "mode", "one of \(OperationWish.Mode.allCases.map(\.rawValue).joined(separator: ", ")) is expected")
        }
        var wish = OperationWish(mode.value ?? .chargingOnly)
        wish.limit = fields.power("limit_kw").value
        wish.dischargeLimit = fields.power("discharge_limit_kw", signed: true).value
        if let least = wish.dischargeLimit, least > .zero {
            fields.refuse("discharge_limit_kw", "0 or less is expected")
        }
        wish.setpoint = fields.power("setpoint_kw", signed: true).value
        wish.baseline = fields.power("baseline_kw", signed: true).value
        wish.frequencyCurve = curve("frequency_curve", of: "hz", &fields) { point in
            point.decimal("hz", scale: 3, 0...1_000_000, "Hz").value
        }.map { OperationWish.FrequencyPoint(millihertz: $0.0, power: $0.1) }
        wish.signalCurve = curve("signal_curve", of: "signal", &fields) { point in
            point.integer("signal", signals).value.map { Int64($0) }
        }.map { OperationWish.SignalPoint(signal: Int($0.0), power: $0.1) }
        wish.preconditions = fields.bool("preconditioning").value
        wish.sleeps = fields.bool("evse_sleep").value
        wish.duration = fields.integer("duration_seconds", 1...86_400).value.map { .seconds($0) }
        wish.offline = fields.integer("offline_seconds", 1...86_400).value.map { .seconds($0) }
        let timeout = fields.integer("timeout_seconds", 1...CommandsAPI.longestTimeout)
        try fields.throwIfAny()
        let order = V2XOrder.mode(id, wish, timeout: .seconds(timeout.value ?? 30))
        return try await CommandsAPI.response(to: try await call.order(.v2x(order)), call)
    }

    /// A curve's points, each with a power in kW.
    private static func curve(
        _ key: String, of name: String, _ fields: inout JSONFields, _ read: (inout JSONFields) -> Int64?
    ) -> [(Int64, Power)] {
        guard let nodes = fields.objects(key, atMost: 20).value else { return [] }
        var points: [(Int64, Power)] = []
        for (index, node) in nodes.enumerated() {
            do {
                var point = try JSONFields(node, path: "\(key)[\(index)]")
                point.check(allowed: [name, "kw"])
                let (value, power) = (read(&point), point.power("kw", signed: true).value)
                if value == nil, point.problems.isEmpty { point.refuse(name, "a number is expected") }
                if power == nil, point.problems.isEmpty { point.refuse("kw", "a power in kW is expected") }
                fields.refuse(point.problems)
                if let value, let power { points.append((value, power)) }
            } catch {
                fields.refuse(error.fields)
            }
        }
        return points
    }
    private static let signals = -1_000_000...1_000_000

    @Sendable static func priorityCharging(_ call: Call) async throws(Refusal) -> WebResponse {
        let id = try await SessionsAPI.session(call).session.id
        var fields = try JSONFields(body: call.request)
        fields.check(allowed: ["active", "limit_kw", "timeout_seconds"])
        let active = fields.bool("active")
        if active.value == nil, fields.problems.isEmpty { fields.refuse("active", "true or false is expected") }
        let limit = fields.power("limit_kw")
        let timeout = fields.integer("timeout_seconds", 1...CommandsAPI.longestTimeout)
        try fields.throwIfAny()
        let order = V2XOrder.priority(
            id, isOn: active.value ?? false, limit: limit.value, timeout: .seconds(timeout.value ?? 30))
        return try await CommandsAPI.response(to: try await call.order(.v2x(order)), call)
    }

    @Sendable static func signal(_ call: Call) async throws(Refusal) -> WebResponse {
        let station = try await StationsAPI.station(call).station.id
        var fields = try JSONFields(body: call.request)
        fields.check(allowed: ["signal", "at", "timeout_seconds"])
        let signal = fields.integer("signal", signals)
        if signal.value == nil, fields.problems.isEmpty { fields.refuse("signal", "a whole number is expected") }
        let at = fields.instant("at")
        let timeout = fields.integer("timeout_seconds", 1...CommandsAPI.longestTimeout)
        try fields.throwIfAny()
        let order = V2XOrder.signal(
            station, signal.value ?? 0, at: at.value, timeout: .seconds(timeout.value ?? 30))
        return try await CommandsAPI.response(to: try await call.order(.v2x(order)), call)
    }
}

extension JSONFields {
    /// How energy may flow, in words of OCPP 2.1, each once.
    mutating func energyTransfer(_ key: String) -> Given<[String]> {
        let words = strings(key, atMost: EnergyTransfer.words.count)
        guard let list = words.value else { return words }
        if list.isEmpty || Set(list).count != list.count || !Set(list).isSubset(of: EnergyTransfer.words) {
            refuse(
                key, "one or more of \(EnergyTransfer.words.joined(separator: ", ")) are expected, each once; or null")
            return .absent
        }
        return words
    }
}

// MARK: - What sessions show

extension JSONValue {
    static func words(_ list: [String]) -> JSONValue { .array(list.map { .string($0) }) }
    /// A power below 0 gives back.
    static func kilowatts(watts: Int64) -> JSONValue { .kilowatts(Power(watts: watts)) }
}

extension Session {
    /// `null`: neither its vehicle nor its station said anything of ISO 15118-20.
    var v2xJSON: JSONValue {
        guard v2x != nil || dialogue != nil else { return .null }
        let offer = dialogue?.offer
        return [
            "transfer": .string(orNull: v2x?.transfer), "bidirectional": .bool(v2x?.isBidirectional ?? false),
            "requested_transfer": .string(orNull: offer?.requested),
            "available_transfers": .words(offer?.available ?? []),
            "allowed_transfers": dialogue?.allowed.map { .words($0) } ?? .null,
            "control": .string(orNull: v2x?.control.rawValue), "mobility_needs": .string(orNull: offer?.mobility),
            "vehicle": .string(orNull: dialogue?.vehicle), "least_charge_kw": .kilowatts(v2x?.leastCharge),
            "most_charge_kw": .kilowatts(v2x?.mostCharge), "least_discharge_kw": .kilowatts(v2x?.leastDischarge),
            "most_discharge_kw": .kilowatts(v2x?.mostDischarge), "target_kwh": .kilowattHours(v2x?.target),
            "minimum_kwh": .kilowattHours(v2x?.minimum), "maximum_kwh": .kilowattHours(v2x?.maximum),
            "minimum_v2x_kwh": .kilowattHours(v2x?.minimumV2X), "maximum_v2x_kwh": .kilowattHours(v2x?.maximumV2X),
            "told_at": .instant(offer?.at ?? v2x?.toldAt), "power_offer": offer?.power?.json ?? .null,
            "price_offer": offer?.price?.json ?? .null, "der": .raw(offer?.der.map { Array($0.utf8) }),
            "course": dialogue?.course?.json ?? .null,
            "priority_charging": dialogue?.priority.map {
                ["active": .bool($0.isOn), "at": .instant($0.at), "local": .bool($0.isLocal)]
            } ?? .null,
        ]
    }
}

extension VehicleOffer.Power {
    fileprivate var json: JSONValue {
        [
            "start": .instant(start),
            "steps": .array(steps.map { ["seconds": .int($0.seconds), "kw": .kilowatts(watts: $0.watts)] }),
        ]
    }
}

extension VehicleOffer.Price {
    fileprivate var json: JSONValue {
        [
            "start": .instant(start), "currency": .string(currency), "algorithm": .string(algorithm),
            "steps": .array(
                steps.map { step in
                    [
                        "seconds": .int(step.seconds),
                        "rules": .array(
                            step.rules.map { ["fee_per_kwh": .string($0.fee), "from_kw": .kilowatts(watts: $0.from)] }),
                    ]
                }),
        ]
    }
}

extension VehicleCourse {
    fileprivate var json: JSONValue {
        [
            "start": .instant(start), "told_at": .instant(at), "fits": .bool(fits),
            "selected_schedule": .int(orNull: selected),
            "keeps_tolerance": keepsTolerance.map { .bool($0) } ?? .null,
            "steps": .array(steps.map { ["seconds": .int($0.seconds), "kw": .kilowatts(watts: $0.watts)] }),
        ]
    }
}

extension OperationState {
    var json: JSONValue {
        [
            "mode": .string(mode), "limit_kw": .kilowatts(limit), "discharge_limit_kw": .kilowatts(dischargeLimit),
            "setpoint_kw": .kilowatts(setpoint), "manual": .bool(isManual),
        ]
    }
}

extension V2XAbilities {
    var json: JSONValue {
        func byEVSE(_ words: [Int: [String]]) -> JSONValue {
            .array(
                words.sorted { $0.key < $1.key }.map { ["evse_id": .int($0.key), "words": .words($0.value)] })
        }
        return [
            "enabled": isEnabled.map { .bool($0) } ?? .null, "usable": .bool(isUsable),
            "operation_modes": byEVSE(modes), "energy_transfers": byEVSE(transfers),
        ]
    }
}
