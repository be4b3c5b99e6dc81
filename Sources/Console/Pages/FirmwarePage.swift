import Charging
import Operations
import Quantities

/// Which image is there, and where is it on its way?
enum FirmwarePage {
    private static let shown = 100

    @Sendable static func show(_ call: Call) async throws(Refusal) -> WebResponse {
        let t = call.words
        let format = await call.format()
        let images = await call.service.files.files(kind: .firmware, station: nil, limit: shown, before: nil)
        let jobs = await call.service.jobs(of: nil, kind: .firmware, limit: shown, before: nil)
        let list: HTML =
            jobs.isEmpty
            ? Parts.empty(t("firmware.nojobs"))
            : JobParts(call: call, format: format).table(
                jobs, files: await JobParts.files(of: jobs, call), caption: t("firmware.jobs"))
        let content: HTML = """
            \(Parts.card(t("firmware.images"), id: "images", live: "station", self.list(images, call, format)))
            \(call.can(.manager) ? upload(call) : "<p class=\"muted\">\(t("denied.manager"))</p>")
            \(Parts.card(t("firmware.jobs"), id: "jobs", live: "station", actions: Parts.csv("/api/v1/jobs?kind=firmware&format=csv&bom=1&limit=1000", t), list))
            """
        return await Layout(call: call, section: .firmware, title: t("firmware.title"), format: format)
            .response(content)
    }

    private static func list(_ images: [StoredFile], _ call: Call, _ format: Format) -> HTML {
        let t = format.words
        guard !images.isEmpty else { return Parts.empty(t("firmware.none")) }
        let rows: [HTML] = images.map { file in
            let remove: HTML? =
                call.can(.manager)
                ? Parts.confirm(
                    t("firmware.delete"), effect: t("firmware.delete.effect"),
                    button: t("firmware.delete.do", ["name": file.name]), to: "/firmware/\(file.id)/delete", call: call)
                : nil
            return """
                <tr data-row><th scope="row" class="wrap">\(file.name)<div class="muted mono">\(file.sha256)</div></th>\
                <td class="number">\(JobParts.size(file.bytes))</td>\
                <td>\(t(file.signature == nil ? "firmware.unsigned" : "firmware.signed"))</td>\
                <td>\(format.tag(file.at))<div class="muted">\(file.by)</div></td><td>\(remove)</td></tr>
                """
        }
        return Parts.table(
            Parts.heads(
                t, ["firmware.name", "firmware.size", "firmware.signature", "firmware.at", "firmware.action"],
                numbers: ["firmware.size"]), rows, caption: t("firmware.images"))
    }

    /// The image goes by the script, as it lies on the disk: no page holds so much.
    private static func upload(_ call: Call) -> HTML {
        let t = call.words
        return """
            <section class="card" id="upload" aria-labelledby="upload-title"><div class="card-head"><h2 id="upload-title">\(t("firmware.upload"))</h2></div>
            <form method="post" action="/api/v1/files" data-upload="\(call.csrfToken)">
            <label class="field"><span>\(t("firmware.file"))</span><input type="file" name="file" required></label>
            <p class="hint">\(t("firmware.upload.text"))</p>
            <p class="problem" data-problem hidden></p>
            <button class="button primary">\(t("firmware.upload"))</button></form></section>
            """
    }

    @Sendable static func delete(_ call: Call) async throws(Refusal) -> WebResponse {
        let file = try await FilesAPI.file(call.parameter("id"), call)
        do throws(ServiceFault) { try await call.service.files.delete(file.id, by: call.actor) } catch {
            throw Refusal(error)
        }
        return .seeOther("/firmware?note=deleted")
    }
}

/// What did stations write down?
enum LogsPage {
    private static let shown = 100

    @Sendable static func show(_ call: Call) async throws(Refusal) -> WebResponse {
        let t = call.words
        let format = await call.format()
        let before = call.request.query.filled("before")
        let found = await call.service.jobs(of: nil, kind: .log, limit: shown + 1, before: before)
        let jobs = Array(found.prefix(shown))
        let list: HTML =
            jobs.isEmpty
            ? Parts.empty(t("logs.none"), "<a class=\"button\" href=\"/stations\">\(t("nav.stations"))</a>")
            : JobParts(call: call, format: format).table(
                jobs, files: await JobParts.files(of: jobs, call), caption: t("logs.title"))
        let older: HTML? =
            found.count > shown
            ? "<p><a class=\"button\" href=\"\(call.request.query.query(replacing: "before", with: jobs.last?.id))\">\(t("action.older"))</a></p>"
            : nil
        let content: HTML = "<section id=\"list\" data-live=\"station\">\(list)\(older)</section>"
        return await Layout(
            call: call, section: .logs, title: t("logs.title"),
            actions: Parts.csv("/api/v1/jobs?kind=log&format=csv&bom=1&limit=1000", t), format: format
        ).response(content)
    }
}
