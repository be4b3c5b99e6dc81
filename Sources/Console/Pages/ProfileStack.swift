import Assets
import Charging
import GridDispatch
import Operations
import Quantities

/// Which limits an EVSE holds, the highest precedence first: what each allows over the next day, who set it, whether the
/// station said yes, when it ends. What people sent by command stands beside what the platform keeps up.
struct ProfileStack {
    private struct Row {
        let purpose: String
        let level: Int
        let courses: [Power?]
        let by: HTML
        let state: HTML
        let end: HTML
        let isInForce: Bool
    }

    let evse: StationView.EVSE
    let limits: EVSELimits?
    /// What holds its session (2.1).
    let operation: OperationState?
    let manual: [ManualProfile]
    /// A person had profiles cleared after this was confirmed.
    let clearedAt: Instant?
    let rating: Power
    /// Nominal volts and the phases it is wired with.
    let supply: (voltage: Int, phases: Int)
    let format: Format

    private static let (step, count) = (Duration.minutes(15), 96)
    private var moments: [Instant] { (0..<Self.count).map { format.now + Self.step * $0 } }

    func html() -> HTML {
        let t = format.words
        let rows = rows()
        let title: HTML = "<h3>\(t("station.evse", ["n": String(evse.number)])) · \(inForce(rows))</h3>"
        guard !rows.isEmpty else { return "\(title)\(Parts.empty(t("profiles.none")))" }
        let compared = limits?.comparison.map(comparison)
        let shown = rows.map(html)
        let heads = Parts.heads(
            t,
            [
                "profiles.purpose", "profiles.level", "profiles.limit", "profiles.course", "profiles.by",
                "profiles.state", "profiles.end",
            ], numbers: ["profiles.level", "profiles.limit"])
        let ignores: HTML? =
            limits?.held.ignoresProfiles == true ? "<p class=\"problem\">\(t("profiles.ignored"))</p>" : nil
        return "\(title)\(ignores)\(Parts.table(heads, shown, caption: t("profiles.title")))\(compared)\(clearing())"
    }

    /// The station's own reckoning: whether it is ours, else where it is not.
    private func comparison(_ comparison: ScheduleComparison) -> HTML {
        let t = format.words
        let head = t(
            "profiles.compared." + comparison.verdict.rawValue,
            ["at": format.moment(comparison.at), "until": format.moment(comparison.span.end)])
        guard !comparison.differences.isEmpty else { return "<p class=\"muted\">\(head)</p>" }
        let spans: [HTML] = comparison.differences.map { difference in
            let words = [
                "from": format.moment(difference.span.start), "to": format.moment(difference.span.end),
                "ours": difference.ourMode.map { t.known("v2x.mode." + $0) ?? $0 } ?? format.kilowatts(difference.ours),
                "station": difference.theirMode.map { t.known("v2x.mode." + $0) ?? $0 }
                    ?? format.kilowatts(difference.theirs),
                "at": difference.hertz ?? difference.signal.map { String($0) } ?? "",
            ]
            var text = difference.field == .limit ? "span" : difference.field.rawValue
            if let isOn = difference.isOnAtStation { text += isOn ? ".on" : ".off" }
            return "<li>\(t("profiles.compared." + text, words))</li>"
        }
        return "<p class=\"problem\">\(head)</p><ul>\(spans)</ul>"
    }

    /// A person ordered a mode, which stands above the platform's setpoints.
    private var isOrdered: Bool { operation?.isManual ?? false }

    /// People's clearing may have hit the platform's own profiles: it learns of that only when it sends them again.
    private func clearing() -> HTML? {
        guard let clearedAt, let held = limits?.held else { return nil }
        let newest = (held.setpoints.compactMap(\.confirmedAt) + held.fallbacks.compactMap(\.confirmedAt)).max()
        guard newest.map({ $0 < clearedAt }) ?? true else { return nil }
        return "<p class=\"problem\">\(format.words("profiles.cleared", ["at": format.moment(clearedAt)]))</p>"
    }

    private func inForce(_ rows: [Row]) -> String {
        let t = format.words
        if let operation, isOrdered {
            return t("profiles.ordered", ["mode": t.known("v2x.mode." + operation.mode) ?? operation.mode])
        }
        guard let row = rows.first(where: \.isInForce), let limit = row.courses[0] else { return t("profiles.rating") }
        let values = ["kw": format.kilowatts(limit), "purpose": t.known("purpose." + row.purpose) ?? row.purpose]
        return t("profiles.inforce", values)
    }

    private func html(_ row: Row) -> HTML {
        let t = format.words
        let known = row.courses.compactMap { $0 }
        let least = known.min().map { format.kilowatts($0) } ?? Format.none
        let most = known.max().map { format.kilowatts($0) } ?? Format.none
        let summary = t("profiles.course.summary", ["least": least, "most": most])
        let mark: HTML = row.isInForce ? " class=\"in-force\"" : ""
        let word = t.known("purpose." + row.purpose)
        let code: HTML? = word.map { _ in "<div class=\"muted mono\">\(row.purpose)</div>" }
        return """
            <tr\(mark)><th scope="row">\(word ?? row.purpose)\(code)</th><td class="number">\(row.level)</td>\
            <td class="number">\(row.courses[0].map { format.kilowatts($0) + " kW" } ?? Format.none)</td>\
            <td>\(CoursePicture(values: row.courses, top: rating, summary: summary).svg)<div class="muted">\(format.range(known))</div></td>\
            <td>\(row.by)</td><td>\(row.state)</td><td>\(row.end)</td></tr>
            """
    }

    // MARK: - Rows

    private func rows() -> [Row] {
        let all = manual.map(row) + outside() + setpoints() + fallbacks()
        // A transaction profile holds above a default one, a higher level above a lower one (OCPP 1.6 §3.13.3); what others
        // set bounds them all.
        let rank = ["ChargePointMaxProfile": 0, HeldProfile.fromOutside: 0, "TxProfile": 1, "TxDefaultProfile": 2]
        let sorted = all.enumerated().sorted { a, b in
            (rank[a.element.purpose] ?? 3, -a.element.level, a.offset)
                < (rank[b.element.purpose] ?? 3, -b.element.level, b.offset)
        }.map(\.element)
        return sorted
    }

    /// In force where it allows less than what the platform set.
    private func outside() -> [Row] {
        let ours = (setpoints() + fallbacks()).first(where: \.isInForce)?.courses[0] ?? rating
        return (limits?.outside ?? []).map { limit in
            let courses = moments.map { limit.limit(at: $0, voltage: supply.voltage, phases: supply.phases) }
            return Row(
                purpose: HeldProfile.fromOutside, level: limit.profile.level, courses: courses,
                by: HTML(escaping: format.words.known("source." + limit.source) ?? limit.source),
                state:
                    "<span class=\"state state-ok\">\(format.words("outside.told"))</span><div class=\"muted\">\(format.precise(limit.at))</div>",
                end: HTML(escaping: format.words("profiles.noend")),
                isInForce: courses[0].map { $0 < ours } ?? false)
        }
    }

    private func setpoints() -> [Row] {
        guard let limits else { return [] }
        let confirmed = limits.held.setpoints.first { $0.state == .confirmed }
        return limits.held.setpoints.map { setpoint in
            Row(
                purpose: "TxProfile", level: limits.transactionLevel,
                courses: moments.map { $0 < setpoint.until ? setpoint.limit : nil },
                by: HTML(escaping: format.words("profiles.platform")),
                state: state(setpoint.state, setpoint.confirmedAt, sent: setpoint.sentAt),
                end: format.tag(setpoint.until), isInForce: setpoint == confirmed && evse.session != nil && !isOrdered)
        }
    }

    private func fallbacks() -> [Row] {
        guard let held = limits?.held else { return [] }
        let hasTransaction = evse.session != nil && held.setpoints.contains { $0.state == .confirmed }
        return held.fallbacks.map { fallback in
            let isKnown = fallback.state == .confirmed || fallback.state == .restored
            return Row(
                purpose: "TxDefaultProfile", level: 0, courses: moments.map { fallback.profile[at: $0] },
                by: HTML(escaping: format.words("profiles.platform")),
                state: state(fallback.state, fallback.confirmedAt, sent: nil),
                end: HTML(escaping: format.words("profiles.daily")), isInForce: isKnown && !hasTransaction)
        }
    }

    private func row(_ profile: ManualProfile) -> Row {
        let t = format.words
        let end: HTML =
            profile.schedule.end.map { format.tag($0) }
            ?? HTML(escaping: t(profile.schedule.every == nil ? "profiles.noend" : "profiles.repeats"))
        let by: HTML = "\(profile.by) <div class=\"muted\">\(t("profiles.bycommand", ["id": profile.id]))</div>"
        return Row(
            purpose: profile.purpose, level: profile.level, courses: moments.map { profile.schedule.limit(at: $0) },
            by: by, state: state(.confirmed, profile.takenAt, sent: nil), end: end, isInForce: false)
    }

    private func state(_ state: HeldLimits.State, _ confirmedAt: Instant?, sent: Instant?) -> HTML {
        let t = format.words
        let tone =
            switch state {
            case .confirmed: "ok"
            case .pending: "wait"
            case .doubtful: "bad"
            case .restored: "off"
            }
        let at = confirmedAt ?? sent
        return
            "<span class=\"state state-\(tone)\">\(t("held." + state.rawValue))</span><div class=\"muted\">\(at.map { format.precise($0) })</div>"
    }
}
