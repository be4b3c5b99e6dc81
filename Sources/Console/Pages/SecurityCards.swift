import Assets
import Documents
import Operations
import Quantities

/// What bears on a station's security, on its page: certificates, what it holds, events.
struct SecurityCards {
    let view: StationView
    let call: Call
    let format: Format
    private var t: Words { format.words }
    private var api: String { "/api/v1/stations/" + PercentCoding.encode(view.station.id.value) }

    func html() async -> HTML {
        let authority = await call.service.authority()
        let certificates = await call.service.certificates(of: view.station.id)
        let held = await HeldCertificatesView(of: view.station.id, call.service)
        let events = await call.service.securityEvents(
            of: view.station.id, critical: false, limit: Self.eventsShown, before: nil)
        let isPlain = authority == nil && certificates.isEmpty && held.rows.isEmpty
        let certificateCard: HTML =
            isPlain && view.station.securityProfile < 2
            ? ""
            : Parts.card(
                t("certificates.title"), id: "certificates", live: "station command",
                actions: Parts.csv(api + "/certificates?format=csv&bom=1", t),
                "\(own(certificates))\(buttons(authority))\(list(held))")
        return """
            \(certificateCard)
            \(Parts.card(t("events.title"), id: "events", live: "station", actions: Parts.csv(api + "/security-events?format=csv&bom=1&limit=1000", t), list(events)))
            """
    }

    // MARK: - Certificates

    private func own(_ certificates: [CertificateRecord]) -> HTML {
        guard !certificates.isEmpty else { return Parts.empty(t("certificates.none")) }
        let rows: [HTML] = certificates.prefix(Self.certificatesShown).map { record in
            let left = record.notAfter - format.now
            let end: HTML =
                left <= .days(7)
                ? "<span class=\"state state-bad\">\(format.tag(record.notAfter))</span>" : format.tag(record.notAfter)
            let word = record.word.map { ": " + $0 } ?? ""
            let used: HTML = record.isInUse ? " <span class=\"state state-ok\">\(t("certificates.used"))</span>" : ""
            return """
                <tr data-row><th scope="row">\(record.subject)<div class="muted mono">\(record.serialNumber)</div></th>\
                <td>\(end)</td><td>\(t("certificate.state." + record.state.rawValue))\(word)\(used)</td>\
                <td>\(format.ago(record.at))</td></tr>
                """
        }
        return Parts.table(
            Parts.heads(t, ["certificates.subject", "certificates.end", "certificates.state", "certificates.since"]),
            rows, caption: t("certificates.title"))
    }

    private func buttons(_ authority: AuthorityView?) -> HTML {
        guard call.can(.operator) else { return "" }
        let is16 = view.protocol ?? OCPPWords.v16 == OCPPWords.v16
        let renew =
            is16
            ? ("ExtendedTriggerMessage", #"{"requestedMessage":"SignChargePointCertificate"}"#)
            : ("TriggerMessage", #"{"requestedMessage":"SignChargingStationCertificate"}"#)
        let root = is16 ? "CentralSystemRootCertificate" : "CSMSRootCertificate"
        let ask = ("GetInstalledCertificateIds", is16 ? #"{"certificateType":"\#(root)"}"# : "{}")
        var all = [("certificates.renew", renew), ("certificates.ask", ask)]
        if let authority {
            let payload: JSONValue = ["certificateType": .string(root), "certificate": .string(authority.root)]
            all.append(("certificates.install", ("InstallCertificate", payload.text())))
        }
        let forms: [HTML] = all.map { form(t($0.0), $0.1.0, $0.1.1) }
        return "<div class=\"controls\">\(forms)</div>"
    }

    private func form(_ label: String, _ action: String, _ payload: String) -> HTML {
        let path = "/stations/" + PercentCoding.encode(view.station.id.value) + "/commands"
        return Parts.button(label, to: path, [("action", action), ("payload", payload)], off: !view.online, call: call)
    }

    private func list(_ held: HeldCertificatesView) -> HTML {
        let since: HTML =
            held.listedAt.map { "\(t("certificates.held.text")) \(format.ago($0))" }
            ?? "\(t("certificates.held.never"))"
        guard !held.rows.isEmpty else {
            guard let at = held.listedAt else { return "" }
            return "<p class=\"muted\">\(t("certificates.held.none")) \(format.ago(at))</p>"
        }
        let rows: [HTML] = held.rows.map { row in
            let item = row.held
            let ours: HTML = row.isOurs ? " <span class=\"state state-ok\">\(t("certificates.ours"))</span>" : ""
            let subject: HTML? = row.subject.map { "<div class=\"muted\">\($0)</div>" }
            let end: HTML =
                row.notAfter.map { end in
                    end - format.now <= .days(30)
                        ? "<span class=\"state state-bad\">\(format.tag(end))</span>" : format.tag(end)
                } ?? "—"
            let details: HTML? = item.hash.map {
                "<details><summary>\($0.algorithm)</summary><div class=\"mono\">\($0.issuerNameHash)<br>\($0.issuerKeyHash)</div></details>"
            }
            return """
                <tr data-row><th scope="row">\(item.isChild ? "↳ " : "")\(item.use)\(ours)\(subject)</th>\
                <td class="mono">\(item.hash?.serialNumber ?? "—")\(details)</td><td>\(end)</td>\
                <td>\(t("certificates.source." + item.source.rawValue)) \(format.ago(item.at))</td><td>\(delete(item))</td></tr>
                """
        }
        let table = Parts.table(
            Parts.heads(
                t,
                [
                    "certificates.use", "certificates.serial", "certificates.end", "certificates.source",
                    "certificates.action",
                ]), rows, caption: t("certificates.held"))
        return "<h3>\(t("certificates.held"))</h3><p class=\"muted\">\(since)</p>\(table)"
    }

    private func delete(_ item: HeldCertificate) -> HTML {
        guard call.can(.operator), !item.isChild, let hash = item.hash else { return "" }
        let payload: JSONValue = ["certificateHashData": hash.json]
        return form(t("certificates.delete"), "DeleteCertificate", payload.text())
    }

    // MARK: - Events

    private func list(_ events: [StoredSecurityEvent]) -> HTML {
        guard !events.isEmpty else { return Parts.empty(t("events.none")) }
        let rows: [HTML] = events.map { stored in
            let event = stored.event
            let mark: HTML = event.isCritical ? " <span class=\"state state-bad\">\(t("events.critical"))</span>" : ""
            return """
                <tr data-row><td>\(format.precise(event.at))</td>\
                <th scope="row">\(t.known("security." + event.type) ?? event.type)\(mark)<div class="muted mono">\(event.type)</div></th>\
                <td>\(t("events.source." + event.source.rawValue))</td><td>\(event.info ?? "")</td></tr>
                """
        }
        return Parts.table(
            Parts.heads(t, ["table.time", "events.what", "events.source", "events.info"]), rows,
            caption: t("events.title"))
    }

    private static let eventsShown = 20
    private static let certificatesShown = 6
}

/// Names of sub-protocols that a page must tell apart.
private enum OCPPWords {
    static let v16 = "ocpp1.6"
}
