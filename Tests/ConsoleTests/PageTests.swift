import Assets
import ConsoleSupport
import Foundation
import Operations
import Quantities
import Testing

@testable import Console

@Suite("Pages") struct PageTests {
    @Test(arguments: [
        ("station-offline", "A/7", "A%2F7"), ("station-offline", "A", "A"), ("station-faulted", "A/7/1", "A%2F7"),
        ("station-faulted", "A/0", "A"), ("setpoint-rejected", "A/7/2", "A%2F7"),
        ("station-monitor", "A/7/monitor 3", "A%2F7"),
    ])
    func `an alarm leads to its pile, whatever the pile is called`(code: String, object: String, pile: String) {
        let alarm = Alarm(
            id: 1, priority: .low, code: code, site: nil, object: object, values: [:], since: Instant(seconds: 0))
        #expect(Parts.alarmObject(alarm).text.contains("href=\"/stations/\(pile)\""))
    }

    static let paths = [
        "/", "/?day=2026-03-09", "/?site=riverside", "/stations", "/stations?state=offline", "/stations?q=nothing",
        "/stations:import",
        "/stations/JY-005", "/stations/JY-017", "/stations/A%2FB%2007", "/sessions", "/sessions?status=ended",
        "/sessions/S-002077",
        "/sessions/S-001001", "/sites", "/sites/jingyuan", "/sites/riverside", "/sites/jingyuan/stop",
        "/sites/jingyuan/offline", "/alarms",
        "/alarms?show=all", "/reports", "/audit",
        "/sign-in", "/stations/none", "/firmware", "/logs", "/campaigns", "/campaigns:new", "/campaigns/C1",
        "/stations/JY-003/device-model", "/stations/JY-010", "/stations/JY-010/device-model", "/stations/JY-011",
        "/stations/JY-010/customer-information", "/device-templates", "/device-templates/wuhan-ac-2026",
        "/device-templates:new", "/device-templates:new?station=JY-010", "/campaigns/C902",
    ]

    @Test(arguments: paths, Language.allCases)
    func `each page is whole, in its language, with every label filled in`(_ path: String, _ language: Language) async {
        let browser = Browser(open: true).with(["accept-language": language.rawValue])
        _ = await browser.send(.put, "/api/v1/sites/jingyuan/mode", #"{"state": "manual", "reason": "test"}"#)
        let page = await browser.get(path)
        #expect(page.status == (path == "/stations/none" ? 404 : 200))
        #expect(page.text.contains("<html lang=\"\(language.rawValue)\""))
        #expect(page.text.hasSuffix("</html>\n"))
        // A key that has no text shows as itself, a value that was not given as its placeholder.
        let keys = Set(Assets.shared.texts[.english]!.keys.filter { $0.contains(".") })
        for piece in page.text.split(whereSeparator: { "<>\"".contains($0) }) {
            #expect(!keys.contains(String(piece)), "\(path) shows \(piece)")
        }
        // Of an address that stations fill in, they are what is to be read.
        let said = page.text.replacing(/https:\/\/[^<"]*/, with: "")
        #expect(said.matches(of: />[^<]*\{[a-z]+\}[^<]*</).isEmpty, "a placeholder is left on \(path)")
        #expect(!page.text.contains("style=\"") && !page.text.contains("onclick="), "inline code or style on \(path)")
    }

    @Test(arguments: [
        "/", "/stations", "/sessions", "/sites", "/alarms", "/reports", "/audit", "/firmware", "/logs", "/campaigns",
        "/device-templates",
    ])
    func `an empty platform says why it is empty and what comes next`(_ path: String) async {
        let page = await Browser(empty: true, open: true).get(path)
        #expect(page.status == 200)
        #expect(page.text.contains("class=\"empty\""), "\(path)")
    }

    @Test func `what strangers name cannot become markup`() async throws {
        let browser = Browser(open: true)
        let evil = "<script>alert(1)</script>"
        _ = await browser.send(
            .put, "/api/v1/stations/" + PercentCoding.encode("\"><b>x"), #"{"owner": "\#(evil)", "site": "jingyuan"}"#)
        _ = await browser.send(.put, "/api/v1/sites/evil", #"{"name": "\#(evil)"}"#)
        for path in [
            "/stations", "/stations/" + PercentCoding.encode("\"><b>x"), "/sites", "/sites/evil", "/?site=evil",
            "/stations?q=" + PercentCoding.encode(evil), "/audit", "/nowhere?" + PercentCoding.encode(evil),
        ] {
            let page = await browser.get(path)
            #expect(!page.text.contains("<script>alert") && !page.text.contains("\"><b>x"), "\(path)")
        }
    }

    @Test func `interpolated text is escaped, markup is not`() {
        let name = "<&\"'>"
        let inner: HTML = "<b>\(name)</b>"
        let outer: HTML = "<p title=\"\(name)\">\(inner)\(3)\([inner, inner])</p>"
        let escaped = "&lt;&amp;&quot;&#39;&gt;"
        #expect(outer.text == "<p title=\"\(escaped)\"><b>\(escaped)</b>3<b>\(escaped)</b><b>\(escaped)</b></p>")
    }

    @Test func `the language comes from the address, the cookie, the browser, in this order`() async {
        func language(_ headers: [String: String], _ target: String = "/sign-in") async -> String {
            let page = await Browser().with(headers).get(target)
            return page.text.contains("lang=\"zh-CN\" data") ? "zh-CN" : "en"
        }
        #expect(await language(["accept-language": "de, zh-TW;q=0.8, en;q=0.5"]) == "zh-CN")
        #expect(await language(["accept-language": "en-GB,zh;q=0.2"]) == "en")
        #expect(await language(["accept-language": "en", "cookie": "tidewatt_language=zh-CN"]) == "zh-CN")
        #expect(await language(["cookie": "tidewatt_language=zh-CN"], "/sign-in?lang=en") == "en")
        #expect(await language([:]) == "en")
        // Whoever is sent to sign in keeps the language of the address.
        let sent = await Browser().get("/stations?lang=zh-CN")
        #expect(sent.status == 303)
        #expect(sent.header("Set-Cookie")?.hasPrefix("tidewatt_language=zh-CN") == true)
    }

    @Test func `a refused command shows the field, keeps what was typed, and sends nothing`() async throws {
        let browser = Browser(open: true) { _, _, _ in [.init(path: "connectorId", problem: "is required")] }
        let page = await browser.get("/stations/JY-005")
        let csrf = try #require(
            page.text.split(separator: "name=\"csrf\" value=\"").dropFirst().first?.prefix { $0 != "\"" })
        let answer = await browser.post(
            form: "csrf=\(csrf)&action=UnlockConnector&payload=%7B%22a%22%3A1%7D", to: "/stations/JY-005/commands")
        #expect(answer.status == 400)
        #expect(answer.text.contains("connectorId") && answer.text.contains("{&quot;a&quot;:1}"))
        #expect(browser.platform.read { $0.commands.isEmpty })
    }

    @Test func `a viewer sees no controls and is told who can grant them`() async {
        let page = await Browser().token("viewer").get("/stations/JY-005")
        #expect(!page.text.contains("/stations/JY-005/commands\""))
        #expect(page.text.contains("needs the role"))
    }
}

@Suite("Texts") struct TextsTests {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    @Test func `both languages have the same keys with the same placeholders`() throws {
        let chinese = try #require(Assets.shared.texts[.chinese])
        let english = try #require(Assets.shared.texts[.english])
        #expect(chinese.count > 400)
        #expect(Set(chinese.keys) == Set(english.keys))
        func placeholders(_ text: String) -> Set<Substring> { Set(text.matches(of: /\{[a-z_]+\}/).map(\.output)) }
        for (key, text) in chinese {
            #expect(!text.isEmpty && english[key]?.isEmpty == false, "\(key)")
            #expect(placeholders(text) == placeholders(english[key] ?? ""), "\(key)")
        }
    }

    @Test func `every key that a page names has a text, and every text is used`() throws {
        let english = try #require(Assets.shared.texts[.english])
        var source = ""
        for folder in ["Pages", "Charts", "HTTP"] {
            let files = try #require(
                FileManager.default.enumerator(
                    at: Self.root.appending(path: "Sources/Console/\(folder)"), includingPropertiesForKeys: nil))
            for case let file as URL in files where file.pathExtension == "swift" {
                source += try String(contentsOf: file, encoding: .utf8)
            }
        }
        let named = Set(source.matches(of: /\bt\(\s*"([a-zA-Z0-9._]+)"/).map { String($0.1) }).union(
            source.matches(of: /words\("([a-zA-Z0-9._]+)"/).map { String($0.1) })
        #expect(named.count > 200)
        for key in named where !key.hasSuffix(".") { #expect(english[key] != nil, "no text for \(key)") }
        // Keys made of a prefix and a word that comes from data.
        let families = [
            "status.", "level.", "priority.", "role.", "reason.", "answer.", "alarm.", "kind.", "mode.", "refusal.",
            "note.", "registration.", "ownership.", "setpoint.", "direction.", "series.", "nav.", "keys.", "audit.",
            "problem.", "fault.", "failure.", "commissioning.", "flag.", "held.", "profiles.compared.", "basis.",
            "purpose.", "ocpp.", "source.", "kept.standing.", "kept.report.",
            "measurand.", "lists.", "reservations.state.", "followup.", "message.problem.", "keychange.",
            "certificate.state.", "certificates.source.", "security.", "events.source.",
            "job.state.", "job.kind.", "campaign.state.", "target.state.", "target.word.", "campaigns.what.",
            "device.report.", "device.source.", "device.mutability.", "drift.", "severity.", "profilechange.",
            "securityprofile.", "plugandcharge.", "monitoring.kind.", "monitoring.origin.", "monitoring.trigger.",
            "monitoring.base.", "v2x.mode.", "v2x.control.",
            "customers.what.", "customers.about.", "der.state.", "derfunction.", "derfault.", "swap.state.",
            "webpayments.state.", "payments.state.", "payments.kind.", "payments.act.", "payments.effect.", "flow.",
            "costs.local.", "costs.settlement.",
            "battery.", "shortfall.", "powers.priority.",
        ]
        for key in english.keys where !families.contains(where: { key.hasPrefix($0) }) {
            #expect(source.contains("\"\(key)\""), "the text \(key) is used nowhere")
        }
    }

    @Test func `the embedded files are those of Web`() throws {
        let before = try String(
            contentsOf: Self.root.appending(path: "Sources/Console/Generated/EmbeddedAssets.swift"), encoding: .utf8)
        let files = try #require(
            FileManager.default.enumerator(at: Self.root.appending(path: "Web"), includingPropertiesForKeys: nil))
        var seen = 0
        for case let file as URL in files where ["css", "js", "svg", "json"].contains(file.pathExtension) {
            let text = try String(contentsOf: file, encoding: .utf8)
            let embedded = EmbeddedAssets.files.first { $0.name == file.lastPathComponent }?.text
            #expect(embedded == text, "run Tools/embed-web: \(file.lastPathComponent) has changed")
            seen += 1
        }
        #expect(seen == EmbeddedAssets.files.count)
        #expect(before.hasPrefix("// Generated by Tools/embed-web"))
    }
}

@Suite("Numbers and charts") struct FormatTests {
    let format = Format(words: Words(.english), zone: .shanghai, now: PreviewCommunity.evening)

    @Test(arguments: [
        (Int64(1_234_567), 3, 1, "1,234.6"), (-50, 3, 1, "−0.1"), (-49, 3, 1, "0.0"), (0, 3, 0, "0"),
        (12_345_678_900, 6, 2, "12,345.68"), (5, 0, 2, "5.00"), (999_950, 3, 1, "1,000.0"),
    ]) func `numbers have fixed decimals and grouped thousands`(
        _ value: Int64, _ scale: Int, _ decimals: Int, _ text: String
    ) {
        #expect(Format.fixed(value, scale: scale, decimals: decimals) == text)
    }

    @Test func `a gap stays a gap`() {
        let start = PreviewCommunity.evening
        let points: [(at: Instant, kilowatts: Double?)] = [
            (start, 1), (start + .minutes(10), 2), (start + .minutes(20), nil), (start + .minutes(30), 3),
            (start + .minutes(40), 4),
        ]
        let chart = LineChart(
            span: Interval(start, start + .hours(1)),
            lines: [.init(name: "measured", label: "Measured", points: points)], summary: "s", unit: "kW",
            format: format)
        let svg = chart.svg(id: "c").text
        let path = svg.split(separator: "class=\"line series-measured\" d=\"").last?.prefix { $0 != "\"" } ?? ""
        #expect(path.count { $0 == "M" } == 2)
        #expect(path.count { $0 == "L" } == 2)
        #expect(svg.contains("<title id=\"c-title\">s</title>"))
    }

    @Test func `a day's summary says the highest quarter of an hour and whether it broke the limit`() {
        let day = Zone.shanghai.civilDay(at: PreviewCommunity.evening)
        let start = Zone.shanghai.midnight(of: day)
        func points(_ power: Int64) -> [SitePowerPoint] {
            (0..<30).map { minute in
                SitePowerPoint(
                    site: SiteID("s"), at: start + .minutes(minute), measured: .kilowatts(minute < 15 ? 100 : power),
                    charging: nil, planned: nil,
                    limit: .kilowatts(120), base: nil, baseIsStale: false, level: "flat")
            }
        }
        func summary(_ power: Int64) -> String {
            SitePowerChart(day: day, points: points(power), plan: nil, root: nil, levels: [], format: format).summary
        }
        #expect(summary(110) == "Highest 15-minute mean 110.0 kW at 00:15, limit 120.0 kW: never above it.")
        #expect(summary(130) == "Highest 15-minute mean 130.0 kW at 00:15, limit 120.0 kW: 1 slots above it.")
    }

    @Test func `today's valley share is undefined without a valley`() {
        func share(_ level: String?) -> Double? {
            let point = SitePowerPoint(
                site: SiteID("s"), at: PreviewCommunity.evening, measured: nil, charging: .kilowatts(6), planned: nil,
                limit: nil, base: nil, baseIsStale: false, level: level)
            return OverviewPage.today([point]).1
        }
        #expect(share("valley") == 1)
        #expect(share("flat") == nil)
        #expect(share(nil) == nil)
    }
}
