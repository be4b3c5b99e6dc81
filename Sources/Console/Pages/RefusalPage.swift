import Operations

/// What a person sees instead of a page that is not served: what failed, why, what to do, a code to quote.
enum RefusalPage {
    static func response(_ refusal: Refusal, _ request: WebRequest, _ t: Words, actor: Operations.Actor?) -> WebResponse
    {
        let title = t.known("refusal.\(refusal.status)") ?? t("refusal.other")
        let explanation = t.known("refusal.\(refusal.status).text") ?? t("refusal.other.text")
        let fields = refusal.fields.prefix(100).map { Parts.mistake($0, t) }
        // Where each field is worded there is no need of the sentence that joins them.
        let detail: HTML =
            if let text = t.fault(refusal) { "<p class=\"detail\">\(text)</p>" } else if fields.isEmpty {
                "<p class=\"detail\" lang=\"en\">\(refusal.detail)</p>"
            } else { .empty }
        let list: HTML = fields.isEmpty ? "" : "<ul class=\"problems\">\(fields)</ul>"
        let body: HTML = """
            <main class="lone" id="main">
            <h1>\(title)</h1><p>\(explanation)</p>
            \(detail)\(list)
            <p class="muted">\(t("refusal.code")) <code>\(refusal.code)</code></p>
            <p><a class="button" href="/">\(t("refusal.home"))</a> \(Layout.languageSwitch(request, t))</p>
            </main>
            """
        var response = WebResponse.page(
            Layout.document(title: title, request, t, Assets.shared, body: body), status: refusal.status)
        response.headers += refusal.headers
        return response
    }
}
