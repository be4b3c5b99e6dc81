import Assets
import Operations
import Quantities

/// What a driver sees who scanned a station's QR code (C25): on to the page of the payment provider, or what is wrong. Open to
/// everybody: a code of the moment is what lets in.
enum PayPage {
    /// Their name in the audit.
    private static let driver = Actor(name: "qr-code", role: .viewer)

    /// `/pay/{station}/{evse}/{code}/{version}`, as the station made it; what is wished there stands in the query.
    @Sendable static func scanned(_ call: Call) async throws(Refusal) -> WebResponse {
        let query = call.request.query
        // A browser that looks ahead begins nothing: the code would be used up before the driver comes.
        let purpose = call.request.headers["sec-purpose"] ?? call.request.headers["purpose"] ?? ""
        guard !purpose.contains("prefetch") else { return WebResponse(status: 503) }
        func amount(_ name: String, _ scale: Int) -> Int64? {
            // What cannot be read is left to the station, which keeps to it all the same (C25.FR.60).
            query.filled(name).flatMap { scaledInteger($0, scale: scale, exact: false) }.flatMap {
                (1...1_000_000_000_000).contains($0) ? $0 : nil
            }
        }
        let scanned = ScannedCode(
            station: StationID(call.parameter("station")), evse: Int(call.parameter("evse")) ?? 0,
            code: call.parameter("code"), version: call.parameter("version"),
            energy: amount("maxenergy", 3).map { Energy(milliwattHours: $0) },
            seconds: amount("maxtime", 0).map { Int(min($0, 31_536_000)) }, cost: amount("maxcost", 2))
        do throws(ServiceFault) {
            guard case .payment(let payment) = try await call.service.order(.money(.scan(scanned)), by: driver) else {
                return refusal("pay.fault.other", 500, call)
            }
            return .seeOther("/pay/" + call.service.payTicket(of: payment.id))
        } catch {
            switch error.reason {
            case .codeNotGood: return refusal("pay.fault.code", 404, call)
            case .codeUsed: return refusal("pay.fault.used", 409, call)
            case .tooManyCodes(let seconds):
                var response = refusal("pay.fault.toomany", 429, call)
                response.headers.append(("Retry-After", String(seconds)))
                return response
            case .stationOffline, .evseUnknown, .stationUnknown: return refusal("pay.fault.station", 409, call)
            default: return refusal("pay.fault.other", 503, call)
            }
        }
    }

    private static func refusal(_ key: String, _ status: Int, _ call: Call) -> WebResponse {
        lone(
            call.words("pay.failed"), "<p class=\"banner banner-error\" role=\"alert\">\(call.words(key))</p>", call,
            status: status)
    }

    /// How the payment behind a ticket stands; on to the provider's page while that waits for the driver.
    @Sendable static func show(_ call: Call) async throws(Refusal) -> WebResponse {
        guard let payment = await call.service.payment(paying: call.parameter("ticket")) else {
            throw .notFound("payment", "")
        }
        let t = call.words
        if payment.state == .awaiting, let page = payment.page { return .seeOther(page) }
        let key =
            switch payment.state {
            case .begun, .awaiting: "pay.state.begun"
            case .authorized: "pay.state.authorized"
            case .charging: "pay.state.charging"
            case .ended, .settling: "pay.state.settling"
            case .settled, .refunding, .refunded: "pay.state.settled"
            case .cancelling, .cancelled: "pay.state.cancelled"
            case .refused: "pay.state.refused"
            case .open, .failed: "pay.state.open"
            }
        let receipt: HTML? =
            payment.state == .settled
            ? (payment.receiptURL ?? call.service.receiptAddress(of: payment.id)).map {
                "<p><a class=\"button\" href=\"\($0)\">\(t("payments.receipt"))</a></p>"
            } : nil
        let facts = Parts.facts([
            (t("payments.id"), HTML(escaping: payment.id)),
            (t("sessions.pile"), HTML(escaping: "\(payment.station.value) · \(payment.evse)")),
            (
                t("payments.reserved"),
                HTML(escaping: t("unit.yuan", ["amount": PaymentsPage.yuan(payment.reserved)]))
            ),
        ])
        var response = lone(t("pay.title"), "<p class=\"banner\" role=\"status\">\(t(key))</p>\(facts)\(receipt)", call)
        // Without a script: a telephone of whatever kind looks again by itself.
        if !payment.state.isOver, ![.open, .failed].contains(payment.state) {
            response.headers.append(("Refresh", payment.state == .begun ? "1" : "5"))
        }
        return response
    }

    private static func lone(_ title: String, _ content: HTML, _ call: Call, status: Int = 200) -> WebResponse {
        let t = call.words
        let body: HTML = """
            <main class="lone" id="main">
            <div class="brand"><span class="brand-mark" aria-hidden="true"></span>\(t("app.name"))</div>
            <h1>\(title)</h1>
            \(content)
            <p>\(Layout.languageSwitch(call.request, t))</p>
            </main>
            """
        return .page(Layout.document(title: title, call.request, t, call.console.assets, body: body), status: status)
    }
}
