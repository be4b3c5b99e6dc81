import Assets
import Charging
import ConsoleSupport
import Documents
import Operations
import Quantities
import Testing

@testable import Console

/// Device models through the API and the pages.
@Suite("Device models") struct DeviceConsoleTests {
    private let browser = Browser(open: true)
    private static let path = "/api/v1/stations/JY-003"

    @Test func `the picture is told with what templates want of it`() async throws {
        let answer = await browser.get(Self.path + "/device-model")
        #expect(answer.status == 200)
        for text in [
            #""variable":"TxUpdatedInterval""#, #""pending":"30""#, #""drift":"pending""#, #""wanted":"true""#,
        ] {
            #expect(answer.text.contains(text), "\(text)")
        }
        let drift = await browser.get(Self.path + "/device-model?drift=true&format=csv")
        #expect(drift.text.hasPrefix("component,") && drift.text.split(separator: "\n").count == 3)
        let found = await browser.get(Self.path + "/device-model?q=heartbeat&component=ocppcommctrlr")
        #expect(found.text.contains("HeartbeatInterval") && !found.text.contains("TxUpdatedInterval"))
        let first = await browser.get(Self.path + "/device-model?limit=3")
        #expect(first.text.contains(#""next_cursor":"3""#))
        #expect(await browser.get(Self.path + "/device-model?limit=3&cursor=3").text.contains(#""next_cursor":null"#))
        let reports = await browser.get(Self.path + "/device-reports")
        #expect(reports.text.contains(#""state":"complete""#) && reports.text.contains(#""parts":2"#))
    }

    @Test func `values are checked against the picture before anything is sent`() async {
        func set(_ variable: String, _ value: String, _ component: String = "OCPPCommCtrlr") async -> Browser.Answer {
            await browser.send(
                .post, Self.path + "/device-model/variables",
                #"{"variables":[{"component":"\#(component)","variable":"\#(variable)","value":"\#(value)"}]}"#)
        }
        for (variable, value, text) in [
            ("HeartbeatInterval", "x", "expects integer"), ("HeartbeatInterval", "3601", "3600 at most"),
            ("Nowhere", "1", "does not name it"),
        ] {
            let answer = await set(variable, value)
            #expect(answer.status == 400 && answer.text.contains(text), "\(answer.text)")
        }
        #expect(await set("Model", "x", "ChargingStation").text.contains("ReadOnly"))
        let key = await set("BasicAuthPassword", "x", "SecurityCtrlr")
        #expect(key.status == 400 && key.text.contains("/key"))
    }

    @Test func `templates are made, shown with their drift, and deleted`() async {
        let path = "/api/v1/device-templates/mine"
        let body =
            #"{"settings":[{"component":"TxCtrlr","variable":"StopTxOnInvalidId","value":"true"}],"stations":["JY-003"]}"#
        #expect(await browser.send(.put, path, body).status == 201)
        #expect(await browser.send(.put, path, body).status == 200)
        let twice = body.replacing(
            #"],"stations"#, with: #",{"component":"txctrlr","variable":"stopTxOnInvalidId","value":"x"}],"stations"#)
        #expect(await browser.send(.put, path, twice).text.contains("stands twice"))
        let stations = await browser.get(path + "/stations")
        #expect(stations.text.contains(#""differs":1"#) && stations.text.contains(#""holds":0"#))
        #expect(await browser.get(path + "/drift?format=csv").text.contains("differs"))
        let page = await browser.get("/device-templates/mine")
        #expect(page.status == 200 && page.text.contains("TxCtrlr.StopTxOnInvalidId") && page.text.contains("JY-003"))
        #expect(await browser.get("/device-templates").text.contains("mine"))
        #expect(await browser.send(.delete, path, "").status == 204)
        #expect(await browser.get(path).status == 404)
    }

    @Test func `the page shows the picture, its drift, and lets a value be set`() async {
        let page = await browser.get("/stations/JY-003/device-model")
        #expect(page.status == 200)
        for text in ["OCPPCommCtrlr.HeartbeatInterval", "community", "name=\"value\""] {
            #expect(page.text.contains(text), "\(text)")
        }
        let drift = await browser.get("/stations/JY-003/device-model?drift=true")
        #expect(!drift.text.contains("HeartbeatInterval") && drift.text.contains("StopTxOnInvalidId"))
        #expect(await browser.get("/stations/JY-003").text.contains("/stations/JY-003/device-model"))
        let token = await browser.csrf("/stations/JY-003/device-model")
        let refused = await browser.post(
            form: "csrf=\(token)&component=OCPPCommCtrlr&variable=HeartbeatInterval&value=x",
            to: "/stations/JY-003/device-model")
        #expect(refused.status == 400)
    }

    @Test func `orders that make no sense are refused by field`() async {
        let monitors = await browser.send(.post, Self.path + "/monitors", #"{"monitors":[{"variable":"X"}]}"#)
        #expect(monitors.status == 400 && monitors.text.contains("monitors[0].type"))
        #expect(await browser.send(.put, Self.path + "/monitoring", "{}").status == 400)
        #expect(await browser.send(.put, Self.path + "/monitoring", #"{"base":"All","level":1}"#).status == 400)
        #expect(await browser.send(.post, Self.path + "/security-profile", #"{"security_profile":0}"#).status == 400)
        let url = await browser.send(
            .post, Self.path + "/security-profile", #"{"security_profile":2,"url":"ws://x"}"#)
        #expect(url.status == 400 && url.text.contains("wss://"))
        #expect(await browser.send(.post, Self.path + "/customer-information", #"{"report":true}"#).status == 400)
        #expect(await browser.send(.delete, Self.path + "/customer-information/9", "").status == 404)
        #expect(await browser.send(.delete, Self.path + "/monitors/x", "").status == 404)
    }
}
