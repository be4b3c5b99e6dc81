import Assets
import Charging
import ConsoleSupport
import Operations
import Quantities
import Synchronization
import Testing

@testable import Console

@Suite("API") struct APITests {
    let browser = Browser(open: true)

    @Test func `a command's payload goes on byte by byte and its answer comes back as received`() async throws {
        let payload = #"{"limit": 6.10, "n": 1.50E+1 }"#
        let answer = await browser.with(["prefer": "wait=5"]).send(
            .post, "/api/v1/stations/JY-001/commands", #"{"action": "SetChargingProfile", "payload": \#(payload)}"#)
        #expect(answer.status == 200)
        #expect(answer.value("status") == "\"answered\"")
        #expect(answer.value("response", "limit") == "6.10")
        let command = try #require(browser.platform.read { $0.commands.first })
        #expect(String(decoding: command.payload, as: UTF8.self) == payload)
    }

    @Test func `without Prefer the command is pending and can be asked for`() async throws {
        let answer = await browser.send(
            .post, "/api/v1/stations/JY-001/commands", #"{"action": "ClearCache", "payload": {}}"#)
        #expect(answer.status == 202)
        #expect(answer.value("status") == "\"pending\"")
        #expect(await browser.get(try #require(answer.header("Location"))).status == 200)
    }

    @Test func `a station that is not connected gives offline at once`() async {
        let answer = await browser.with(["prefer": "wait=3"]).send(
            .post, "/api/v1/stations/JY-017/commands", #"{"action": "ClearCache", "payload": {}}"#)
        #expect(answer.status == 200)
        #expect(answer.value("status") == "\"offline\"")
    }

    @Test func `a payload that breaks the rules is refused with the field, and nothing is sent`() async {
        let asked = Mutex<[String]>([])
        let strict = Browser(open: true) { version, action, _ in
            asked.withLock { $0.append(version + " " + action) }
            return [.init(path: "connectorId", problem: "an integer is expected")]
        }
        let answer = await strict.send(
            .post, "/api/v1/stations/JY-001/commands",
            #"{"action": "UnlockConnector", "payload": {"connectorId": "one"}}"#)
        #expect(answer.status == 400)
        #expect(answer.header("Content-Type") == "application/problem+json")
        #expect(answer.text.contains("connectorId"))
        #expect(strict.platform.read { $0.commands.isEmpty })
        #expect(asked.withLock { $0 } == ["ocpp1.6 UnlockConnector"])
    }

    @Test func `ids are percent-decoded once`() async {
        #expect(await browser.get("/api/v1/stations/A%2FB%2007").value("id") == "\"A/B 07\"")
        #expect(await browser.send(.put, "/api/v1/stations/%E6%A1%A9%201", "{}").value("id") == "\"桩 1\"")
        #expect(await browser.get("/api/v1/stations/%25").status == 404)
    }

    @Test func `a station that was read can be written back`() async {
        let read = await browser.get("/api/v1/stations/JY-044")
        let written = await browser.send(.put, "/api/v1/stations/JY-044", read.text)
        #expect(written.status == 200)
        #expect(written.text == read.text)
    }

    @Test func `a password is written and never read`() async throws {
        let answer = await browser.send(
            .put, "/api/v1/stations/P1", #"{"password": "correct-horse-1", "security_profile": 1}"#)
        #expect(answer.status == 201)
        #expect(!answer.text.contains("correct-horse-1"))
        let digest = try #require(browser.platform.read { $0.stations[StationID("P1")]?.station.passwordDigest })
        #expect(digest == "1-esroh-tcerroc", "in the platform's form")
        let cleared = await browser.send(.put, "/api/v1/stations/P1", #"{"password": null}"#)
        #expect(cleared.text.contains(#""password_set":false"#))
    }

    @Test func `a key is made for a station and told once`() async throws {
        #expect(await browser.send(.post, "/api/v1/stations/NOBODY/key", "").status == 404)
        let made = await browser.send(.post, "/api/v1/stations/JY-044/key", "")
        #expect(made.status == 201 && made.header("Cache-Control") == "no-store")
        let key = try #require(made.text.firstMatch(of: /"key":"([0-9a-f]{40})"/)?.1)
        let read = await browser.get("/api/v1/stations/JY-044")
        #expect(read.text.contains(#""password_set":true"#) && !read.text.contains(key))
        #expect(await !browser.get("/api/v1/audit").text.contains(key))
    }

    @Test func `a key that is sent is told to nobody`() async throws {
        let sent = await browser.send(.post, "/api/v1/stations/JY-044/key", #"{"send": true}"#)
        #expect([200, 202].contains(sent.status))
        #expect(sent.text.contains(#""action":"ChangeConfiguration""#) && !sent.text.contains("0123456789"))
        let read = await browser.get("/api/v1/stations/JY-044")
        #expect(read.text.contains(#""key_change":{"state":"sent""#) && !read.text.contains("0123456789"))
        let written = await browser.send(.put, "/api/v1/stations/JY-044", read.text)
        #expect(written.status == 200)
        let page = await browser.get("/stations/JY-044").text
        #expect(page.contains("/stations/JY-044/key") && !page.contains("0123456789"))
        #expect(await browser.send(.post, "/api/v1/stations/JY-044/key", #"{"sent": true}"#).status == 400)
    }

    @Test func `certificates, what a station holds, and events are listed and shown`() async throws {
        let id = StationID("JY-044")
        let now = browser.platform.now
        browser.platform.change { state in
            let hash = CertificateHashData(
                algorithm: "SHA256", issuerNameHash: "aa", issuerKeyHash: "bb", serialNumber: "1F")
            state.authority = AuthorityView(subject: "CN=Root", notAfter: now + .days(900), root: "PEM", hash: hash)
            var record = CertificateRecord(
                station: id, fingerprint: "ff", serialNumber: "2A", subject: "CN=JY-044", issuer: "CN=Root",
                notBefore: now, notAfter: now + .days(3), chain: "", state: .accepted, at: now)
            record.isInUse = true
            state.certificates[id] = [record]
            var held = CertificatePicture(station: id)
            held.learn(
                .listed([ListedCertificate(use: "CentralSystemRootCertificate", hash: hash)], uses: nil), facts: nil,
                at: now)
            let other = CertificateHashData(
                algorithm: "SHA256", issuerNameHash: "cc", issuerKeyHash: "dd", serialNumber: "77")
            held.learn(
                .installed(use: "ManufacturerRootCertificate", pem: ""),
                facts: CertificateFacts(subject: "CN=<i>Maker</i>", notAfter: now + .days(2), hashes: [other]), at: now)
            state.heldCertificates[id] = held
            state.roots = [
                PlatformRoot(
                    name: PlatformRoot.authority, use: "CSMSRootCertificate", subject: "CN=Root",
                    notAfter: now + .days(900), fingerprint: "ff", pem: "-----BEGIN CERTIFICATE-----", hashes: [hash])
            ]
            state.securityEvents = []
            for number in 1...3 {
                state.securityEvents.append(
                    StoredSecurityEvent(
                        id: Int64(number),
                        event: SecurityEvent(
                            station: number == 2 ? StationID("JY-045") : id, source: .station,
                            type: number == 3 ? "TamperDetectionActivated" : "<b>own</b>", at: now, receivedAt: now,
                            info: "=1+1")))
            }
        }
        let base = "/api/v1/stations/JY-044"
        let certificates = await browser.get(base + "/certificates").text
        #expect(certificates.contains(#""serial":"2A""#) && certificates.contains(#""in_use":true"#))
        let held = await browser.get(base + "/installed-certificates").text
        #expect(held.contains(#""our_root":true"#) && held.contains(#""use":"CentralSystemRootCertificate""#))
        #expect(held.contains(#""source":"installed""#) && held.contains(#""serialNumber":"77""#))
        #expect(await browser.get("/api/v1/roots").text.contains(#""name":"authority""#))
        let installed = await browser.send(.post, base + "/installed-certificates", #"{"root": "authority"}"#)
        #expect([200, 202].contains(installed.status) && installed.text.contains("InstallCertificate"))
        for wrong in [#"{}"#, #"{"root": "nobody"}"#, #"{"certificate": "x", "use": "CSMSRootCertificate"}"#] {
            #expect(await browser.send(.post, base + "/installed-certificates", wrong).status == 400)
        }
        #expect(await browser.get("/api/v1/authority").text.contains(#""root":"PEM""#))
        let first = await browser.get(base + "/security-events?limit=1")
        #expect(first.text.contains("TamperDetectionActivated") && first.text.contains(#""next_cursor":"3""#))
        let second = await browser.get(base + "/security-events?limit=1&cursor=3")
        #expect(second.text.contains(#""id":1"#) && second.text.contains(#""next_cursor":null"#))
        let all = await browser.get("/api/v1/security-events?critical=true").text
        #expect(all.contains("JY-044") && !all.contains("JY-045"))
        let csv = await browser.get(base + "/security-events?format=csv").text
        #expect(csv.contains("'=1+1"), "a spreadsheet must not run it")
        let page = await browser.get("/stations/JY-044").text
        #expect(page.contains("CN=JY-044") && page.contains("&lt;b&gt;own&lt;/b&gt;") && !page.contains("<b>own</b>"))
        #expect(page.contains("&lt;i&gt;Maker&lt;/i&gt;") && !page.contains("<i>Maker</i>"))
        #expect(page.contains("DeleteCertificate") && page.contains("SignChargePointCertificate"))
    }

    struct Wrong: Sendable, CustomTestStringConvertible {
        let method: WebRequest.Method
        let target: String
        let body: String
        let path: String
        var testDescription: String { "\(method.rawValue) \(target) \(body)" }
    }
    @Test(arguments: [
        Wrong(method: .put, target: "/api/v1/stations/X", body: #"{"colour": "red"}"#, path: "colour"),
        Wrong(method: .put, target: "/api/v1/stations/X", body: #"{"registration": "maybe"}"#, path: "registration"),
        Wrong(
            method: .put, target: "/api/v1/stations/X", body: #"{"limits": {"operator_kw": -1}}"#,
            path: "limits.operator_kw"),
        Wrong(method: .put, target: "/api/v1/stations/X", body: #"{"phases": 2}"#, path: "phases"),
        Wrong(method: .put, target: "/api/v1/stations/X", body: #"{"phases": 1.5}"#, path: "phases"),
        Wrong(method: .put, target: "/api/v1/sites/X", body: #"{"zone": "Mars/Base"}"#, path: "zone"),
        Wrong(
            method: .put, target: "/api/v1/sites/X", body: #"{"tariffs": [{"from": "2024-02-30", "tariff": "t"}]}"#,
            path: "tariffs[0].from"),
        Wrong(method: .put, target: "/api/v1/sites/X", body: #"{"mode": {"state": "stopped"}}"#, path: "mode.state"),
        Wrong(method: .put, target: "/api/v1/nodes/X", body: #"{"rating": {"kva": 630}}"#, path: "rating.power_factor"),
        Wrong(
            method: .put, target: "/api/v1/nodes/X",
            body: #"{"rating": {"kva": 630, "power_factor": 0.95, "loading": 0.85}, "limit_kw": 600}"#, path: "limit_kw"
        ),
        Wrong(
            method: .post, target: "/api/v1/nodes/T1/readings",
            body: #"[{"at": "2026-03-11T18:00:00Z", "kw": 1}, {"at": "yesterday", "kw": 1}]"#, path: "[1].at"),
        Wrong(method: .put, target: "/api/v1/id-tokens/X", body: #"{"status": "Great"}"#, path: "status"),
        Wrong(
            method: .put, target: "/api/v1/sessions/S-002077/needs", body: #"{"energy_kwh": 5, "minimum_kwh": 6}"#,
            path: "minimum_kwh"),
        Wrong(method: .put, target: "/api/v1/sites/jingyuan/mode", body: #"{"state": "manual"}"#, path: "reason"),
        Wrong(method: .get, target: "/api/v1/stations?limit=0", body: "", path: "limit"),
        Wrong(method: .get, target: "/api/v1/sessions?from=today", body: "", path: "from"),
    ]) func `an error names the field`(_ wrong: Wrong) async {
        let answer = await browser.send(wrong.method, wrong.target, wrong.body)
        #expect(answer.status == 400)
        #expect(answer.header("Content-Type") == "application/problem+json")
        #expect(answer.text.contains("\"path\":\"\(wrong.path)\""), "\(answer.text)")
    }

    @Test(arguments: [
        (WebRequest.Method.get, "/api/v1/stations/none"), (.get, "/api/v1/commands/none"),
        (.get, "/api/v1/sessions/none"),
        (.get, "/api/v1/sites/none"), (.get, "/api/v1/nodes/none"), (.get, "/api/v1/id-tokens/none"),
        (.delete, "/api/v1/stations/none"),
        (.post, "/api/v1/alarms/99/acknowledge"), (.get, "/api/v1/stations/JY-001/evses/9/control"),
        (.get, "/api/v1/sites/riverside/plan"),
    ]) func `what is unknown is 404`(_ method: WebRequest.Method, _ target: String) async {
        let answer = await browser.send(method, target)
        #expect(answer.status == 404)
        #expect(answer.value("type")?.contains("urn:tidewatt:problem:") == true)
    }

    @Test func `another method is told which ones are taken`() async {
        let answer = await browser.send(.delete, "/api/v1/stations")
        #expect(answer.status == 405)
        #expect(answer.header("Allow") == "GET")
    }

    @Test func `a list is walked by its cursor, each item once`() async throws {
        var seen: [String] = []
        var target = "/api/v1/stations?limit=50"
        for _ in 0..<10 {
            let answer = await browser.get(target)
            guard case .array(let items)? = answer.json("items")?.content else { break }
            for item in items { if case .string(let id)? = item["id"]?.content { seen.append(id) } }
            guard case .string(let cursor)? = answer.json("next_cursor")?.content else { break }
            target = "/api/v1/stations?limit=50&cursor=" + PercentCoding.encode(cursor)
        }
        #expect(seen.count == 121)
        #expect(Set(seen).count == 121)
    }

    @Test func `every list comes as CSV too`() async {
        for target in [
            "stations", "sessions", "sites", "nodes", "id-tokens", "alarms", "audit", "tariffs", "sites/jingyuan/power",
            "sites/jingyuan/day-reports", "stations/JY-001/messages", "stations/JY-001/commands",
        ] {
            let answer = await browser.with(["accept": "text/csv"]).get("/api/v1/" + target)
            #expect(answer.header("Content-Type") == "text/csv; charset=utf-8", "\(target)")
            let marked = await browser.get("/api/v1/" + target + "?format=csv&bom=1")
            #expect(marked.text.unicodeScalars.first == "\u{FEFF}", "\(target)")
        }
    }

    @Test func `a spreadsheet runs no formula of a station`() async {
        _ = await browser.send(.put, "/api/v1/stations/=1+1", "{}")
        #expect(await browser.get("/api/v1/stations?format=csv&bom=1").text.contains("\n'=1+1,"))
        #expect(await browser.get("/api/v1/stations?format=csv").text.contains("\n'=1+1,"), "without the mark too")
    }

    @Test func `an import is all or nothing, with errors by line`() async {
        let bad = """
            identity,site,node,phases,ownership
            N1,jingyuan,F1,1,private
            N2,nowhere,F1,4,private
            N1,jingyuan,F9,1,mine

            """
        let answer = await browser.send(.post, "/api/v1/stations:import", bad, type: "text/csv")
        #expect(answer.status == 400)
        for path in ["line 3, site", "line 3, phases", "line 4, identity", "line 4, node", "line 4, ownership"] {
            #expect(answer.text.contains("\"path\":\"\(path)\""), "\(path): \(answer.text)")
        }
        #expect(browser.platform.read { $0.stations[StationID("N1")] == nil })
        let good = await browser.send(
            .post, "/api/v1/stations:import", "identity,site,node\nN1,jingyuan,F1\nN2,,\n", type: "text/csv")
        #expect(good.value("imported") == "2")
        #expect(browser.platform.read { $0.stations[StationID("N1")]?.station.node } == NodeID("F1"))
    }

    @Test func `stopping a site takes two steps by one person`() async throws {
        let first = await browser.send(.post, "/api/v1/sites/jingyuan/stop", "{}")
        #expect(first.value("effect", "evses") == "120")
        #expect(browser.platform.read { $0.sites[SiteID("jingyuan")]?.mode } == .auto)
        let token = try #require(first.value("confirmation"))
        let body = #"{"confirmation": \#(token), "reason": "smoke in the garage"}"#
        #expect(await browser.token("operator").send(.post, "/api/v1/sites/jingyuan/stop", body).status == 409)
        #expect(await browser.send(.post, "/api/v1/sites/riverside/stop", body).status == 409)
        #expect(await browser.send(.post, "/api/v1/sites/jingyuan/stop", #"{"confirmation": \#(token)}"#).status == 400)
        #expect(await browser.send(.post, "/api/v1/sites/jingyuan/stop", body).value("mode", "state") == "\"stopped\"")
        #expect(await browser.send(.post, "/api/v1/sites/jingyuan/stop", body).status == 409)
    }

    @Test func `switching the mode along with a site is audited as switching`() async {
        let answer = await browser.send(
            .put, "/api/v1/sites/jingyuan", #"{"name": "N", "mode": {"state": "manual", "reason": "works"}}"#)
        #expect(answer.value("mode", "by") == "\"open\"")
        #expect(browser.platform.read { $0.audit.map(\.record.action) } == ["site.mode", "site.put"])
        let back = await browser.send(.put, "/api/v1/sites/jingyuan", answer.text)
        #expect(back.text == answer.text)
        #expect(browser.platform.read { $0.audit.first?.record.action } == "site.put")
    }

    @Test func `a node's limit follows from its rating`() async {
        let answer = await browser.send(
            .put, "/api/v1/nodes/T2",
            #"{"site": "jingyuan", "rating": {"kva": 630, "power_factor": 0.95, "loading": 0.85}}"#)
        #expect(answer.status == 201)
        #expect(answer.value("limit_kw") == "508.725")
        let again = await browser.send(.put, "/api/v1/nodes/T2", answer.text)
        #expect(again.text == answer.text)
        let direct = await browser.send(.put, "/api/v1/nodes/T2", #"{"limit_kw": 400}"#)
        #expect(direct.value("rating") == "null")
    }

    @Test func `bodies must say that they are JSON`() async {
        #expect(await browser.send(.put, "/api/v1/stations/X", "{}", type: "text/plain").status == 415)
        #expect(await browser.send(.put, "/api/v1/stations/X", "{", type: "application/json").status == 400)
        #expect(
            await browser.send(.put, "/api/v1/stations/X", "[]", type: "application/json; charset=utf-8").status == 400)
    }

    @Test func `metrics are Prometheus text`() async {
        let answer = await browser.get("/metrics")
        #expect(
            answer.text.contains(
                "# TYPE tidewatt_messages_total counter\ntidewatt_messages_total{direction=\"in\"} 42.0\n"))
    }

    @Test func `readiness says what is missing`() async {
        browser.platform.change { $0.unreadiness = "The journal cannot be written: the disk is full." }
        let answer = await browser.get("/readyz")
        #expect(answer.status == 503)
        #expect(answer.text.contains("disk is full"))
        #expect(await browser.get("/healthz").status == 200)
    }

    /// The document and the table name the same addresses and methods.
    @Test func `the description covers every address of the API`() throws {
        let document = try JSONNode(Array(Assets.shared.openAPI.utf8))
        guard case .object(let paths)? = document["paths"]?.content else {
            Issue.record("no paths")
            return
        }
        var described: Set<String> = []
        for (path, item) in paths {
            for method in WebRequest.Method.allCases where item[method.rawValue.lowercased()] != nil {
                described.insert(method.rawValue + " " + path)
            }
        }
        let served = Set(
            RouteTable.routes.filter { $0.audience == .program }.map { $0.method.rawValue + " " + $0.pattern })
        #expect(described.subtracting(served) == [])
        #expect(served.subtracting(described) == [])
    }

    @Test func `events name what changed`() {
        #expect(EventsAPI.words(.command("C-1")).name == "command")
        #expect(EventsAPI.words(.station(StationID("A\"B"))).data.text() == #"{"id":"A\"B"}"#)
    }
}
