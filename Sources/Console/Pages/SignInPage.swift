/// Signing in and out.
enum SignInPage {
    @Sendable static func show(_ call: Call) async throws(Refusal) -> WebResponse { page(call, problem: nil) }

    @Sendable static func signIn(_ call: Call) async throws(Refusal) -> WebResponse {
        let form = call.form
        let target = destination(form["to"])
        guard let user = form.filled("user"), let password = form["password"], user.utf8.count <= 200,
            password.utf8.count <= 1000
        else { return page(call, problem: "signin.missing", status: 400) }
        do {
            guard
                let session = try await call.console.signIn(
                    user: user, password: password, from: call.request.remoteAddress)
            else { return page(call, problem: "signin.wrong", status: 401) }
            var response = WebResponse.seeOther(target)
            response.headers.append(SessionCookie.set(session.id, secure: call.console.configuration.secureCookies))
            return response
        } catch {
            var response = page(call, problem: "signin.throttled", status: error.status)
            response.headers += error.headers
            return response
        }
    }

    @Sendable static func signOut(_ call: Call) async throws(Refusal) -> WebResponse {
        if let session = call.session { await call.service.signOut(session.id) }
        var response = WebResponse.seeOther("/sign-in")
        response.headers.append(SessionCookie.clear(secure: call.console.configuration.secureCookies))
        return response
    }

    /// Only addresses of our own: a path, never another host.
    private static func destination(_ text: String?) -> String {
        guard let text, text.hasPrefix("/"), !text.hasPrefix("//"), !text.contains("\\"), !text.contains("\n"),
            !text.contains("\r")
        else { return "/" }
        return text
    }

    private static func page(_ call: Call, problem: String?, status: Int = 200) -> WebResponse {
        let t = call.words
        let target = destination(call.request.query["to"] ?? call.form["to"])
        let banner: HTML? = problem.map { "<div class=\"banner banner-error\" role=\"alert\">\(t($0))</div>" }
        let body: HTML = """
            <main class="lone sign-in" id="main">
            <div class="brand"><span class="brand-mark" aria-hidden="true"></span>\(t("app.name"))</div>
            <h1>\(t("signin.title"))</h1>
            \(banner)
            <form method="post" action="/sign-in">
            <input type="hidden" name="to" value="\(target)">
            <label class="field"><span>\(t("signin.user"))</span><input name="user" autocomplete="username" required autofocus></label>
            <label class="field"><span>\(t("signin.password"))</span><input type="password" name="password" autocomplete="current-password" required></label>
            <button class="button primary">\(t("signin.submit"))</button>
            </form>
            <p class="muted">\(t("signin.help")) <code>tidewatt admin user add</code></p>
            <p>\(Layout.languageSwitch(call.request, t))</p>
            </main>
            """
        return .page(
            Layout.document(title: t("signin.title"), call.request, t, call.console.assets, body: body), status: status)
    }
}
