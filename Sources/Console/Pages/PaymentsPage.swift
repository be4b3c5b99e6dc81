import Assets
import Charging
import Operations
import Quantities

/// Ad hoc payments: what was reserved, taken, given back, and which wait for a person.
enum PaymentsPage {
    @Sendable static func list(_ call: Call) async throws(Refusal) -> WebResponse {
        let t = call.words
        let format = await call.format()
        let query = call.request.query
        let found = await call.service.payments(
            try MoneyAPI.filter(call), limit: 101, before: try await MoneyAPI.cursor(call))
        let base = FormFields(pairs: query.pairs.filter { $0.name != "cursor" && $0.name != "note" })
        let chips: [HTML] = [nil, Payment.State.charging, .settled, .open, .failed].map { state in
            Parts.chip(
                t(state.map { "payments.state." + $0.rawValue } ?? "payments.all"),
                href: "/payments" + base.query(replacing: "state", with: state?.rawValue),
                chosen: query.filled("state") == state?.rawValue)
        }
        let content: HTML = """
            <form class="filters" method="get" action="/payments" role="search">
            <input type="search" name="q" value="\(query["q"] ?? "")" placeholder="\(t("payments.search"))" aria-label="\(t("payments.search"))" data-key="search">
            \(query.filled("state").map { "<input type=\"hidden\" name=\"state\" value=\"\($0)\">" })
            <button class="button quiet">\(t("action.filter"))</button></form>
            <nav class="chips" aria-label="\(t("payments.state"))">\(chips)</nav>
            <section id="list" data-live="payment">\(table(found, base, format))</section>
            """
        let csv = "/api/v1/payments" + base.query(replacing: "format", with: "csv") + "&bom=1&limit=1000"
        return await Layout(
            call: call, section: .payments, title: t("payments.title"), actions: Parts.csv(csv, t), format: format
        ).response(content)
    }

    private static func table(_ found: [Payment], _ query: FormFields, _ format: Format) -> HTML {
        let t = format.words
        guard !found.isEmpty else {
            let isFiltered = ["q", "state", "station", "cursor"].contains { query.filled($0) != nil }
            return Parts.empty(
                t(isFiltered ? "payments.none" : "payments.never"),
                isFiltered ? "<a class=\"button\" href=\"/payments\">\(t("action.clear"))</a>" : .empty)
        }
        let rows: [HTML] = found.prefix(100).map { payment in
            """
            <tr data-row><th scope="row"><a href="\(address(payment))">\(payment.id)</a></th>\
            <td>\(state(payment, t))</td><td>\(t("payments.kind." + payment.kind.rawValue))</td>\
            <td>\(Parts.stationLink(payment.station))</td><td>\(session(payment))</td>\
            <td class="number">\(yuan(payment.reserved))</td><td class="number">\(yuan(payment.cost))</td>\
            <td class="number">\(yuan(payment.captured))</td><td>\(format.tag(payment.changedAt))</td></tr>
            """
        }
        let more: HTML? =
            found.count > 100
            ? "<p><a class=\"button\" href=\"/payments\(query.query(replacing: "cursor", with: found[99].id))\">\(t("action.more"))</a></p>"
            : nil
        let numbers = ["payments.reserved", "payments.cost", "payments.captured"]
        let table = Parts.table(
            Parts.heads(
                t,
                ["payments.id", "payments.state", "payments.kind", "sessions.pile", "payments.session"] + numbers
                    + ["payments.changed"], numbers: Set(numbers)), rows, caption: t("payments.title"))
        return "\(table)\(more)"
    }

    @Sendable static func show(_ call: Call) async throws(Refusal) -> WebResponse {
        await page(call, try await MoneyAPI.payment(call), .empty)
    }

    private static func page(_ call: Call, _ payment: Payment, _ banner: HTML, status: Int = 200) async -> WebResponse {
        let t = call.words
        let format = await call.format()
        var pairs: [(String, HTML)] = [
            (t("payments.state"), state(payment, t)),
            (t("payments.kind"), HTML(escaping: t("payments.kind." + payment.kind.rawValue))),
            (t("sessions.pile"), Parts.stationLink(payment.station)), (t("payments.session"), session(payment)),
            (t("payments.reference"), HTML(escaping: payment.reference ?? Format.none)),
            (t("payments.reserved"), HTML(escaping: yuan(payment.reserved))),
            (t("payments.cost"), HTML(escaping: yuan(payment.cost))),
            (t("payments.captured"), HTML(escaping: yuan(payment.captured))),
            (t("payments.refunded"), HTML(escaping: yuan(payment.refunded))),
            (t("payments.begun"), format.tag(payment.createdAt)), (t("payments.by"), HTML(escaping: payment.by)),
            (t("payments.changed"), format.tag(payment.changedAt)),
        ]
        if let word = payment.word { pairs.append((t("payments.word"), HTML(escaping: word))) }
        if payment.step != nil {
            pairs.append((t("payments.attempts"), HTML(escaping: String(payment.attempts))))
        }
        if let receipt = payment.receiptURL ?? call.service.receiptAddress(of: payment.id), payment.state == .settled {
            pairs.append((t("payments.receipt"), "<a href=\"\(receipt)\" rel=\"noreferrer\">\(receipt)</a>"))
        }
        let content: HTML = """
            \(banner)
            \(Parts.card(t("payments.facts"), id: "facts", live: "payment", Parts.facts(pairs)))
            \(Parts.card(t("payments.act"), id: "act", acts(payment, call)))
            """
        return await Layout(
            call: call, section: .payments, title: payment.id, scope: payment.station.value, format: format,
            address: address(payment)
        ).response(content, status: status)
    }

    private static func acts(_ payment: Payment, _ call: Call) -> HTML {
        let t = call.words
        guard call.can(.manager) else { return "<p class=\"muted\">\(t("denied.manager"))</p>" }
        func button(_ act: String) -> HTML {
            Parts.confirm(
                t("payments.act." + act), effect: t("payments.effect." + act), button: t("payments.act." + act),
                to: address(payment), [("act", act)], call: call)
        }
        func amount(_ act: String, _ fen: Int64?) -> HTML {
            """
            <form method="post" action="\(address(payment))">\(Layout.csrf(call))<input type="hidden" name="act" value="\(act)">
            \(Parts.field(t("payments.amount"), name: "amount_yuan", value: fen.map { (Rational($0) / Rational(100)).text(decimals: 2) } ?? "", required: true))
            <p class="hint">\(t("payments.effect." + act))</p><button class="button danger">\(t("payments.act." + act))</button></form>
            """
        }
        var parts: [HTML] = []
        if [.begun, .awaiting, .authorized, .open].contains(payment.state) { parts.append(button("cancel")) }
        if payment.state == .settled, let captured = payment.captured, captured > payment.refunded {
            parts.append(amount("refund", captured - payment.refunded))
        }
        if payment.state == .open || (payment.state == .failed && payment.step != .capture) {
            parts.append(amount("capture", payment.cost ?? payment.reserved))
        }
        if payment.state == .failed, payment.step != nil { parts.append(button("retry")) }
        return parts.isEmpty ? "<p class=\"muted\">\(t("payments.act.none"))</p>" : "\(parts)"
    }

    @Sendable static func act(_ call: Call) async throws(Refusal) -> WebResponse {
        let payment = try await MoneyAPI.payment(call)
        let form = call.form
        var fen: Int64 = 0
        if ["refund", "capture"].contains(form["act"]) {
            guard let text = form.filled("amount_yuan"), let amount = scaledInteger(text, scale: 2, exact: true),
                amount > 0
            else {
                let mistake = Mistake(
                    path: call.words("payments.amount"), problem: call.words("payments.amount.invalid"))
                return await page(
                    call, payment, Parts.errors([mistake], call.words("payments.refused"), call.words), status: 400)
            }
            fen = amount
        }
        let act: PaymentAct =
            switch form["act"] {
            case "cancel": .cancel
            case "refund": .refund(fen)
            case "capture": .capture(fen)
            case "retry": .retry
            default: throw .invalid([.init(path: "act", problem: "cancel, refund, capture or retry is expected")])
            }
        _ = try await call.order(.money(.steerPayment(payment.id, act)))
        return .seeOther(address(payment) + "?note=payment")
    }

    static func address(_ payment: Payment) -> String { "/payments/" + PercentCoding.encode(payment.id) }

    static func state(_ payment: Payment, _ t: Words) -> HTML {
        let tone =
            switch payment.state {
            case .settled: "ok"
            case .open, .failed: "bad"
            case .refused, .cancelled, .refunded: "off"
            case .charging: "active"
            default: "wait"
            }
        return "<span class=\"state state-\(tone)\">\(t("payments.state." + payment.state.rawValue))</span>"
    }

    private static func session(_ payment: Payment) -> HTML {
        guard let id = payment.session?.value else { return HTML(escaping: Format.none) }
        return "<a href=\"/sessions/\(PercentCoding.encode(id))\">\(id)</a>"
    }

    static func yuan(_ fen: Int64?) -> String { fen.map { Format.fixed($0, scale: 2, decimals: 2) } ?? Format.none }
}

/// What a driver paid for, at an address that nobody guesses.
enum ReceiptPage {
    @Sendable static func show(_ call: Call) async throws(Refusal) -> WebResponse {
        let t = call.words
        guard let payment = await call.service.payment(receipt: call.parameter("ticket")) else {
            throw .notFound("receipt", "")
        }
        let statement: SessionStatement? =
            if let id = payment.session { await call.service.statement(of: id) } else { nil }
        let site: Site? = if let id = statement?.site { await call.service.site(id) } else { nil }
        let format = await call.format(for: site?.zone)
        var pairs: [(String, HTML)] = [
            (t("payments.id"), HTML(escaping: payment.id)), (t("payments.state"), PaymentsPage.state(payment, t)),
            (t("sessions.pile"), HTML(escaping: payment.station.value)),
            (t("payments.captured"), HTML(escaping: t("unit.yuan", ["amount": PaymentsPage.yuan(payment.captured)]))),
        ]
        if payment.refunded > 0 {
            pairs.append(
                (
                    t("payments.refunded"),
                    HTML(escaping: t("unit.yuan", ["amount": PaymentsPage.yuan(payment.refunded)]))
                ))
        }
        if let session = statement?.session {
            pairs += [
                (t("sessions.started"), format.tag(session.startedAt)),
                (t("sessions.endedat"), format.tag(session.endedAt)),
                (t("session.imported"), HTML(escaping: format.kilowattHours(session.imported) + " kWh")),
            ]
        }
        if let name = site?.operatorName, !name.isEmpty { pairs.append((t("receipt.operator"), HTML(escaping: name))) }
        let body: HTML = """
            <main class="lone" id="main">
            <div class="brand"><span class="brand-mark" aria-hidden="true"></span>\(t("app.name"))</div>
            <h1>\(t("receipt.title"))</h1>
            \(Parts.facts(pairs))
            \(statement.map { StatementCard.lines($0, t) })
            <p class="muted">\(t("receipt.note"))</p>
            <p>\(Layout.languageSwitch(call.request, t))</p>
            </main>
            """
        return .page(
            Layout.document(title: t("receipt.title"), call.request, t, call.console.assets, body: body))
    }
}

/// What a session cost, line by line.
enum StatementCard {
    static func show(_ statement: SessionStatement, _ t: Words) -> HTML {
        let id = PercentCoding.encode(statement.session.id.value)
        return Parts.card(
            t("statement.title"), id: "statement", live: "session",
            actions: Parts.csv("/api/v1/sessions/\(id)/statement?format=csv&bom=1", t), lines(statement, t))
    }

    static func lines(_ statement: SessionStatement, _ t: Words) -> HTML {
        guard !statement.lines.isEmpty else { return Parts.empty(t("statement.none")) }
        let rows: [HTML] = statement.lines.map { line in
            """
            <tr><th scope="row">\(t(line.isExport ? "statement.export" : "statement.import"))</th>\
            <td>\(line.level == CostLine.other ? t("statement.several") : Parts.level(line.level, t))</td>\
            <td class="number">\(line.price?.text(atMost: 6) ?? Format.none)</td>\
            <td class="number">\(line.isExport ? Format.none : line.fee?.text(atMost: 6) ?? Format.none)</td>\
            <td class="number">\(line.energy.text(decimals: 3))</td>\
            <td class="number">\(line.isExport ? "−" : "")\((line.amount + line.feeAmount).text(decimals: 2))</td></tr>
            """
        }
        let numbers = ["statement.price", "statement.fee", "statement.energy", "statement.amount"]
        let table = Parts.table(
            Parts.heads(t, ["statement.direction", "statement.level"] + numbers, numbers: Set(numbers)), rows,
            caption: t("statement.title"))
        func money(_ amount: Rational?) -> HTML {
            HTML(escaping: amount.map { t("unit.yuan", ["amount": $0.text(decimals: 2)]) } ?? Format.none)
        }
        var pairs: [(String, HTML)] = [
            (t("statement.energyamount"), money(statement.energyAmount)),
            (t("statement.feeamount"), money(statement.feeAmount)),
            (t(statement.isFinal ? "statement.total" : "statement.sofar"), money(statement.total)),
        ]
        if let own = statement.session.account.prices {
            let parts = [own.tariff, own.serviceFee.map { t("statement.own.fee", ["fee": $0.text(atMost: 6)]) }]
            pairs.append(
                (t("statement.own"), HTML(escaping: parts.compactMap { $0 }.joined(separator: t("flow.and")))))
        }
        if statement.session.exported > .zero {
            pairs.append((t("statement.given"), "\(statement.session.exported.kilowattHoursText) kWh"))
        }
        if let credit = statement.exportCredit { pairs.append((t("statement.credit"), money(credit))) }
        if let minimum = statement.session.statedMinimum {
            pairs.append((t("session.minimum"), "\(minimum.kilowattHoursText) kWh"))
        }
        if let measured = statement.session.account.losses?.roundTrip {
            pairs.append((t("session.roundtrip"), Parts.roundTrip(measured, t)))
        }
        if let told = statement.session.account.told {
            pairs.append(
                (t("statement.station"), told.hasFailed ? HTML(escaping: t("statement.failed")) : money(told.total)))
        }
        return "\(table)\(Parts.facts(pairs))"
    }
}
