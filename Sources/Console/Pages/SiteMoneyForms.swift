import Assets
import Operations
import Quantities

/// What a site's operator asks beside the price of the energy, and what the batteries of its vehicles cost; on the page of
/// the site.
enum SiteMoneyForms {
    static func html(_ site: Site, _ call: Call, _ format: Format, _ refused: RefusedForm?) -> HTML {
        let t = call.words
        return """
            <div class="columns">
            \(Parts.card(t("fees.title"), id: "fees", fees(site, call, format, refused)))
            \(Parts.card(t("battery.title"), id: "battery", battery(site, call, refused)))
            </div>
            """
    }

    // MARK: - Service fees

    private static func fees(_ site: Site, _ call: Call, _ format: Format, _ refused: RefusedForm?) -> HTML {
        let t = call.words
        let today = format.zone.civilDay(at: format.now)
        let inForce = site.serviceFees.last { $0.from <= today }
        let canSetUp = call.can(.manager)
        let rows: [HTML] = site.serviceFees.reversed().map { fee in
            let mark: HTML? =
                fee == inForce ? "<span class=\"state state-ok\">\(t("site.tariff.inforce"))</span>" : nil
            let remove: HTML? =
                canSetUp
                ? Parts.confirm(
                    t("action.remove"), effect: t("fees.remove.effect", ["from": fee.from.description]),
                    button: t("action.remove"), to: SitePage.path(site.id) + "/service-fees/remove",
                    [("from", fee.from.description)], call: call) : nil
            return """
                <tr><th scope="row">\(fee.from.description)</th><td class="number">\(fee.price.text(atMost: 6))</td>\
                <td>\(mark)</td><td>\(remove)</td></tr>
                """
        }
        let table =
            rows.isEmpty
            ? Parts.empty(t("fees.none"))
            : Parts.table(
                Parts.heads(
                    t, ["site.tariff.from", "fees.price", "site.tariff.state", "certificates.action"],
                    numbers: ["fees.price"]), rows, caption: t("fees.title"))
        guard canSetUp else { return "\(table)\(told(site, t))" }
        var form = FormView("fee", to: SitePage.path(site.id) + "/service-fees", call, refused)
        let fields: HTML = """
            \(form.input(t("site.tariff.from"), "from", today.description, type: "date", needed: true))
            \(form.input(t("fees.price"), "yuan_kwh", type: "number", hint: t("fees.price.hint"), needed: true, more: " min=\"0\" max=\"100\" step=\"any\""))
            """
        return """
            \(table)\(form.folded(t("fees.add"), form.html(fields, button: t("action.add"))))
            \(costs(site, call, refused))
            """
    }

    private static func told(_ site: Site, _ t: Words) -> HTML {
        Parts.facts([
            (t("costs.local"), HTML(escaping: t("costs.local." + site.localCost.rawValue))),
            (t("costs.running"), HTML(escaping: t(site.tellsRunningCost ? "value.yes" : "value.no"))),
            (t("costs.settlement"), HTML(escaping: t("costs.settlement." + site.settlement.rawValue))),
            (t("costs.demand"), HTML(escaping: t(site.paysDemand ? "value.yes" : "value.no"))),
        ])
    }

    /// What stations are told of prices and costs.
    private static func costs(_ site: Site, _ call: Call, _ refused: RefusedForm?) -> HTML {
        let t = call.words
        var form = FormView("costs", to: SitePage.path(site.id) + "/costs", call, refused)
        let settlements = GridFile.Settlement.allCases.map { ($0.rawValue, t("costs.settlement." + $0.rawValue)) }
        let words = Site.LocalCost.allCases.map { ($0.rawValue, t("costs.local." + $0.rawValue)) }
        let fields: HTML = """
            \(form.select(t("costs.local"), "local_cost", words, site.localCost.rawValue, hint: t("costs.local.hint")))
            \(form.check(t("costs.running"), "running_cost", site.tellsRunningCost))
            \(form.select(t("costs.settlement"), "settlement", settlements, site.settlement.rawValue, hint: t("costs.settlement.hint")))
            \(form.check(t("costs.demand"), "demand_charge", site.paysDemand))
            """
        return form.html(fields, button: t("action.save"))
    }

    @Sendable static func addFee(_ call: Call) async throws(Refusal) -> WebResponse {
        let site = try await SitesAPI.site(call)
        return try await saved(call, site, form: "fee", at: "#fees") { site, reader in
            let from = reader.day("from")
            let price = reader.decimal("yuan_kwh", scale: 6, 0...100_000_000, needed: true)
            guard let from, let price else { return }
            let fee = Site.ServiceFee(from: from, price: Rational(price) / Rational(1_000_000))
            site.serviceFees = (site.serviceFees.filter { $0.from != from } + [fee]).sorted { $0.from < $1.from }
            if site.serviceFees.count > mostFees {
                reader.refuse("from", InputProblem.tooManyRows(most: mostFees))
            }
        }
    }
    /// As many as the API takes.
    private static let mostFees = 200

    @Sendable static func removeFee(_ call: Call) async throws(Refusal) -> WebResponse {
        let site = try await SitesAPI.site(call)
        return try await saved(call, site, form: "fee", at: "#fees") { site, reader in
            guard let from = reader.day("from") else { return }
            site.serviceFees.removeAll { $0.from == from }
        }
    }

    @Sendable static func saveCosts(_ call: Call) async throws(Refusal) -> WebResponse {
        let site = try await SitesAPI.site(call)
        return try await saved(call, site, form: "costs", at: "#fees") { site, reader in
            if let word = reader.word("local_cost", Site.LocalCost.self, needed: true) { site.localCost = word }
            site.tellsRunningCost = reader.isChecked("running_cost")
            if let word = reader.word("settlement", GridFile.Settlement.self) { site.settlement = word }
            site.paysDemand = reader.isChecked("demand_charge")
        }
    }

    // MARK: - Batteries

    private static func battery(_ site: Site, _ call: Call, _ refused: RefusedForm?) -> HTML {
        let t = call.words
        let stated: HTML =
            "<p class=\"muted\">\(site.battery.map { t("v2g.battery", ["price": $0.wearPrice.text(decimals: 4)]) } ?? t("battery.none"))</p>"
        guard call.can(.manager) else { return stated }
        let terms = site.battery
        func decimal(_ value: Int64?, _ scale: Int) -> String {
            value.map { decimalText(Int128($0), scale: scale) } ?? ""
        }
        var form = FormView("battery", to: SitePage.path(site.id) + "/battery", call, refused)
        let kinds = BatteryTerms.Chemistry.allCases.map { ($0.rawValue, t("battery." + $0.rawValue)) }
        let fields: HTML = """
            \(form.select(t("battery.chemistry"), "chemistry", kinds, terms?.chemistry.rawValue ?? "lfp"))
            \(form.input(t("battery.value"), "value_yuan_per_kwh", decimal(terms?.valuePerKilowattHour, 6), type: "number", hint: t("battery.value.hint"), needed: true, more: " min=\"0\" step=\"any\""))
            \(form.input(t("battery.cycles"), "cycles", terms.map { String($0.cycles) } ?? "", type: "number", hint: t("battery.cycles.hint"), more: " min=\"1\" max=\"100000\""))
            \(form.input(t("battery.consumption"), "consumption_kwh_per_100km", decimal(terms?.consumption, 1), type: "number", hint: t("battery.consumption.hint"), more: " min=\"0.1\" max=\"1000\" step=\"0.1\""))
            \(form.input(t("battery.roundtrip"), "round_trip", decimal(terms?.roundTripPerMille.map(Int64.init), 3), type: "number", hint: t("battery.roundtrip.hint"), more: " min=\"0.001\" max=\"1\" step=\"0.001\""))
            """
        let remove: HTML? =
            terms == nil
            ? nil
            : Parts.confirm(
                t("action.remove"), effect: t("battery.remove.effect"), button: t("action.remove"),
                to: SitePage.path(site.id) + "/battery/remove", call: call)
        return "\(stated)\(form.html(fields, button: t("action.save")))\(remove)"
    }

    @Sendable static func saveBattery(_ call: Call) async throws(Refusal) -> WebResponse {
        let site = try await SitesAPI.site(call)
        return try await saved(call, site, form: "battery", at: "#battery") { site, reader in
            let chemistry = reader.word("chemistry", BatteryTerms.Chemistry.self, needed: true)
            let value = reader.decimal("value_yuan_per_kwh", scale: 6, 0...100_000_000_000, needed: true)
            let cycles = reader.whole("cycles", 1...100_000)
            let consumption = reader.decimal("consumption_kwh_per_100km", scale: 1, 1...10_000)
            let roundTrip = reader.decimal("round_trip", scale: 3, 1...1000)
            guard let chemistry, let value, reader.mistakes.isEmpty else { return }
            site.battery = BatteryTerms(
                chemistry: chemistry, valuePerKilowattHour: value, cycles: cycles, consumption: consumption,
                roundTripPerMille: roundTrip.map { Int($0) })
        }
    }

    @Sendable static func removeBattery(_ call: Call) async throws(Refusal) -> WebResponse {
        let site = try await SitesAPI.site(call)
        return try await saved(call, site, form: "battery", at: "#battery") { site, _ in site.battery = nil }
    }

    // MARK: -

    private static func saved(
        _ call: Call, _ site: Site, form: String, at place: String, _ change: (inout Site, inout FormReader) -> Void
    ) async throws(Refusal) -> WebResponse {
        var (changed, reader) = (site, FormReader(call))
        change(&changed, &reader)
        do {
            try reader.throwIfAny()
            _ = try await call.order(.putSite(changed))
        } catch {
            return await SitePage.page(
                call, site, .empty, refused: RefusedForm(name: form, refusal: error), status: error.status)
        }
        return .seeOther(SitePage.path(site.id) + "?note=saved" + place)
    }
}

/// How much a pile can give back, where somebody says it; on the page of the pile.
enum DischargeRatingForm {
    static func card(_ view: StationView, _ call: Call, _ refused: RefusedForm?) -> HTML {
        guard call.can(.manager) else { return .empty }
        let t = call.words
        let stated = view.station.electrical.maxDischarge.map { decimalText(Int128($0.watts), scale: 3) } ?? ""
        var form = FormView(
            "discharge", to: "/stations/\(PercentCoding.encode(view.station.id.value))/discharge-rating", call, refused)
        let fields = form.input(
            t("station.discharge"), "max_discharge_kw", stated, type: "number", hint: t("station.discharge.hint"),
            more: " min=\"0\" step=\"any\"")
        return Parts.card(t("station.discharge.title"), id: "discharge", form.html(fields, button: t("action.save")))
    }

    @Sendable static func save(_ call: Call) async throws(Refusal) -> WebResponse {
        let view = try await StationsAPI.station(call)
        return try await StationPage.ordered(call, view, form: "discharge", note: "saved", at: "#discharge") {
            () async throws(Refusal) in
            var reader = FormReader(call)
            let power = reader.decimal("max_discharge_kw", scale: 3, 0...100_000_000)
            try reader.throwIfAny()
            var change = StationChange()
            change.maxDischarge = .some(power.map { Power(watts: $0) })
            _ = try await call.order(.putStation(view.station.id, change))
        }
    }
}
