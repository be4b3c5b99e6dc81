import Operations
import Testing

@testable import Console

@Suite("Access") struct AccessTests {
    /// Every route with every role: the table decides, and nothing else.
    @Test func `each address is served from its least role on`() async throws {
        let browser = Browser()
        for route in browser.console.routes {
            let target =
                "/"
                + route.pattern.split(separator: "/").map { $0.hasPrefix("{") ? "none" : String($0) }.joined(
                    separator: "/")
            let isStream = route.pattern == "/api/v1/events"
            guard !isStream else { continue }
            let anonymous = await browser.send(route.method, target, "{}")
            switch route.access {
            case .anyone: #expect(anonymous.status != 401 && anonymous.status != 403, "\(route.method) \(target)")
            case .role(let least):
                let refused = route.audience == .program ? 401 : route.method == .get ? 303 : 403
                #expect(anonymous.status == refused, "\(route.method) \(target): \(anonymous.status)")
                for role in Actor.Role.allCases {
                    let answer = await browser.token(role.name).send(route.method, target, "{}")
                    #expect(
                        (answer.status == 403) == (role < least),
                        "\(route.method.rawValue) \(target) as \(role.name): \(answer.status)")
                }
            }
        }
    }

    @Test func `an unknown token is refused, also where nothing is asked`() async {
        let answer = await Browser(open: true).with(["authorization": "Bearer nobody"]).get("/api/v1/stations")
        #expect(answer.status == 401)
        #expect(answer.header("WWW-Authenticate")?.hasPrefix("Bearer") == true)
    }

    @Test func `an open console takes no request from another site`() async {
        let browser = Browser(open: true).with(["host": "127.0.0.1:8080"])
        #expect(await browser.send(.put, "/api/v1/stations/X", "{}").status == 201)
        #expect(
            await browser.with(["sec-fetch-site": "cross-site"]).send(.put, "/api/v1/stations/X", "{}").status == 403)
        #expect(
            await browser.with(["origin": "http://evil.example"]).send(.put, "/api/v1/stations/X", "{}").status == 403)
        #expect(await browser.with(["origin": "null"]).send(.put, "/api/v1/stations/X", "{}").status == 403)
        #expect(
            await browser.with(["origin": "http://127.0.0.1:8080"]).send(.put, "/api/v1/stations/X", "{}").status == 200
        )
        #expect(await browser.with(["host": "evil.example"]).get("/api/v1/stations").status == 403)
        #expect(await browser.with(["host": "localhost:1"]).get("/api/v1/stations").status == 200)
    }

    @Test func `forms need the page's token`() async throws {
        let browser = Browser(open: true)
        #expect(await browser.post(form: "", to: "/alarms/1/acknowledge").status == 403)
        let page = await browser.get("/alarms")
        let marker = "name=\"csrf\" value=\""
        let token = try #require(page.text.split(separator: marker).dropFirst().first?.prefix { $0 != "\"" })
        #expect(await browser.post(form: "csrf=\(token)", to: "/alarms/1/acknowledge").status == 303)
        #expect(browser.platform.read { $0.alarms.first { $0.id == 1 }?.acknowledgedBy } == "open")
    }

    @Test func `signing in sets a cookie that scripts cannot read, and sends back to the page`() async throws {
        let browser = Browser()
        let wrong = await browser.post(form: "user=operator&password=x", to: "/sign-in")
        #expect(wrong.status == 401)
        let right = await browser.post(
            form: "user=operator&password=tide-operator&to=%2Fstations%3Fq%3DJY", to: "/sign-in")
        #expect(right.status == 303)
        #expect(right.header("Location") == "/stations?q=JY")
        let cookie = try #require(right.header("Set-Cookie"))
        #expect(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"))
        let pair = String(cookie.prefix { $0 != ";" })
        let inside = browser.with(["cookie": pair])
        #expect(await inside.get("/").status == 200)
        #expect(await inside.send(.put, "/api/v1/sites/jingyuan/mode", #"{"state": "auto"}"#).status == 403)
        let csrf = pair.replacing("tidewatt_session=session", with: "csrf")
        #expect(
            await inside.with(["x-csrf-token": csrf]).send(.put, "/api/v1/sites/jingyuan/mode", #"{"state": "auto"}"#)
                .status == 200)
        #expect(await inside.post(form: "csrf=" + csrf, to: "/sign-out").status == 303)
        #expect(await inside.get("/").status == 303)
    }

    @Test(arguments: ["//evil.example", "https://evil.example", "/\\evil", "evil"])
    func `signing in never leads to another host`(_ target: String) async {
        let answer = await Browser().post(
            form: "user=viewer&password=tide-viewer&to=" + PercentCoding.encode(target), to: "/sign-in")
        #expect(answer.header("Location") == "/")
    }

    @Test func `guessing is slowed down`() {
        var throttle = SignInThrottle()
        let now = ContinuousClock.now
        for _ in 0..<5 { throttle.note("a", success: false, at: now) }
        #expect(throttle.secondsToWait("a", at: now) > 0)
        #expect(throttle.secondsToWait("b", at: now) == 0)
        #expect(throttle.secondsToWait("a", at: now + .seconds(1000)) == 0)
        throttle.note("a", success: true, at: now)
        #expect(throttle.secondsToWait("a", at: now) == 0)
    }

    @Test func `every answer carries the security headers`() async {
        for target in ["/", "/api/v1/stations", "/nowhere", "/assets/console.js", "/healthz"] {
            let answer = await Browser(open: true).get(target)
            #expect(answer.header("Content-Security-Policy")?.contains("default-src 'none'") == true, "\(target)")
            #expect(answer.header("X-Content-Type-Options") == "nosniff")
        }
    }
}
