import Assets
import Charging
import Operations
import Quantities

/// Pieces that several pages share.
enum Parts {
    static func card(_ title: String, id: String, live: String = "", actions: HTML = .empty, _ content: HTML) -> HTML {
        let attribute: HTML = live.isEmpty ? "" : " data-live=\"\(live)\""
        return """
            <section class="card" id="\(id)"\(attribute) aria-labelledby="\(id)-title">
            <div class="card-head"><h2 id="\(id)-title">\(title)</h2><div class="card-actions">\(actions)</div></div>
            \(content)
            </section>
            """
    }

    /// Why there is nothing, and the next step.
    static func empty(_ text: String, _ next: HTML = .empty) -> HTML {
        "<div class=\"empty\"><p>\(text)</p>\(next)</div>"
    }

    static func facts(_ pairs: [(String, HTML)]) -> HTML {
        let rows: [HTML] = pairs.map { "<div><dt>\($0.0)</dt><dd>\($0.1)</dd></div>" }
        return "<dl class=\"facts\">\(rows)</dl>"
    }

    static func errors(_ mistakes: [Mistake], _ title: String, _ t: Words) -> HTML {
        let rows = mistakes.prefix(200).map { mistake($0, t) }
        return
            "<div class=\"banner banner-error\" role=\"alert\"><p>\(title)</p><ul class=\"problems\">\(rows)</ul></div>"
    }

    static func mistake(_ mistake: Mistake, _ t: Words) -> HTML {
        "<li><strong>\(t.place(mistake))</strong> \(t.problem(mistake))</li>"
    }

    static func table(_ headers: [HTML], _ rows: [HTML], caption: String) -> HTML {
        let heads: [HTML] = headers.map { "<th scope=\"col\">\($0)</th>" }
        return """
            <div class="table-scroll"><table class="list"><caption class="visually-hidden">\(caption)</caption>\
            <thead><tr>\(heads)</tr></thead><tbody>\(rows)</tbody></table></div>
            """
    }

    /// Heads by their keys; those of number columns stand at the right.
    static func heads(_ t: Words, _ keys: [String], numbers: Set<String> = []) -> [HTML] {
        keys.map { numbers.contains($0) ? "<span class=\"num\">\(t($0))</span>" : HTML(escaping: t($0)) }
    }

    static func chip(_ label: String, href: String, chosen: Bool, count: Int? = nil) -> HTML {
        let current: HTML = chosen ? " aria-current=\"true\"" : ""
        let number: HTML? = count.map { " <span class=\"count\">\($0)</span>" }
        return "<a class=\"chip\" href=\"\(href)\"\(current)>\(label)\(number)</a>"
    }

    static func online(_ view: StationView, _ format: Format) -> HTML {
        let t = format.words
        return view.online
            ? "<span class=\"state state-ok\">\(t("station.online"))</span>"
            : "<span class=\"state state-off\">\(t("station.offline"))</span> <span class=\"muted\">\(view.lastSeen.map { format.ago($0) } ?? HTML(escaping: t("station.never")))</span>"
    }

    static func status(_ status: ConnectorStatus, _ t: Words) -> HTML {
        let tone =
            switch status {
            case .charging: "active"
            case .faulted: "bad"
            case .unavailable, .unknown: "off"
            case .available: "idle"
            default: "wait"
            }
        return "<span class=\"state state-\(tone)\">\(t("status." + status.word))</span>"
    }

    static func commandState(_ command: CommandView, _ format: Format) -> HTML {
        let t = format.words
        switch command.status {
        case .pending:
            return
                "<span class=\"state state-wait\">\(t("command.pending"))</span> <span class=\"muted\">\(format.ago(command.createdAt))</span>"
        case .answered:
            // The station's own word, when it gave one: Accepted, Rejected, NotSupported …
            let word = command.response.flatMap { try? JSONNode($0) }?["status"]
            if case .string(let text)? = word?.content {
                let good = ["Accepted", "Scheduled", "Unlocked"].contains(text)
                return "<span class=\"state state-\(good ? "ok" : "bad")\">\(t.known("answer." + text) ?? text)</span>"
            }
            return "<span class=\"state state-ok\">\(t("command.answered"))</span>"
        case .error:
            return
                "<span class=\"state state-bad\">\(t("command.error"))</span> <span class=\"muted\">\(reason(command, t))</span>"
        case .timeout: return "<span class=\"state state-bad\">\(t("command.timeout"))</span>"
        case .offline:
            return
                "<span class=\"state state-off\">\(t("command.offline"))</span> <span class=\"muted\">\(reason(command, t))</span>"
        }
    }

    /// Why it was not answered: the platform's own reason in words, the station's as it came.
    private static func reason(_ command: CommandView, _ t: Words) -> String {
        if let failure = command.failure { return t.failure(failure) }
        return [command.errorCode, command.errorDescription].compactMap { $0 }.filter { !$0.isEmpty }
            .joined(separator: ": ")
    }

    static func priority(_ priority: Alarm.Priority, _ t: Words) -> HTML {
        "<span class=\"priority priority-\(priority.word)\"><span aria-hidden=\"true\">\(priority.rawValue)</span>\(t("priority." + priority.word))</span>"
    }

    static func level(_ level: String?, _ t: Words) -> String {
        level.map { t.known("level." + $0) ?? $0 } ?? Format.none
    }

    static func stationLink(_ id: StationID) -> HTML {
        "<a href=\"/stations/\(PercentCoding.encode(id.value))\">\(id.value)</a>"
    }
    static func siteLink(_ id: SiteID?, _ names: [SiteID: String]) -> HTML {
        guard let id else { return HTML(escaping: Format.none) }
        return "<a href=\"/sites/\(PercentCoding.encode(id.value))\">\(names[id] ?? id.value)</a>"
    }
    private static let partAlarms: Set<String> = [
        "station-security-event", "station-monitor", "station-monitor-event", "station-does-not-follow",
        "station-beyond-rating", "station-faulted", "station-swap-left",
    ]
    /// What an alarm is about, as a link where there is a page.
    static func alarmObject(_ alarm: Alarm) -> HTML {
        guard alarm.code.hasPrefix("station") || alarm.code.hasPrefix("setpoint") else {
            return HTML(escaping: alarm.object)
        }
        // STATION/NUMBER of an EVSE, STATION/what a station tells of; the name of a station may have slashes of its own.
        let isOfPart = alarm.code.hasPrefix("setpoint") || partAlarms.contains(alarm.code)
        let end = isOfPart ? alarm.object.lastIndex(of: "/") ?? alarm.object.endIndex : alarm.object.endIndex
        return stationLink(StationID(String(alarm.object[..<end])))
    }
    /// Values named `…_w` are worded in kW (`…_kw`), instants in the site's time.
    static func alarmText(_ alarm: Alarm, _ format: Format) -> String {
        var values = ["object": alarm.object]
        if let event = alarm.values["event"] { values["event"] = format.words.known("security." + event) ?? event }
        for (name, value) in alarm.values where name != "event" {
            if name == "function" || name == "fault", alarm.code == "station-der-alarm" {
                values[name] = format.words.known("der\(name).\(value)") ?? value
                continue
            }
            if name.hasSuffix("_w"), let watts = Int64(value) {
                values[name.dropLast(2) + "_kw"] = format.kilowatts(Power(watts: watts))
            } else {
                values[name] = Instant(value).map { format.moment($0) } ?? value
            }
        }
        return format.words.known("alarm." + alarm.code, values) ?? alarm.code
    }

    static func option(_ value: String, _ label: String, chosen: Bool) -> HTML {
        chosen
            ? "<option value=\"\(value)\" selected>\(label)</option>" : "<option value=\"\(value)\">\(label)</option>"
    }

    /// A labelled input; the label is always visible.
    static func field(
        _ label: String, name: String, value: String = "", type: String = "text", hint: String = "",
        required: Bool = false
    ) -> HTML {
        let hintText: HTML = hint.isEmpty ? "" : "<span class=\"hint\" id=\"hint-\(name)\">\(hint)</span>"
        let described: HTML = hint.isEmpty ? "" : " aria-describedby=\"hint-\(name)\""
        let must: HTML = required ? " required" : ""
        let step: HTML = type == "number" ? " step=\"any\" min=\"0\"" : ""
        return """
            <label class="field"><span>\(label)</span>\
            <input type="\(type)" name="\(name)" value="\(value)"\(step)\(must)\(described)>\(hintText)</label>
            """
    }

    static func csv(_ href: String, _ t: Words) -> HTML {
        "<a class=\"button quiet\" href=\"\(href)\" download>\(t("action.csv"))</a>"
    }
}
