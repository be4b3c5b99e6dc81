import Assets
import Documents
import Operations
import Quantities

/// `/api/v1/sites`: places, their mode, their power curve and plan, and the verdict on their days.
enum SitesAPI {
    /// Longest span of one power answer: 31 days of minutes.
    static let longestSpan = Duration.days(31)

    @Sendable static func list(_ call: Call) async throws(Refusal) -> WebResponse {
        Listing(columns: Site.columns, items: await call.service.sites().map(\.json), nextCursor: nil)
            .response(to: call.request, name: "sites")
    }

    static func site(_ call: Call) async throws(Refusal) -> Site {
        let id = call.parameter("id")
        guard let site = await call.service.site(SiteID(id)) else { throw .notFound("site", id) }
        return site
    }

    @Sendable static func get(_ call: Call) async throws(Refusal) -> WebResponse { .json(try await site(call).json) }

    @Sendable static func put(_ call: Call) async throws(Refusal) -> WebResponse {
        let id = SiteID(call.parameter("id"))
        let existing = await call.service.site(id)
        var fields = try JSONFields(body: call.request)
        fields.check(
            allowed: [
                "name", "kind", "region", "zone", "tariffs", "export_tariffs", "operator", "mode",
                "allowed_energy_transfer", "service_fees", "local_cost", "running_cost", "settlement", "demand_charge",
                "battery",
            ],
            ignored: ["id"])
        if let problem = problem(ofID: id.value) { fields.refuse("id", problem) }
        var site = existing ?? Site(id: id, name: id.value)
        if let name = fields.string("name").value {
            if name.isEmpty { fields.refuse("name", "a name is expected") }
            site.name = name
        }
        if let kind = fields.string("kind", atMost: 40).value { site.kind = kind }
        if let region = fields.string("region", atMost: 6).change {
            if let region, region.utf8.count != 6 || !region.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }) {
                fields.refuse("region", "the 6 digits of GB/T 2260 are expected")
            }
            site.region = region
        }
        if let name = fields.string("zone", atMost: 64).value {
            if let zone = Zone(name) {
                site.zone = zone
            } else {
                fields.refuse("zone", "an IANA zone name is expected, such as Asia/Shanghai")
            }
        }
        if let entries = tariffs("tariffs", &fields) { site.tariffs = entries }
        if let entries = tariffs("export_tariffs", &fields) { site.exportTariffs = entries }
        if let name = fields.string("operator").value { site.operatorName = name }
        if let words = fields.energyTransfer("allowed_energy_transfer").change { site.energyTransfer = words }
        if let entries = serviceFees(&fields) { site.serviceFees = entries }
        if let word = fields.word("local_cost", Site.LocalCost.self).value { site.localCost = word }
        if let flag = fields.bool("running_cost").value { site.tellsRunningCost = flag }
        if let word = fields.word("settlement", GridFile.Settlement.self).value { site.settlement = word }
        if let flag = fields.bool("demand_charge").value { site.paysDemand = flag }
        switch V2GAPI.battery(&fields) {
        case .absent: break
        case .null: site.battery = nil
        case .value(let battery): site.battery = battery
        }
        var switched: ModeChange?
        if let node = fields.node("mode") {
            do {
                switched = try mode(node, path: "mode", by: call.actor, present: site.mode)
            } catch {
                fields.refuse(error.fields)
            }
        }
        try fields.throwIfAny()
        _ = try await call.order(.putSite(site))
        // Switching is an order of its own: it is audited as one, and it acts on the piles.
        if let switched { _ = try await call.order(.setMode(id, switched.mode, reason: switched.reason)) }
        return .json(try await self.site(call).json, status: existing == nil ? 201 : 200)
    }

    /// Ids stand in addresses, CSV files and station names: 1 to 64 printable characters.
    static func problem(ofID id: String) -> String? {
        let scalars = id.unicodeScalars
        return scalars.count <= 64 && scalars.allSatisfy { $0.value > 0x20 && $0.value != 0x7F }
            ? nil : "1 to 64 printable characters without spaces are expected"
    }

    private static func tariffs(_ key: String, _ fields: inout JSONFields) -> [Site.TariffEntry]? {
        guard let nodes = fields.objects(key, atMost: 200).value else { return nil }
        var entries: [Site.TariffEntry] = []
        for (index, node) in nodes.enumerated() {
            do {
                var entry = try JSONFields(node, path: "\(key)[\(index)]")
                entry.check(allowed: ["from", "tariff"])
                let (from, tariff) = (entry.day("from"), entry.string("tariff", atMost: 100))
                if from.value == nil, entry.problems.isEmpty { entry.refuse("from", "a day YYYY-MM-DD is expected") }
                if tariff.value?.isEmpty ?? true, entry.problems.isEmpty {
                    entry.refuse("tariff", "a tariff's id is expected")
                }
                fields.refuse(entry.problems)
                if let from = from.value, let tariff = tariff.value {
                    entries.append(.init(from: from, tariff: tariff))
                }
            } catch {
                fields.refuse(error.fields)
            }
        }
        if zip(entries, entries.dropFirst()).contains(where: { $0.from >= $1.from }) {
            fields.refuse(key, "the entries must stand in the order of their days, each day once")
        }
        return entries
    }

    private static func serviceFees(_ fields: inout JSONFields) -> [Site.ServiceFee]? {
        guard let nodes = fields.objects("service_fees", atMost: 200).value else { return nil }
        var entries: [Site.ServiceFee] = []
        for (index, node) in nodes.enumerated() {
            do {
                var entry = try JSONFields(node, path: "service_fees[\(index)]")
                entry.check(allowed: ["from", "yuan_kwh"])
                let from = entry.day("from")
                let price = entry.decimal("yuan_kwh", scale: 6, 0...100_000_000, "yuan/kWh", vanishes: true)
                if from.value == nil, entry.problems.isEmpty { entry.refuse("from", "a day YYYY-MM-DD is expected") }
                if price.value == nil, entry.problems.isEmpty { entry.refuse("yuan_kwh", "a price is expected") }
                fields.refuse(entry.problems)
                if let from = from.value, let price = price.value {
                    entries.append(.init(from: from, price: Rational(price) / Rational(1_000_000)))
                }
            } catch {
                fields.refuse(error.fields)
            }
        }
        if zip(entries, entries.dropFirst()).contains(where: { $0.from >= $1.from }) {
            fields.refuse("service_fees", "the entries must stand in the order of their days, each day once")
        }
        return entries
    }

    @Sendable static func delete(_ call: Call) async throws(Refusal) -> WebResponse {
        let site = try await site(call)
        _ = try await call.order(.deleteSite(site.id))
        return .noContent
    }

    // MARK: - Mode and stop-all

    @Sendable static func putMode(_ call: Call) async throws(Refusal) -> WebResponse {
        let site = try await site(call)
        let fields = try JSONFields(body: call.request)
        guard let change = try mode(fields, by: call.actor, present: site.mode) else { return .json(site.json) }
        _ = try await call.order(.setMode(site.id, change.mode, reason: change.reason))
        return .json(try await self.site(call).json)
    }

    private struct ModeChange {
        let mode: Site.Mode
        /// "" where none was given.
        let reason: String
    }

    private static func mode(
        _ node: JSONNode, path: String, by actor: Actor, present: Site.Mode
    ) throws(Refusal) -> ModeChange? {
        if case .string(let word) = node.content, word == "auto" {
            return present == .auto ? nil : ModeChange(mode: .auto, reason: "")
        }
        return try mode(try JSONFields(node, path: path), by: actor, present: present)
    }

    /// `nil` when the mode stays as it is.
    private static func mode(_ given: JSONFields, by actor: Actor, present: Site.Mode) throws(Refusal) -> ModeChange? {
        enum Word: String, CaseIterable { case auto, manual, stopped }
        var fields = given
        fields.check(allowed: ["state", "reason"], ignored: ["by"])
        let word = fields.word("state", Word.self)
        let reason = trimmedOfSpaces(fields.string("reason", atMost: 500).value ?? "")
        var mode: Site.Mode?
        switch word.value {
        case nil: if fields.problems.isEmpty { fields.refuse("state", "auto or manual is expected") }
        case .auto: mode = .auto
        case .manual:
            if reason.isEmpty { fields.refuse("reason", "why the site goes to manual is expected") }
            mode = .manual(by: actor.name, reason: reason)
        case .stopped:
            if present.state != "stopped" { fields.refuse("state", "stopping takes two steps: POST …/stop") }
        }
        try fields.throwIfAny()
        if let mode, mode.state == present.state, mode.cause?.reason == present.cause?.reason { return nil }
        return mode.map { ModeChange(mode: $0, reason: reason) }
    }

    /// What a stop-all would do now.
    struct StopEffect: Sendable {
        let evses: Int
        let charging: Int
        let power: Power

        init(of site: SiteID, _ service: any PlatformService) async {
            var evses = 0
            var charging = 0
            var power = Power.zero
            for view in await service.allStations() where view.station.site == site {
                evses += view.evses.count
                charging += view.evses.count { $0.session != nil }
                power += view.evses.compactMap(\.power).reduce(.zero, +)
            }
            self.evses = evses
            self.charging = charging
            self.power = power
        }
        var json: JSONValue {
            ["evses": .int(evses), "sessions": .int(charging), "power_kw": .kilowatts(power)]
        }
    }

    /// First call: a confirmation token with the effect in numbers. Second call, with the token and a reason: it is done.
    @Sendable static func stop(_ call: Call) async throws(Refusal) -> WebResponse {
        let site = try await site(call)
        var fields = try JSONFields(body: call.request)
        fields.check(allowed: ["confirmation", "reason"])
        let confirmation = fields.string("confirmation")
        if case .null = confirmation { fields.refuse("confirmation", "leave it out to ask for one") }
        let reason = trimmedOfSpaces(fields.string("reason", atMost: 500).value ?? "")
        if confirmation.value != nil, reason.isEmpty {
            fields.refuse("reason", "why everything is stopped is expected")
        }
        try fields.throwIfAny()
        guard let token = confirmation.value else {
            let effect = await StopEffect(of: site.id, call.service)
            return .json([
                "confirmation": .string(call.console.stopConfirmations.issue(for: site.id, actor: call.actor.name)),
                "valid_seconds": .int(StopConfirmations.validSeconds), "effect": effect.json,
            ])
        }
        try await stop(site, confirmation: token, reason: reason, call)
        return .json(try await self.site(call).json)
    }

    static func stop(_ site: Site, confirmation: String, reason: String, _ call: Call) async throws(Refusal) {
        guard call.console.stopConfirmations.redeem(confirmation, for: site.id, actor: call.actor.name) else {
            throw Refusal(
                409, "confirmation-stale",
                "The confirmation is not known, used, or older than \(StopConfirmations.validSeconds) s. Ask for a new one; nothing was stopped."
            )
        }
        _ = try await call.order(.setMode(site.id, .stopped(by: call.actor.name, reason: reason)))
    }

    // MARK: - Curves

    @Sendable static func power(_ call: Call) async throws(Refusal) -> WebResponse {
        let site = try await site(call)
        let span = try interval(call)
        let points = await call.service.power(of: site.id, in: span)
        if CSVTable.isWanted(by: call.request) {
            return CSVTable.response(
                columns: SitePowerPoint.columns, items: points.map(\.json),
                name: "power-\(site.id.value.filter(isPlain))",
                nextCursor: nil, to: call.request)
        }
        return .json([
            "site": .string(site.id.value), "from": .instant(span.start), "to": .instant(span.end), "step_seconds": 60,
            "items": .array(points.map(\.json)), "next_cursor": nil,
        ])
    }

    private static func isPlain(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || character == "-")
    }

    /// `from` and `to`; by default the last 24 hours.
    private static func interval(_ call: Call) throws(Refusal) -> Interval {
        let given = (from: try call.instant("from"), to: try call.instant("to"))
        let to = given.to ?? given.from.map { $0 + .days(1) } ?? call.service.now
        let from = given.from ?? to - .days(1)
        guard from <= to, to - from <= longestSpan else {
            throw .invalid([.init(path: "to", problem: "at or after from, and at most 31 days after it, is expected")])
        }
        return Interval(from, to)
    }

    @Sendable static func plan(_ call: Call) async throws(Refusal) -> WebResponse {
        let site = try await site(call)
        guard let plan = await call.service.plan(of: site.id) else {
            throw Refusal(
                404, "plan-none",
                "The site has no plan yet: it gets one within five minutes when it has a tariff and a node.")
        }
        return .json(plan.json)
    }

    @Sendable static func dayReports(_ call: Call) async throws(Refusal) -> WebResponse {
        let site = try await site(call)
        let reports = await call.service.dayReports(of: site.id)
        return Listing(columns: DayReport.columns, items: reports.map(\.json), nextCursor: nil)
            .response(to: call.request, name: "day-reports")
    }
}

extension PlatformService {
    /// Every station, page by page; the platform bounds how many there are.
    func allStations() async -> [StationView] {
        var all: [StationView] = []
        var last: StationID?
        while true {
            let page = await stations(after: last, limit: 1000)
            all += page
            guard page.count == 1000, let next = page.last?.station.id, next != last else { return all }
            last = next
        }
    }
}
