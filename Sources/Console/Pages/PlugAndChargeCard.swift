import Assets
import Charging
import Operations
import Quantities

/// Whether vehicles may charge here by contract (ISO 15118), as far as the station has told: on its page, for OCPP 2.x.
struct PlugAndChargeCard {
    let view: StationView
    let call: Call
    let format: Format
    private var t: Words { format.words }

    /// Of `ISO15118Ctrlr` (2.0.1 appendix 3).
    private static let variables = [
        "Enabled", "PnCEnabled", "ContractCertificateInstallationEnabled", "V2GCertificateInstallationEnabled",
        "CentralContractValidationAllowed", "ContractValidationOffline",
    ]
    private static let roots = ["V2GRootCertificate", "MORootCertificate"]

    func html() async -> HTML {
        guard MonitorCards.has(view) else { return "" }
        let names = Self.variables.map { VariableName(component: "ISO15118Ctrlr", variable: $0) }
        let told = await call.service.deviceModel(of: view.station.id, keys: Set(names.map(\.key)))
        let picture = await call.service.heldCertificates(of: view.station.id)
        let held = picture?.items.filter { !$0.isChild } ?? []
        guard !told.isEmpty || held.contains(where: { Self.roots.contains($0.use) }) else { return "" }
        let device = DevicePicture(told, isComplete: false)
        var pairs = zip(Self.variables, names).map { word, name in
            (t("plugandcharge." + word), answer(device.find(name)?.variable.value))
        }
        for root in Self.roots {
            let count = held.count { $0.use == root }
            // It may have been asked about others only.
            let known =
                count > 0 ? String(count) : t(picture?.listedAt == nil ? "plugandcharge.unasked" : "plugandcharge.none")
            pairs.append((t("plugandcharge." + root), HTML(escaping: known)))
        }
        return Parts.card(
            t("plugandcharge.title"), id: "plug-and-charge", live: "station",
            "<p class=\"muted\">\(t("plugandcharge.text"))</p>\(Parts.facts(pairs))\(buttons())")
    }

    private func answer(_ value: String?) -> HTML {
        switch value?.lowercased() {
        case "true": "<span class=\"state state-ok\">\(t("plugandcharge.yes"))</span>"
        case "false": "<span class=\"state state-off\">\(t("plugandcharge.no"))</span>"
        default: HTML(escaping: t("plugandcharge.unknown"))
        }
    }

    private func buttons() -> HTML {
        guard call.can(.operator) else { return "" }
        let renew = Parts.button(
            t("plugandcharge.renew"), to: "/stations/" + PercentCoding.encode(view.station.id.value) + "/commands",
            [("action", "TriggerMessage"), ("payload", #"{"requestedMessage":"SignV2GCertificate"}"#)],
            off: !view.online, call: call)
        return "<div class=\"controls\">\(renew)</div>"
    }
}
