import Charging
import Documents
import Operations
import Quantities

/// Firmware and logs as lines of a table; the same on the page of a station and on those of all.
struct JobParts {
    let call: Call
    let format: Format
    private var t: Words { format.words }

    func state(_ job: StationJob) -> HTML {
        let tone =
            switch job.state {
            case .done: "ok"
            case .failed, .refused: "bad"
            case .overdue, .unanswered: "wait"
            case .asked, .accepted, .running: "active"
            case .notSent, .superseded, .withdrawn: "off"
            }
        let word: HTML? = job.word.map { " <span class=\"mono\">\($0)</span>" }
        return "<span class=\"state state-\(tone)\">\(t("job.state." + job.state.rawValue))</span>\(word)"
    }

    /// - Parameter files: of ours, by id, to be named.
    func table(_ jobs: [StationJob], files: [String: StoredFile], caption: String) -> HTML {
        let rows: [HTML] = jobs.map { job in
            let steps: [HTML] = job.steps.map {
                "<tr><td>\(format.precise($0.at))</td><td class=\"mono\">\($0.word)</td></tr>"
            }
            let what = t("job.kind." + (job.order.log.map { "log." + $0.rawValue } ?? job.order.kind.rawValue))
            let versions: HTML? =
                job.order.kind == .firmware
                ? "<div class=\"muted\">\(job.firmwareBefore ?? Format.none) → \(job.firmwareAfter ?? Format.none)</div>"
                : nil
            return """
                <tr data-row><td>\(format.tag(job.askedAt))<div class="muted">\(job.by)</div></td>\
                <th scope="row">\(Parts.stationLink(job.station))<div class="muted">\(what)</div></th>\
                <td>\(state(job))<div class="muted">\(format.ago(job.at))</div></td>\
                <td>\(file(job, files))\(versions)</td>\
                <td><details><summary>\(t("action.show"))</summary><table class="plain"><tbody>\(steps)</tbody></table>\
                <div class="mono">\(job.order.shownLocation)</div></details></td></tr>
                """
        }
        return Parts.table(
            Parts.heads(t, ["job.asked", "job.station", "job.state", "job.file", "job.steps"]), rows, caption: caption)
    }

    private func file(_ job: StationJob, _ files: [String: StoredFile]) -> HTML {
        guard let id = job.file, let file = files[id] else {
            return HTML(escaping: job.fileName ?? (job.order.kind == .log ? Format.none : ""))
        }
        if file.kind == .firmware || !call.can(.operator) { return HTML(escaping: file.name) }
        return
            "<a href=\"/api/v1/files/\(file.id)/content\" download>\(file.name)</a> <span class=\"muted\">\(Self.size(file.bytes))</span>"
    }

    /// The files that jobs name, by id.
    static func files(of jobs: [StationJob], _ call: Call) async -> [String: StoredFile] {
        var files: [String: StoredFile] = [:]
        for id in Set(jobs.compactMap(\.file)) { files[id] = await call.service.files.file(id) }
        return files
    }

    /// `12.3 MB`.
    static func size(_ bytes: Int64) -> String {
        bytes < 1_000_000
            ? "\(Format.fixed(bytes, scale: 3, decimals: 1)) kB" : "\(Format.fixed(bytes, scale: 6, decimals: 1)) MB"
    }
}

/// What a station was asked for and brought, on its page.
struct JobCard {
    let view: StationView
    let call: Call
    let format: Format
    private var t: Words { format.words }

    func html() async -> HTML {
        let jobs = await call.service.jobs(of: view.station.id, kind: nil, limit: Self.shown, before: nil)
        let files = await JobParts.files(of: jobs, call)
        let list: HTML =
            jobs.isEmpty
            ? Parts.empty(t("jobs.none"))
            : JobParts(call: call, format: format).table(jobs, files: files, caption: t("jobs.title"))
        let api = "/api/v1/stations/" + PercentCoding.encode(view.station.id.value)
        return Parts.card(
            t("jobs.title"), id: "jobs", live: "station", actions: Parts.csv(api + "/jobs?format=csv&bom=1", t),
            "\(list)\(await forms())")
    }

    private func forms() async -> HTML {
        guard call.can(.operator) else { return .empty }
        let path = "/stations/" + PercentCoding.encode(view.station.id.value)
        let off: HTML = view.online ? "" : " disabled"
        let types: [HTML] = JobOrder.Log.allCases.map {
            Parts.option($0.rawValue, t("job.kind.log." + $0.rawValue), chosen: false)
        }
        let log: HTML = """
            <form method="post" action="\(path)/log" class="inline">\(Layout.csrf(call))<label><span>\(t("jobs.log"))</span>\
            <select name="type">\(types)</select></label><button class="button"\(off)>\(t("jobs.log.ask"))</button></form>
            """
        guard call.can(.manager) else { return "<div class=\"controls\">\(log)</div>" }
        let images = await call.service.files.files(kind: .firmware, station: nil, limit: 100, before: nil)
        guard !images.isEmpty else {
            return
                "<div class=\"controls\">\(log)<a class=\"button quiet\" href=\"/firmware\">\(t("firmware.title"))</a></div>"
        }
        let options: [HTML] = images.map { Parts.option($0.id, $0.name, chosen: false) }
        return """
            <div class="controls">\(log)
            <form method="post" action="\(path)/firmware" class="inline">\(Layout.csrf(call))<label><span>\(t("jobs.firmware"))</span>\
            <select name="file">\(options)</select></label><button class="button"\(off)>\(t("jobs.firmware.send"))</button></form></div>
            """
    }

    private static let shown = 10

    // MARK: - Orders

    @Sendable static func log(_ call: Call) async throws(Refusal) -> WebResponse {
        let type = call.form.filled("type").flatMap { JobOrder.Log(rawValue: $0) } ?? .diagnostics
        return try await order(.log, ["type": .string(type.rawValue)], call)
    }

    @Sendable static func firmware(_ call: Call) async throws(Refusal) -> WebResponse {
        let id = call.form.filled("file") ?? ""
        guard await call.service.files.file(id) != nil else { throw .notFound("file", id) }
        return try await order(.firmware, ["file": .string(id)], call)
    }

    private static func order(
        _ kind: StationJob.Kind, _ wish: JSONValue, _ call: Call
    ) async throws(Refusal) -> WebResponse {
        let view = try await StationsAPI.station(call)
        return try await StationPage.ordered(call, view, form: "jobs", note: "command", at: "#jobs") {
            () async throws(Refusal) in
            let asked = try await JobFields.read(wish, kind, call)
            _ = try await call.order(
                .askJob(view.station.id, asked.order, file: asked.file, timeout: .seconds(30)))
        }
    }
}
