import Operations
import Quantities

/// The frame around every page: navigation, language, theme, who is signed in, banners.
struct Layout {
    enum Section: String, CaseIterable {
        case overview, stations, sessions, payments, sites, alarms, campaigns, firmware, logs, reports, audit
        var path: String { self == .overview ? "/" : "/" + rawValue }
        var key: String {
            switch self {
            case .overview: "nav.overview"
            case .stations: "nav.stations"
            case .sessions: "nav.sessions"
            case .payments: "nav.payments"
            case .sites: "nav.sites"
            case .alarms: "nav.alarms"
            case .campaigns: "nav.campaigns"
            case .firmware: "nav.firmware"
            case .logs: "nav.logs"
            case .reports: "nav.reports"
            case .audit: "nav.audit"
            }
        }
    }

    let call: Call
    let section: Section?
    let title: String
    /// What the page is about: a site, a station.
    var scope: String?
    var actions: HTML = .empty
    let format: Format
    /// Where the page is when it answers a form: what is live in it is fetched again from there.
    var address: String?
    /// A lighter address for what is live in it.
    var liveAddress: String?

    func response(_ content: HTML, status: Int = 200) async -> WebResponse {
        .page(await page(content), status: status)
    }

    /// Where the page's live parts come from, unless it is the page's own address.
    private var fetched: String? { liveAddress ?? (call.request.method == .get ? nil : address) }

    private func page(_ content: HTML) async -> HTML {
        let t = call.words
        let active = await call.service.alarms(active: true, limit: 100, before: nil).filter {
            $0.acknowledgedBy == nil
        }.count
        let links: [HTML] = Section.allCases.compactMap { entry in
            if entry == .audit, call.actor.role < .manager { return nil }
            if entry == .payments, call.actor.role < .operator { return nil }
            let current: HTML = entry == section ? " aria-current=\"page\"" : ""
            let badge: HTML =
                entry == .alarms && active > 0
                ? "<span class=\"badge\" title=\"\(t("nav.alarms.open", ["n": String(active)]))\">\(active)</span>" : ""
            return "<a href=\"\(entry.path)\"\(current) data-key=\"\(entry.rawValue)\">\(t(entry.key))\(badge)</a>"
        }
        let scopeText: HTML = scope.map { "<span class=\"scope\">\($0)</span>" } ?? ""
        let body: HTML = """
            <a class="skip" href="#main">\(t("layout.skip"))</a>
            <div class="frame">
            <aside class="side" id="side-nav">
            <a class="brand" href="/"><span class="brand-mark" aria-hidden="true"></span>\(t("app.name"))</a>
            <nav aria-label="\(t("layout.navigation"))" data-live="alarm" id="nav">\(links)</nav>
            \(userBlock())
            </aside>
            <div class="body">
            <div id="offline" class="banner banner-warn" role="alert" hidden>\(t("layout.offline"))</div>
            <div id="late" class="banner banner-warn" role="status" hidden>\(t("layout.late"))</div>
            \(note())
            <header class="page-head"><div><h1>\(title)</h1>\(scopeText)</div><div class="page-actions">\(actions)</div></header>
            <main id="main" tabindex="-1"\(fetched.map { " data-address=\"\($0)\"" as HTML })>\(content)</main>
            <footer class="foot">
            <span>\(t("layout.asof")) <time datetime="\(format.now.description)">\(format.day(format.now)) \(format.seconds(format.now))</time> · \(format.zone.identifier)</span>
            <span><a href="/openapi.json">API</a> · <button type="button" class="link" data-open="keys">\(t("layout.keys"))</button></span>
            </footer>
            </div>
            </div>
            \(keys())
            """
        return Layout.document(title: title, call.request, t, call.console.assets, body: body)
    }

    /// The document without navigation: also for signing in and for what is not allowed.
    static func document(title: String, _ request: WebRequest, _ t: Words, _ assets: Assets, body: HTML) -> HTML {
        let chosen = request.cookies["tidewatt_theme"] ?? "auto"
        let theme = ["light", "dark"].contains(chosen) ? chosen : "auto"
        return """
            <!doctype html>
            <html lang="\(t.language.rawValue)" data-theme="\(theme)">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>\(title) · \(t("app.name"))</title>
            <link rel="icon" href="/assets/icon.svg?v=\(assets.version)" type="image/svg+xml">
            <link rel="stylesheet" href="/assets/style.css?v=\(assets.version)">
            <script src="/assets/console.js?v=\(assets.version)" defer></script>
            </head>
            <body>
            \(body)
            </body>
            </html>

            """
    }

    private func note() -> HTML? {
        guard let key = call.request.query["note"], let text = call.words.known("note." + key) else { return nil }
        return "<div class=\"banner banner-ok\" role=\"status\">\(text)</div>"
    }

    private func userBlock() -> HTML {
        let t = call.words
        let signOut: HTML? =
            call.session == nil
            ? nil
            : """
            <form method="post" action="/sign-out">\(Layout.csrf(call))<button class="link">\(t("layout.signout"))</button></form>
            """
        return """
            <div class="side-foot">
            <div class="who" title="\(t("layout.role"))">\(call.actor.name) · \(t("role." + call.actor.role.name))</div>
            \(signOut)
            <div class="switches">\(Layout.languageSwitch(call.request, t, address: address))
            <button type="button" class="link" id="theme" data-auto="\(t("theme.auto"))" data-light="\(t("theme.light"))" data-dark="\(t("theme.dark"))">\(t("theme.auto"))</button></div>
            </div>
            """
    }

    static func languageSwitch(_ request: WebRequest, _ t: Words, address: String? = nil) -> HTML {
        let other: Language = t.language == .chinese ? .english : .chinese
        let path = request.target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)[0]
        let target =
            request.method == .get
            ? path + request.query.query(replacing: "lang", with: other.rawValue)
            : (address ?? "/") + "?lang=" + other.rawValue
        let label = other == .chinese ? "中文" : "English"
        return
            "<a class=\"language\" href=\"\(String(target))\" lang=\"\(other.rawValue)\" hreflang=\"\(other.rawValue)\">\(label)</a>"
    }

    /// Must stand in every form that changes something.
    static func csrf(_ call: Call) -> HTML { "<input type=\"hidden\" name=\"csrf\" value=\"\(call.csrfToken)\">" }

    private func keys() -> HTML {
        let t = call.words
        let rows: [HTML] = [
            ("/", "keys.search"), ("g o", "keys.overview"), ("g s", "keys.stations"), ("g c", "keys.sessions"),
            ("g i", "keys.sites"),
            ("g a", "keys.alarms"), ("g r", "keys.reports"), ("j k", "keys.rows"), ("Enter", "keys.open"),
            ("a", "keys.acknowledge"), ("t", "keys.table"),
            ("[ ]", "keys.earlier"), ("?", "keys.help"), ("Esc", "keys.close"),
        ].map { "<tr><th scope=\"row\"><kbd>\($0.0)</kbd></th><td>\(t($0.1))</td></tr>" }
        return """
            <dialog id="keys" aria-labelledby="keys-title"><h2 id="keys-title">\(t("layout.keys"))</h2>
            <table class="plain"><tbody>\(rows)</tbody></table>
            <form method="dialog"><button class="button">\(t("action.close"))</button></form></dialog>
            """
    }
}

extension Call {
    /// Zone of a site, else of the first site, else China's.
    func format(for site: Zone? = nil) async -> Format {
        let zone: Zone
        if let site {
            zone = site
        } else {
            zone = await service.sites().first?.zone ?? .shanghai
        }
        return Format(words: words, zone: zone, now: service.now)
    }

    var form: FormFields { FormFields(request.body) ?? FormFields() }

    func can(_ role: Operations.Actor.Role) -> Bool { actor.role >= role }
}
