import Assets
import Charging
import Operations
import Quantities

/// The QR codes that a station shows for drivers without a contract, on the station's page.
struct WebPaymentsCard {
    let view: StationView
    let call: Call
    let format: Format
    let refused: RefusedForm?
    private var t: Words { format.words }

    /// Empty for stations that know nothing of it.
    func html() async -> HTML {
        let setups = await call.service.webPayments(of: view.station.id) ?? []
        guard view.protocol == SubprotocolWords.v21 || !setups.isEmpty else { return .empty }
        let template = call.service.webPaymentTemplate
        let rows: [HTML] = setups.map { setup in
            let word: HTML? = setup.word.map { " <span class=\"mono\">\($0)</span>" }
            return """
                <tr data-row><th scope="row">\(place(setup.evse))</th><td>\(Self.state(setup, t))\(word)</td>\
                <td class="number">\(setup.wish.validity)</td><td class="number">\(setup.wish.length)</td>\
                <td class="number">\(PaymentsPage.yuan(setup.wish.fen))</td><td>\(format.ago(setup.changedAt))</td></tr>
                """
        }
        let numbers = ["webpayments.validity", "webpayments.length", "webpayments.amount"]
        let table: HTML =
            rows.isEmpty
            ? Parts.empty(t("webpayments.none"))
            : Parts.table(
                Parts.heads(
                    t, ["webpayments.place", "webpayments.state"] + numbers + ["payments.changed"],
                    numbers: Set(numbers)), rows, caption: t("webpayments.title"))
        let address: HTML =
            template.map { "<p class=\"muted\">\(t("webpayments.template")) <code>\($0)</code></p>" }
            ?? "<p class=\"banner banner-warn\">\(t("fault.public-address-missing"))</p>"
        let api = "/api/v1/stations/" + PercentCoding.encode(view.station.id.value)
        return Parts.card(
            t("webpayments.title"), id: "web-payments", live: "station",
            actions: Parts.csv(api + "/web-payments?format=csv&bom=1", t),
            "<p class=\"muted\">\(t("webpayments.text"))</p>\(table)\(address)\(call.can(.manager) ? form(setups.first) : .empty)"
        )
    }

    private func place(_ evse: Int) -> String {
        evse == 0 ? t("webpayments.whole") : t("webpayments.evse", ["evse": String(evse)])
    }

    private static func state(_ setup: WebPaymentSetup, _ t: Words) -> HTML {
        let tone =
            switch setup.state {
            case .on: "ok"
            case .refused: "bad"
            case .sent: "wait"
            case .off: "off"
            }
        return "<span class=\"state state-\(tone)\">\(t("webpayments.state." + setup.state.rawValue))</span>"
    }

    private func form(_ known: WebPaymentSetup?) -> HTML {
        let path = "/stations/" + PercentCoding.encode(view.station.id.value) + "/web-payments"
        let wish = known?.wish ?? WebPaymentsAPI.usual
        var form = FormView("web-payments", to: path, call, refused)
        var fields: HTML = form.select(
            t("webpayments.place"), "evse_id", ([0] + view.evses.map(\.number)).map { (String($0), place($0)) },
            String(known?.evse ?? 0))
        fields += form.input(
            t("webpayments.amount"), "amount_yuan", wish.fen == 0 ? "" : PaymentsPage.yuan(wish.fen),
            hint: t("webpayments.amount.hint"), more: " inputmode=\"decimal\"")
        fields += form.input(
            t("webpayments.validity"), "validity_seconds", String(wish.validity), type: "number", needed: true,
            more: " min=\"6\" max=\"3600\"")
        fields += form.input(
            t("webpayments.length"), "length", String(wish.length), type: "number", needed: true,
            more: " min=\"6\" max=\"32\"")
        fields += form.check(t("webpayments.enabled"), "enabled", true)
        fields += form.check(t("webpayments.renew"), "renew")
        let body = form.html(fields, button: t("webpayments.do"), hurts: false, off: !view.online)
        return form.folded(t("webpayments.open"), body)
    }

    @Sendable static func set(_ call: Call) async throws(Refusal) -> WebResponse {
        let view = try await StationsAPI.station(call)
        return try await StationPage.ordered(call, view, form: "web-payments", note: "command", at: "#web-payments") {
            () async throws(Refusal) in
            var reader = FormReader(call)
            let evse = reader.whole("evse_id", 0...64) ?? 0
            var wish = await WebPaymentsAPI.known(evse, of: view.station.id, call)
            wish.isEnabled = reader.isChecked("enabled")
            wish.validity = reader.whole("validity_seconds", WebPaymentsAPI.validities, needed: true) ?? wish.validity
            wish.length = reader.whole("length", WebPaymentsAPI.lengths, needed: true) ?? wish.length
            if let text = reader.text("amount_yuan", atMost: 20, needed: wish.isEnabled) {
                if let fen = scaledInteger(text, scale: 2, exact: true), (1...100_000_000).contains(fen) {
                    wish.fen = fen
                } else {
                    reader.refuse(
                        "amount_yuan", InputProblem.notInRange(given: text, from: "0.01", to: "1000000"))
                }
            }
            try reader.throwIfAny()
            _ = try await WebPaymentsAPI.order(
                wish, evse: evse, renews: reader.isChecked("renew"), of: view.station.id, call)
        }
    }
}
