import Assets
import Charging
import Operations
import Quantities

/// Which charging profiles a station holds, as it told them, and who else than the platform limits it; on its page.
struct ProfileCards {
    let view: StationView
    let call: Call
    let format: Format
    private var t: Words { format.words }
    private var api: String { "/api/v1/stations/" + PercentCoding.encode(view.station.id.value) }
    private var path: String { "/stations/" + PercentCoding.encode(view.station.id.value) }

    func html() async -> HTML {
        let known =
            await call.service.chargingProfiles(of: view.station.id) ?? StationProfiles(station: view.station.id)
        let isNew = view.protocol.map { $0 != "ocpp1.6" } ?? false
        guard isNew || !known.kept.isEmpty || !view.outsideLimits.isEmpty else { return .empty }
        return """
            \(isNew || !view.outsideLimits.isEmpty ? Parts.card(t("outside.title"), id: "outside-limits", live: "station", actions: Parts.csv(api + "/outside-limits?format=csv&bom=1", t), outside) : .empty)
            \(Parts.card(t("kept.title"), id: "charging-profiles", live: "station command", actions: Parts.csv(api + "/charging-profiles?format=csv&bom=1", t), kept(known, canAsk: isNew)))
            """
    }

    // MARK: - Limits from outside

    private var outside: HTML {
        guard !view.outsideLimits.isEmpty else { return Parts.empty(t("outside.none")) }
        let rows: [HTML] = view.outsideLimits.map { limit in
            let allows: String =
                if limit.isLocalGeneration {
                    t("outside.generation")
                } else if limit.profile.schedules.isEmpty {
                    t("outside.unknown")
                } else {
                    view.allows(limit, at: format.now).map { format.kilowatts($0) + " kW" } ?? t("outside.nothing")
                }
            let critical: HTML? =
                limit.isCritical ? "<span class=\"state state-bad\">\(t("outside.critical"))</span>" : nil
            let doubt: HTML? = limit.mayBeLost ? "<div class=\"muted\">\(t("outside.doubt"))</div>" : nil
            return """
                <tr data-row><th scope="row">\(t.known("source." + limit.source) ?? limit.source)<div class="muted">\(place(limit.evse))</div></th>\
                <td class="number">\(allows)</td><td>\(critical)\(doubt)</td><td>\(format.tag(limit.since))</td><td>\(format.ago(limit.at))</td></tr>
                """
        }
        let heads = Parts.heads(
            t, ["outside.source", "profiles.limit", "kept.standing", "certificates.since", "kept.told"],
            numbers: ["profiles.limit"])
        return "<p class=\"muted\">\(t("outside.text"))</p>\(Parts.table(heads, rows, caption: t("outside.title")))"
    }

    private func place(_ evse: Int) -> String {
        evse == 0 ? t("outside.station") : t("station.evse", ["n": String(evse)])
    }

    // MARK: - Profiles

    private func kept(_ known: StationProfiles, canAsk: Bool) -> HTML {
        let told: HTML =
            known.toldAt.map { "\(t("kept.toldat")) \(format.ago($0))" }
            ?? HTML(escaping: t(canAsk ? "kept.untold" : "kept.cannot"))
        let report: HTML? = known.report.flatMap { report in
            report.state(at: format.now) == .complete
                ? nil
                : "<p class=\"muted\">\(t("kept.report." + report.state(at: format.now).rawValue, ["n": String(report.profiles)]))</p>"
        }
        let differences: HTML? =
            known.differences == 0
            ? nil : "<p class=\"problem\">\(t("kept.differences", ["n": String(known.differences)]))</p>"
        let ask: HTML =
            canAsk && call.can(.operator)
            ? """
            <div class="controls"><form method="post" action="\(path)/charging-profiles">\(Layout.csrf(call))\
            <button class="button"\(view.online ? "" : " disabled" as HTML)>\(t("kept.ask"))</button></form></div>
            """ : .empty
        guard !known.kept.isEmpty else {
            return "<p class=\"muted\">\(told)</p>\(report)\(Parts.empty(t("kept.none")))\(ask)"
        }
        let rows: [HTML] = known.kept.prefix(Self.shown).map(row)
        let heads = Parts.heads(
            t,
            [
                "kept.number", "profiles.purpose", "profiles.level", "outside.source", "kept.limits", "kept.valid",
                "kept.standing",
            ], numbers: ["profiles.level"])
        let more: HTML? =
            known.kept.count > Self.shown
            ? "<p class=\"muted\">\(t("kept.more", ["n": String(known.kept.count - Self.shown)]))</p>" : nil
        return """
            <p class="muted">\(t("kept.text")) \(told)</p>\(differences)\(report)
            \(Parts.table(heads, rows, caption: t("kept.title")))\(more)\(ask)
            """
    }

    private func row(_ one: KeptProfile) -> HTML {
        let profile = one.profile
        let tone =
            switch one.standing {
            case .held, .set: "ok"
            case .outside: "wait"
            case .foreign, .differs, .missing: "bad"
            }
        let at = one.missingSince ?? one.toldAt ?? one.setAt
        let kind = profile.recurrency ?? profile.kind
        let offline: HTML? = profile.liveness?.offline.map { "; \(t("kept.offline", ["seconds": String($0)]))" }
        return """
            <tr data-row><th scope="row">\(String(profile.id))<div class="muted">\(place(profile.evse))</div></th>\
            <td>\(t.known("purpose." + profile.purpose) ?? profile.purpose)<div class="muted mono">\(profile.transaction ?? "")</div></td>\
            <td class="number">\(String(profile.level))</td><td>\(t.known("source." + profile.source) ?? profile.source)</td>\
            <td>\(limits(profile))<div class="muted">\(kind)\(offline)</div></td><td>\(valid(profile))</td>\
            <td><span class="state state-\(tone)">\(t("kept.standing." + one.standing.rawValue))</span><div class="muted">\(at.map { format.ago($0) })</div></td></tr>
            """
    }

    /// The first few steps; all of them stand in the API.
    private func limits(_ profile: HeldProfile) -> String {
        guard let schedule = profile.schedules.first else { return Format.none }
        let steps = schedule.periods.prefix(Self.steps).map { period in
            words(of: period, schedule.unit)
        }
        return steps.joined(separator: " → ") + (schedule.periods.count > Self.steps ? " …" : "")
    }

    private func words(of period: HeldProfile.Schedule.Period, _ unit: String) -> String {
        func value(_ thousandths: Int64) -> String { decimalText(Int128(thousandths), scale: 3) + " " + unit }
        let limit = period.limit.map(value)
        guard let more = period.v2x else { return limit ?? Format.none }
        let parts = [
            t.known("v2x.mode." + period.mode) ?? period.mode, more.setpoint.map(value), limit.map { "≤ " + $0 },
            more.dischargeLimit.map { "≥ " + value($0) },
        ]
        return parts.compactMap { $0 }.joined(separator: ", ")
    }

    private func valid(_ profile: HeldProfile) -> HTML {
        if let end = profile.validTo { return format.tag(end) }
        guard profile.recurrency == nil, let schedule = profile.schedules.first, let start = schedule.startsAt,
            let duration = schedule.duration
        else { return HTML(escaping: t(profile.recurrency == nil ? "profiles.noend" : "profiles.repeats")) }
        return format.tag(start + .seconds(max(0, min(duration, 1_000_000_000))))
    }

    @Sendable static func ask(_ call: Call) async throws(Refusal) -> WebResponse {
        let station = try await StationsAPI.station(call).station.id
        _ = try await call.order(.ask(station, .readProfiles, timeout: .seconds(30)))
        return .seeOther("/stations/" + PercentCoding.encode(station.value) + "?note=command#charging-profiles")
    }

    private static let shown = 50
    private static let steps = 4
}
