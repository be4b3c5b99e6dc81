import Assets
import Documents
import Operations
import Quantities

/// `/api/v1/sites/{id}/v2g`: what vehicles took and gave back, what it earned and wore, and the pilot's two figures of
/// discharging with their evidence. As CSV one row a session.
enum V2GAPI {
    static let longestSpan = Duration.days(92)

    @Sendable static func report(_ call: Call) async throws(Refusal) -> WebResponse {
        let site = try await SitesAPI.site(call)
        let report = try await report(of: site, call)
        if CSVTable.isWanted(by: call.request) {
            return CSVTable.response(
                columns: V2GReport.Line.columns, items: report.lines.map(\.json),
                name: "v2g-\(site.id.value.filter(isPlain))",
                nextCursor: nil, to: call.request)
        }
        return .json(report.json)
    }

    static func report(of site: Site, _ call: Call) async throws(Refusal) -> V2GReport {
        let given = (from: try call.instant("from"), to: try call.instant("to"))
        let to = given.to ?? given.from.map { $0 + .days(31) } ?? call.service.now
        let from = given.from ?? to - .days(31)
        // Quarter hours are whole.
        let origin = Instant(milliseconds: 0)
        let interval = Interval(
            from.floored(to: V2GReport.step, from: origin), max(from, to).floored(to: V2GReport.step, from: origin))
        guard from <= to, to - from <= longestSpan else {
            throw .invalid([.init(path: "to", problem: "at or after from, and at most 92 days after it, is expected")])
        }
        guard let report = await call.service.v2g(of: site.id, in: interval) else {
            throw .notFound("site", site.id.value)
        }
        return report
    }

    private static func isPlain(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || character == "-")
    }

    /// `battery` of a site's fields.
    static func battery(_ fields: inout JSONFields) -> Given<BatteryTerms> {
        guard let node = fields.node("battery") else { return .absent }
        if case .null = node.content { return .null }
        do {
            var own = try JSONFields(node, path: "battery")
            own.check(
                allowed: ["chemistry", "value_yuan_per_kwh", "cycles", "consumption_kwh_per_100km", "round_trip"],
                ignored: ["wear_yuan_per_kwh"])
            let chemistry = own.word("chemistry", BatteryTerms.Chemistry.self).value
            let value = own.decimal("value_yuan_per_kwh", scale: 6, 0...100_000_000_000, "yuan/kWh").value
            let cycles = own.integer("cycles", 1...100_000).value
            // kWh a 100 km are hundredths of mWh a metre times ten: 15 is 150.
            let consumption = own.decimal("consumption_kwh_per_100km", scale: 1, 1...10_000, "kWh/100 km").value
            let roundTrip = own.decimal("round_trip", scale: 3, 1...1000, "the energy that comes back").value
            for (key, isMissing) in [("chemistry", chemistry == nil), ("value_yuan_per_kwh", value == nil)]
            where isMissing && own.problems.isEmpty {
                own.refuse(key, "chemistry (lfp or nmc) and value_yuan_per_kwh are expected")
            }
            fields.refuse(own.problems)
            guard let chemistry, let value, own.problems.isEmpty else { return .absent }
            return .value(
                BatteryTerms(
                    chemistry: chemistry, valuePerKilowattHour: value, cycles: cycles, consumption: consumption,
                    roundTripPerMille: roundTrip.map { Int($0) }))
        } catch {
            fields.refuse(error.fields)
            return .absent
        }
    }
}

extension BatteryTerms {
    var json: JSONValue {
        [
            "chemistry": .string(chemistry.rawValue),
            "value_yuan_per_kwh": .number(decimalText(Int128(valuePerKilowattHour), scale: 6)),
            "cycles": .int(cycles),
            "consumption_kwh_per_100km": consumption.map { .number(decimalText(Int128($0), scale: 1)) } ?? .null,
            "round_trip": roundTripPerMille.map { .number(decimalText(Int128($0), scale: 3)) } ?? .null,
            "wear_yuan_per_kwh": .decimal(wearPrice, places: 6),
        ]
    }
}

extension V2GReport {
    /// Thresholds of notice 718, section on V2G projects.
    static let leastPower = Power.kilowatts(500)
    static let leastYear = Energy.kilowattHours(100_000)

    var json: JSONValue {
        [
            "site": .string(site.value), "from": .instant(interval.start), "to": .instant(interval.end),
            "sessions": .int(lines.count), "is_cut": .bool(isCut),
            "charged_kwh": .kilowattHours(charged), "discharged_kwh": .kilowattHours(discharged),
            "cycled_kwh": .kilowattHours(cycled), "cycled_with_losses": .bool(lossesAreKnown),
            "kept_kwh": .kilowattHours(charged - cycled),
            "throughput_kwh": .kilowattHours(throughput),
            "valley_share": [
                "gross": Self.share(valleyShareGross), "net": Self.share(valleyShareNet),
                "valley_kwh": .kilowattHours(inValley),
                "definition": [
                    "gross": "energy charged in valley hours / all energy charged",
                    "net":
                        "the same without cycled energy (given back, and its losses where known), which is taken out of the valley hours first",
                ],
            ],
            "import_cost_yuan": .yuan(importCost), "earned_yuan": .yuan(earned), "wear_yuan": .yuan(wear),
            "income_yuan": .yuan(income),
            "virtual_km": virtualDistance.map { .number(decimalText(Int128($0), scale: 3)) } ?? .null,
            "battery": battery?.json ?? .null,
            "measured_round_trip": measuredRoundTrip.map { $0.value.json([.init("sessions", .int($0.sessions))]) }
                ?? .null,
            "indicators": [powerJSON, yearJSON],
        ]
    }

    /// `missing`: of some pile nobody said whether it can give back.
    var powerOutcome: String {
        guard let rated = power.rated else { return "missing" }
        return rated >= Self.leastPower ? "pass" : power.unstated > 0 ? "missing" : "fail"
    }

    /// `open`: a year that is not over can still reach it.
    var yearOutcome: String { year.discharged >= Self.leastYear ? "pass" : year.isOver ? "fail" : "open" }

    private var powerJSON: JSONValue {
        [
            "id": "discharge_power_kw", "value": .kilowatts(power.rated), "threshold": .kilowatts(Self.leastPower),
            "outcome": .string(powerOutcome),
            "evidence": [
                "evses": .int(power.evses), "stations_unstated": .int(power.unstated),
                "measured_peak_kw": .kilowatts(power.measuredPeak),
            ],
        ]
    }

    private var yearJSON: JSONValue {
        [
            "id": "annual_discharge_kwh", "value": .kilowattHours(year.discharged),
            "threshold": .kilowattHours(Self.leastYear),
            "outcome": .string(yearOutcome),
            "evidence": ["year": .int(year.year), "until": .instant(interval.end), "sessions": .int(year.sessions)],
        ]
    }

    private static func share(_ share: Rational?) -> JSONValue { share.map { .decimal($0, places: 6) } ?? .null }
}

extension V2GReport.Line {
    static let columns = [
        "session", "station", "evse", "started_at", "ended_at", "charged_kwh", "discharged_kwh", "valley_kwh",
        "import_cost_yuan", "earned_yuan", "wear_yuan", "virtual_km", "estimated_quarters",
        "round_trip.value",
    ]
    var json: JSONValue {
        [
            "session": .string(session.value), "station": .string(evse.station.value), "evse": .int(evse.number),
            "started_at": .instant(startedAt), "ended_at": .instant(endedAt), "charged_kwh": .kilowattHours(charged),
            "discharged_kwh": .kilowattHours(discharged), "valley_kwh": .kilowattHours(inValley),
            "import_cost_yuan": .yuan(importCost), "earned_yuan": .yuan(earned), "wear_yuan": .yuan(wear),
            "virtual_km": virtualDistance.map { .number(decimalText(Int128($0), scale: 3)) } ?? .null,
            "estimated_quarters": .int(estimatedSlots), "round_trip": roundTrip?.json() ?? .null,
        ]
    }
}
