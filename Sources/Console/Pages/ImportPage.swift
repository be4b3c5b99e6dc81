/// Piles in bulk: paste or choose a CSV file; all or nothing, with what is wrong by line.
enum ImportPage {
    @Sendable static func show(_ call: Call) async throws(Refusal) -> WebResponse { await page(call, text: "", .empty) }

    @Sendable static func submit(_ call: Call) async throws(Refusal) -> WebResponse {
        let t = call.words
        let text = call.form["csv"] ?? ""
        switch await StationImport.run(Array(text.utf8), call) {
        case .success: return .seeOther("/stations?note=imported")
        case .failure(let failure):
            let title = t("import.failed", ["n": String(failure.problems.count)])
            return await page(call, text: text, Parts.errors(failure.problems, title, t), status: 400)
        }
    }

    private static func page(_ call: Call, text: String, _ banner: HTML, status: Int = 200) async -> WebResponse {
        let t = call.words
        let columns = StationImport.columns.joined(separator: ",")
        let content: HTML = """
            \(banner)
            <section class="card">
            <p>\(t("import.intro"))</p>
            <form method="post" action="/stations:import">\(Layout.csrf(call))
            <label class="field"><span>\(t("import.file"))</span><input type="file" accept=".csv,text/csv" data-fill="csv"></label>
            <label class="field"><span>\(t("import.text"))</span>
            <textarea name="csv" id="csv" rows="14" spellcheck="false" class="mono" placeholder="\(columns)">\(text)</textarea></label>
            <p class="hint">\(t("import.columns")) <code>\(columns)</code></p>
            <div class="controls"><button class="button primary">\(t("import.submit"))</button>\
            <a class="button quiet" href="/stations">\(t("action.cancel"))</a></div>
            </form></section>
            """
        return await Layout(call: call, section: .stations, title: t("import.title"), format: await call.format())
            .response(content, status: status)
    }
}
