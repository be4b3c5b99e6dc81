import Assets
import Charging
import ConsoleSupport
import Operations
import Quantities
import Testing

@testable import Console

@Suite("Costs and payments in the console") struct MoneyAPITests {
    let browser = Browser(open: true)

    private func begin(_ more: String = "") async -> Browser.Answer {
        await browser.send(
            .post, "/api/v1/payments", #"{"station": "JY-005", "evse_id": 1, "amount_yuan": 20.5\#(more)}"#)
    }

    @Test func `a payment is begun, listed, shown and steered`() async throws {
        let begun = await begin(#", "psp_ref": "kiosk-1""#)
        #expect(begun.status == 201 && begun.value("reserved_yuan") == "20.50" && begun.value("kind") == "\"kiosk\"")
        #expect(await browser.get("/api/v1/payments?state=begun&q=kiosk").text.contains("PM-1"))
        #expect(await browser.get("/api/v1/payments?state=settled").text.contains("\"items\":[]"))
        #expect(await browser.get("/api/v1/payments?state=nonsense").status == 400)
        #expect(await browser.get("/api/v1/payments?format=csv").text.contains("PM-1,kiosk,begun,JY-005,1,kiosk-1"))
        for language in ["en", "zh-CN"] {
            let reader = browser.with(["accept-language": language])
            let list = await reader.get("/payments")
            #expect(list.status == 200 && list.text.contains("href=\"/payments/PM-1\""))
            let page = await reader.get("/payments/PM-1")
            #expect(page.text.contains("20.50") && page.text.contains("value=\"cancel\""))
            #expect(await reader.get("/payments?state=settled").status == 200)
        }
        #expect(await browser.send(.post, "/api/v1/payments/PM-1/refund", #"{"amount_yuan": 1}"#).status == 409)
        #expect(await browser.send(.post, "/api/v1/payments/PM-1/cancel").value("state") == "\"cancelling\"")
        #expect(await browser.get("/api/v1/payments/PM-2").status == 404)
    }

    @Test(arguments: [
        (#"{}"#, "station"), (#"{"station": "JY-005", "evse_id": 0, "amount_yuan": 1}"#, "evse_id"),
        (#"{"station": "JY-005", "evse_id": 1, "amount_yuan": 0}"#, "amount_yuan"),
        (#"{"station": "JY-005", "evse_id": 1, "amount_yuan": 1, "max_soc_percent": 101}"#, "max_soc_percent"),
        (#"{"station": "JY-005", "evse_id": 1, "amount_yuan": 1, "card": "4111"}"#, "card"),
    ]) func `what makes no sense is refused by its field`(_ body: String, _ path: String) async {
        let answer = await browser.send(.post, "/api/v1/payments", body)
        #expect(answer.status == 400 && answer.text.contains("\"path\":\"\(path)\""), "\(answer.text)")
        #expect(browser.platform.read { $0.payments.isEmpty })
    }

    @Test func `what is left on a card is set, raised and shown`() async {
        _ = await browser.send(.put, "/api/v1/id-tokens/T-1", #"{"status": "Accepted"}"#)
        let path = "/api/v1/id-tokens/T-1/credit"
        #expect(await browser.get(path).value("credit_yuan") == "null")
        for wrong in ["{}", #"{"credit_yuan": -1}"#, #"{"credit_yuan": "x"}"#] {
            #expect(await browser.send(.put, path, wrong).status == 400)
        }
        #expect(await browser.send(.put, path, #"{"credit_yuan": 10}"#).value("credit_yuan") == "10.00")
        #expect(await browser.send(.post, path, #"{"amount_yuan": 2.5}"#).value("credit_yuan") == "12.50")
        #expect(await browser.send(.post, path, #"{"amount_yuan": 0}"#).status == 400)
        #expect(await browser.send(.put, path, #"{"credit_yuan": null}"#).value("credit_yuan") == "null")
        #expect(await browser.get("/api/v1/id-tokens/none/credit").status == 404)
        #expect(await Browser().token("operator").send(.put, path, #"{"credit_yuan": 1}"#).status == 403)
    }

    @Test func `codes are set up, listed and shown`() async throws {
        let path = "/api/v1/stations/JY-005/web-payments"
        let refused = await browser.send(.put, path, #"{"evse_id": 1}"#)
        #expect(refused.status == 400 && refused.text.contains("\"path\":\"amount_yuan\""))
        for wrong in [
            #"{"amount_yuan": 1, "length": 5}"#, #"{"amount_yuan": 1, "validity_seconds": 5}"#, #"{"secret": "x"}"#,
        ] {
            #expect(await browser.send(.put, path, wrong).status == 400)
        }
        #expect(await browser.send(.put, path, #"{"evse_id": 1, "amount_yuan": 50}"#).status == 202)
        let list = await browser.get(path)
        #expect(list.text.contains("\"amount_yuan\":50.00") && list.text.contains("{totp}"))
        #expect(await browser.get(path + "?format=csv").text.contains("1,sent,true,30,10,50.00"))
        for language in ["en", "zh-CN"] {
            let page = await browser.with(["accept-language": language]).get("/stations/JY-005")
            #expect(page.text.contains("id=\"web-payments\"") && page.text.contains("{totp}"))
        }
        let page = await browser.post(
            form:
                "csrf=\(await browser.csrf("/stations/JY-005"))&evse_id=2&amount_yuan=7.5&validity_seconds=60&length=12&enabled=on",
            to: "/stations/JY-005/web-payments")
        #expect(page.status == 303)
        #expect(browser.platform.read { $0.webPayments.values.first?.first?.wish.fen } == 750)
        #expect(await Browser().token("operator").send(.put, path, "{}").status == 403)
    }

    @Test func `test C25 FR 20 who scans a code gets on, or reads what is wrong`() async throws {
        let open = Browser()
        let begun = await open.get("/pay/JY-005/1/good00/v1/?maxcost=12.5&maxenergy=8000&maxtime=x")
        #expect(begun.status == 303 && begun.header("Location") == "/pay/pay-PM-1")
        #expect(open.platform.read { $0.payments.first?.reserved } == 1250)
        let waiting = await open.get("/pay/pay-PM-1")
        #expect(waiting.status == 200 && waiting.header("Refresh") == "1")
        open.platform.change {
            $0.payments[0].state = .awaiting; $0.payments[0].page = "https://psp.example/p/1"
        }
        let page = await open.get("/pay/pay-PM-1")
        #expect(page.status == 303 && page.header("Location") == "https://psp.example/p/1")
        #expect(await open.get("/pay/pay-PM-2").status == 404)
        for (code, status) in [("forged", 404), ("used00", 409), ("many00", 429)] {
            for (language, word) in [("en", "charging station"), ("zh-CN", "充电桩")] {
                let answer = await open.with(["accept-language": language]).get("/pay/JY-005/1/\(code)/v1")
                #expect(answer.status == status && answer.text.contains(word), "\(code)")
            }
        }
        let ahead = await open.with(["sec-purpose": "prefetch"]).get("/pay/JY-005/1/good00/v1")
        #expect(ahead.status == 503 && open.platform.read { $0.payments.count } == 1)
    }

    @Test func `roles are asked for`() async {
        for (method, path, least) in [
            (WebRequest.Method.get, "/api/v1/payments", "operator"), (.post, "/api/v1/payments", "operator"),
            (.post, "/api/v1/stations/JY-005/tariffs:send", "operator"),
        ] {
            let answer = await Browser().token("viewer").send(method, path, "{}")
            #expect(answer.status == 403 && answer.text.contains("needs the role \(least)"), "\(path)")
        }
        for act in ["cancel", "refund", "capture", "retry"] {
            let answer = await Browser().token("operator").send(.post, "/api/v1/payments/PM-1/\(act)", "{}")
            #expect(answer.status == 403 && answer.text.contains("needs the role manager"))
        }
    }

    @Test func `a receipt needs no sign-in but its address, and a statement stands on the session's page`() async throws
    {
        let stranger = Browser()
        stranger.platform.change { state in
            var payment = Payment(
                id: "PM-1", kind: .web, station: StationID("JY-005"), evse: 1, by: "wang",
                createdAt: PreviewCommunity.evening,
                state: .settled)
            payment.captured = 444
            payment.session = state.sessions.first?.session.id
            state.payments = [payment]
        }
        let receipt = await stranger.get("/receipts/receipt-PM-1")
        #expect(receipt.status == 200 && receipt.text.contains("4.44"))
        #expect(await stranger.get("/receipts/receipt-PM-9").status == 404)
        #expect(await stranger.get("/payments").status != 200)
        let id = try #require(browser.platform.read { $0.sessions.first?.session.id.value })
        #expect(await browser.get("/sessions/\(PercentCoding.encode(id))").text.contains("id=\"statement\""))
        #expect(await browser.get("/api/v1/sessions/\(PercentCoding.encode(id))/statement").status == 200)
    }

    @Test func `service fees are dated and in order`() async throws {
        let site = try #require(browser.platform.read { $0.sites.keys.sorted().first?.value })
        let good = await browser.send(
            .put, "/api/v1/sites/\(site)",
            #"{"service_fees": [{"from": "2026-01-01", "yuan_kwh": 0.35}], "local_cost": "on", "running_cost": true}"#)
        #expect(good.status == 200 && good.text.contains("\"yuan_kwh\":0.35") && good.value("local_cost") == "\"on\"")
        let bad = await browser.send(
            .put, "/api/v1/sites/\(site)",
            #"{"service_fees": [{"from": "2026-02-01", "yuan_kwh": 1}, {"from": "2026-01-01", "yuan_kwh": -1}]}"#)
        #expect(bad.status == 400 && bad.text.contains("service_fees"))
    }
}
