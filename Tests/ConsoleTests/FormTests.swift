import Assets
import Charging
import ConsoleSupport
import Operations
import Testing

@testable import Console

@Suite("Settings as lines") struct SettingLinesTests {
    @Test func `what is written is read as the same`() {
        let settings = [
            VariableSetting(name: VariableName(variable: "HeartbeatInterval"), value: "300"),
            VariableSetting(name: VariableName(variable: "Maker.Key=1 [x]"), value: " two words "),
            VariableSetting(name: VariableName(component: "TxCtrlr", variable: "StopTxOnInvalidId"), value: ""),
            VariableSetting(
                name: VariableName(
                    component: "OCPPCommCtrlr", variable: "MessageAttempts", instance: "TransactionEvent"),
                value: "\"3\" = many"),
            VariableSetting(
                name: VariableName(
                    component: "Connector", componentInstance: "a.b", evse: 1, connector: 2, variable: "Power",
                    instance: "x"), attribute: .maxSet, value: "7000"),
            VariableSetting(name: VariableName(component: "EVSE", evse: 1, variable: "2"), value: "a,b;c"),
        ]
        let text = SettingLines.text(settings)
        let read = SettingLines.read(text.replacing("\n", with: "\r\n"), field: "settings")
        #expect(read.mistakes.isEmpty, "\(read.mistakes)")
        #expect(read.settings == settings)
        #expect(read.settings.map(\.value) == settings.map(\.value))
        #expect(zip(read.settings, settings).allSatisfy { $0.name.text == $1.name.text })
    }

    @Test func `what is wrong is said by line`() {
        let read = SettingLines.read(
            "# comment\n\nHeartbeatInterval 300\nA.B = 1\na.b = 2\nA[x.B = 1\nA.B (Nowhere) = 1\n = 3\nX#y.Z = 1\nA.C=2",
            field: "s")
        #expect(read.settings.map(\.name.text) == ["A.B", "A.C"])
        #expect(read.mistakes.map(\.line) == [3, 5, 6, 7, 8, 9])
        #expect(read.mistakes[1].code == "variable-repeated")
        #expect(read.mistakes.filter { $0.code == "setting-line" }.count == 5)
    }

    @Test(arguments: ["", ".", "A.", "A..B", "A.B]", "A.B[", "A B.C", "A#1", "A#99999.B", "A.B\\"])
    func `what is no name is none`(_ text: String) {
        #expect(VariableName(written: text) == nil)
    }
}

/// Forms that order what before only the API could.
@Suite("Forms of devices") struct DeviceFormTests {
    let browser = Browser(open: true)

    private func post(_ form: String, _ path: String, from page: String) async -> Browser.Answer {
        await browser.post(form: "csrf=\(await browser.csrf(page))&\(form)", to: path)
    }

    @Test func `a template is made, changed by one person at a time, and deleted`() async {
        let page = "/device-templates:new"
        let wrong = await post("name=my+own&settings=Heartbeat&stations=JY-003", "/device-templates", from: page)
        #expect(wrong.status == 400)
        #expect(wrong.text.contains("name=\"name\" value=\"my own\" required aria-invalid=\"true\""))
        #expect(wrong.text.contains("without spaces") && wrong.text.contains("line 1"))
        let unknown = await post("name=mine&settings=A.B+%3D+1&stations=NONE", "/device-templates", from: page)
        #expect(unknown.status == 400 && unknown.text.contains("NONE"))
        let made = await post(
            "name=mine&note=n&settings=TxCtrlr.StopTxOnInvalidId+%3D+true&site=jingyuan", "/device-templates",
            from: page)
        #expect(made.status == 303 && made.header("Location") == "/device-templates/mine?note=saved")
        let template = browser.platform.read { $0.devices.templates["mine"] }
        #expect(template?.stations.count == 120 && template?.changedBy == "open")
        #expect(await post("name=mine&settings=A.B%3D1", "/device-templates", from: page).text.contains("taken"))
        let stale = await post(
            "changed_at=2026-01-01T00:00:00Z&settings=A.B%3D1", "/device-templates/mine", from: page)
        #expect(stale.status == 400 && stale.text.contains("meanwhile"))
        let saved = await post("settings=A.B%3D2&stations=JY-003", "/device-templates/mine", from: page)
        #expect(saved.status == 303)
        #expect(browser.platform.read { $0.devices.templates["mine"]?.settings.first?.value } == "2")
        let gone = await post("", "/device-templates/mine/delete", from: page)
        #expect(gone.status == 303 && browser.platform.read { $0.devices.templates["mine"] } == nil)
    }

    @Test func `what a pile tells begins a template, without what cannot be set`() async {
        let page = await browser.get("/device-templates:new?station=JY-010")
        #expect(page.text.contains("OCPPCommCtrlr.MessageAttempts[TransactionEvent] = 3"))
        #expect(!page.text.contains("VendorName =") && !page.text.contains("BasicAuthPassword ="))
        let none = await browser.get("/device-templates:new?station=JY-001")
        #expect(none.text.contains("Read its device model first"))
    }

    @Test func `a template's differences are sent after a word of what that does`() async {
        let page = await browser.get("/device-templates/community")
        #expect(page.text.contains("Sends 1 values to 1 piles"))
        let sent = await post("", "/device-templates/community/apply", from: "/device-templates/community")
        #expect(sent.status == 200 && sent.text.contains("Sent to 1 piles"))
    }

    @Test func `monitors are set, cleared, based and leveled`() async {
        let (page, path) = ("/stations/JY-010/device-model", "/stations/JY-010/device-model/monitors")
        let wrong = await post("what=set&variable=Temperature&type=Above&value=x&severity=12", path, from: page)
        #expect(wrong.status == 400)
        for name in ["variable", "type", "value", "severity"] {
            #expect(wrong.text.contains("id=\"monitor-\(name)-problem\""), "\(name)")
        }
        #expect(wrong.text.contains("<details class=\"add\" open>"), "the refused form is open")
        let set = await post(
            "what=set&variable=EVSE%231.Power&type=Delta&value=250.5&severity=4&transaction=on", path, from: page)
        #expect(set.status == 303)
        let monitor = browser.platform.read { $0.devices.monitors[StationID("JY-010")]?[9]?.monitor }
        #expect(monitor?.value == "250.5" && monitor?.isTransactional == true && monitor?.name.evse == 1)
        #expect(await post("what=clear&id=9", path, from: page).status == 303)
        #expect(browser.platform.read { $0.devices.monitors[StationID("JY-010")]?[9] } == nil)
        let unsure = await post("what=base&base=HardWiredOnly", path, from: page)
        #expect(unsure.status == 400 && unsure.text.contains("tick the box"))
        #expect(await post("what=base&base=HardWiredOnly&confirmed=on", path, from: page).status == 303)
        #expect(await post("what=level&level=3", path, from: page).status == 303)
        let settings = browser.platform.read { $0.devices.monitoring[StationID("JY-010")] }
        #expect(settings?.base == "HardWiredOnly" && settings?.level == 3)
        let offline = await post("what=level&level=3", "/stations/JY-017/device-model/monitors", from: page)
        #expect(offline.status != 303)
    }

    @Test func `a change of the security profile says what it does, where it stands, and ends`() async {
        let (page, path) = ("/stations/JY-010", "/stations/JY-010/security-profile")
        let shown = await browser.get(page)
        #expect(shown.text.contains("password, no encryption") && shown.text.contains("InvalidConfSlot"))
        let wrong = await post("security_profile=2&url=ws%3A%2F%2Fx&slot=900&priority=a", path, from: page)
        #expect(wrong.status == 400)
        for name in ["url", "slot", "priority", "confirmed"] {
            #expect(wrong.text.contains("id=\"profile-\(name)-problem\""), "\(name)")
        }
        let refused = await post(
            "security_profile=2&url=wss%3A%2F%2Fcsms.example%2Focpp&confirmed=on", "/stations/JY-011/security-profile",
            from: page)
        #expect(refused.status != 303 && refused.text.contains("slot and priority"))
        let asked = await post(
            "security_profile=2&url=wss%3A%2F%2Fcsms.example%2Focpp&confirmed=on", path, from: page)
        #expect(asked.status == 303)
        let under = await browser.get(page)
        #expect(under.text.contains("aria-current=\"step\"") && under.text.contains("/security-profile/end"))
        #expect(!under.text.contains("id=\"profile-form\""), "one change at a time")
        #expect(await post("", path + "/end", from: page).status == 303)
        #expect(await browser.get(page).text.contains("id=\"profile-form\""))
    }

    @Test func `customer information is asked for, shown to managers only, and forgotten`() async {
        let page = "/stations/JY-010/customer-information"
        let wrong = await post("about=token&value=&what=both", page, from: page)
        #expect(wrong.status == 400)
        for name in ["value", "confirmed"] {
            #expect(wrong.text.contains("id=\"customer-\(name)-problem\""), "\(name)")
        }
        #expect(await post("about=token&value=CARD-1&type=ISO14443&what=report", page, from: page).status == 303)
        let shown = await browser.get(page)
        #expect(shown.text.contains("2 sessions since 2026-01-05") && !shown.text.contains("CARD-1"))
        #expect(await post("", page + "/21/delete", from: page).status == 303)
        #expect(!(await browser.get(page)).text.contains("14 sessions"))
        #expect(await Browser().token("operator").get(page).status == 403)
        #expect(await Browser().token("manager").get(page).status == 200)
        #expect(!(await Browser().token("operator").get("/stations/JY-010")).text.contains("customer-information"))
    }

    @Test func `plug and charge stands on the page of a pile that told of it, without what nobody knows`() async {
        let text = await browser.get("/stations/JY-010").text
        #expect(text.contains("id=\"plug-and-charge\"") && text.contains("SignV2GCertificate"))
        #expect(text.contains("not told") && text.contains("never asked"))
        #expect(!(await browser.get("/stations/JY-005")).text.contains("id=\"plug-and-charge\""))
    }

    @Test func `who may not is not offered it, and is refused`() async {
        let viewer = Browser().token("viewer")
        for path in ["/stations/JY-010/device-model", "/device-templates/community", "/stations/JY-010"] {
            let text = await viewer.get(path).text
            #expect(
                !text.contains("method=\"post\" action=\"/stations") && !text.contains("action=\"/device-templates"),
                "\(path)")
        }
        for (path, role) in [
            ("/device-templates", "operator"), ("/device-templates/community", "operator"),
            ("/device-templates/community/delete", "operator"), ("/device-templates/community/apply", "viewer"),
            ("/stations/JY-010/device-model/monitors", "viewer"), ("/stations/JY-010/security-profile", "operator"),
            ("/stations/JY-010/security-profile/end", "operator"),
            ("/stations/JY-010/customer-information", "operator"),
            ("/stations/JY-010/customer-information/21/delete", "operator"),
        ] {
            #expect(await Browser().token(role).post(form: "", to: path).status == 403, "\(path) \(role)")
        }
    }

    @Test func `a list holds chosen tokens, and a reservation says at its field what is wrong`() async {
        let page = "/stations/JY-005"
        let none = await post("what=choose&tokens=", page + "/local-list", from: page)
        #expect(none.status == 400 && none.text.contains("id=\"local-list-tokens-problem\""))
        #expect(
            await post("what=choose&tokens=A%0D%0AB%0D%0AA&automatic=on", page + "/local-list", from: page).status
                == 303)
        let list = browser.platform.read { $0.localLists[StationID("JY-005")] }
        #expect(list?.scope == .selected && list?.tokens == ["A", "B"] && list?.isAutomatic == true)
        let wrong = await post("id_token=&minutes=0", page + "/reservations", from: page)
        #expect(wrong.status == 400 && wrong.text.contains("id=\"reservation-minutes-problem\""))
        #expect(wrong.text.contains("data-address=\"/stations/JY-005\""))
    }

    @Test func `problems of forms are Chinese on a Chinese page`() async {
        let chinese = browser.with(["accept-language": "zh-CN"])
        let token = await chinese.csrf("/device-templates:new")
        let page = await chinese.post(form: "csrf=\(token)&name=&settings=x", to: "/device-templates")
        #expect(page.text.contains("此项必填") && page.text.contains("第 1 行") && page.text.contains("应为“名称 = 值”"))
        #expect(page.text.firstRange(of: "is expected") == nil)
    }
}
