import Assets
import Charging
import Quantities

// What the audit says of an order: in the words of the API, so that it needs no translation, with values where they are
// technical and with names only where they are personal.
extension Core {
    /// Asked before the order is carried out, while what it changes is still known.
    func summary(of order: Order) -> (action: String, object: String, detail: String) {
        switch order {
        case .putStation(let id, let change): ("station.put", id.value, change.summary)
        case .importStations(let rows): ("stations.import", "", "rows=\(rows.count)")
        case .deleteStation(let id):
            ("station.delete", id.value, stationIndex[id].map { stations[$0].station.place } ?? "")
        case .putIdToken(let token):
            (
                "id-token.put", settings.tokenMarker.mark(of: token.value),
                token.summary(before: idTokens[Self.key(token.value)])
            )
        case .deleteIdToken(let value): ("id-token.delete", settings.tokenMarker.mark(of: value), "")
        case .putSite(let site):
            ("site.put", site.id.value, site.summary(before: siteIndex[site.id].map { sites[$0].site }))
        case .deleteSite(let id): ("site.delete", id.value, "")
        case .putNode(let node):
            ("node.put", node.id.value, node.summary(before: nodeIndex[node.id].map { nodes[$0].node }))
        case .deleteNode(let id): ("node.delete", id.value, nodeIndex[id].map { nodes[$0].node.place } ?? "")
        case .setMode(let id, let mode, let reason): ("site.mode", id.value, Self.summary(of: mode, reason))
        case .setNeeds(let id, let needs):
            ("session.needs", id.value, needs.summary(before: activeSession(id)?.session.needs))
        case .instruct(let id, let instruction): ("site.instruct", id.value, instruction.summary)
        case .withdrawInstruction(let id, let instruction): ("site.withdraw-instruction", id.value, "id=\(instruction)")
        case .setEVSE(let id, let paused, let limit, let chargeNow):
            ("evse.set", id.description, Self.summary(paused: paused, limit: limit, chargeNow: chargeNow))
        case .command(let id, let action, _, _): ("station.command", id.value, action)
        case .sendKey(let id, _, _, _): ("station.key", id.value, "")
        case .ask(let id, let wish, _): ("station." + wish.auditWord, id.value, wish.auditDetail)
        case .putLocalList(let id, let change): ("station.local-list", id.value, change.summary)
        case .sendLocalList(let id, let whole): ("station.send-local-list", id.value, "whole=\(whole)")
        case .putVendorHandler(let handler): ("vendor-handler.put", handler.id, handler.summary)
        case .deleteVendorHandler(let id): ("vendor-handler.delete", id, "")
        case .askJob(let id, let order, let file, _):
            (
                "station.\(order.kind.rawValue)", id.value,
                order.log.map { "log=\($0.rawValue)" } ?? file.map { "file=\($0)" } ?? ""
            )
        case .keepFile(let file):
            (
                "file.put", file.id,
                "kind=\(file.kind.rawValue), name=\(file.name), bytes=\(file.bytes), sha256=\(file.sha256)"
            )
        case .deleteFile(let id): ("file.delete", id, "")
        case .createCampaign(let plan):
            (
                "campaign.create", plan.name,
                Set(plan.commands.values.map(\.action)).sorted().joined(separator: ", ")
            )
        case .steerCampaign(let id, let step): ("campaign.\(step.rawValue)", id, "")
        case .acknowledgeAlarm(let id): ("alarm.acknowledge", String(id), "")
        case .device(let order): order.summary
        case .v2x(let order): order.summary
        case .der(let wish): wish.summary
        case .money(.credit(let token, let change)):
            ("id-token.credit", settings.tokenMarker.mark(of: token), change.summary)
        case .money(let order): order.summary
        case .tariffChanged(let id): ("tariff.changed", id, "")
        }
    }

    private static func summary(of mode: Site.Mode, _ reason: String) -> String {
        let (state, own): (String, String) =
            switch mode {
            case .auto: ("auto", "")
            case .manual(_, let reason): ("manual", reason)
            case .stopped(_, let reason): ("stopped", reason)
            }
        let said = own.isEmpty ? reason : own
        return said.isEmpty ? state : state + ": " + said
    }

    private static func summary(paused: Bool?, limit: Power??, chargeNow: Bool?) -> String {
        var list = ChangeList()
        if let paused { list.add("paused", paused ? "true" : "false") }
        if let limit { list.add("limit_kw", limit?.auditText) }
        if let chargeNow { list.add("charge_now", chargeNow ? "true" : "false") }
        return list.text
    }
}

/// `name=value` or, where the value is nobody's business, `name`; fields that did not change are left out.
private struct ChangeList {
    private var parts: [String] = []
    var text: String { parts.joined(separator: ", ") }

    mutating func add(_ name: String) { parts.append(name) }
    mutating func add(_ name: String, _ value: String?) { parts.append("\(name)=\(value ?? "null")") }
    /// The name alone.
    mutating func add<Value: Equatable>(_ name: String, _ before: Value?, _ after: Value) {
        if before != after { add(name) }
    }
    mutating func add<Value: Equatable>(_ name: String, _ before: Value?, _ after: Value, _ text: String?) {
        if before != after { add(name, text) }
    }
}

extension Power {
    fileprivate var auditText: String { decimalText(Int128(watts), scale: 3) }
}

extension StationWish {
    fileprivate var auditWord: String {
        switch self {
        case .reserve: "reserve"
        case .cancelReservation: "cancel-reservation"
        case .display: "display-message"
        case .clearDisplay: "clear-display-message"
        case .readDisplay: "read-display"
        case .installCertificate: "install-certificate"
        case .deleteCertificate: "delete-certificate"
        case .listCertificates: "list-certificates"
        case .readProfiles: "read-charging-profiles"
        case .swapBatteries: "battery-swap"
        }
    }
    /// For whom something is reserved and what a display says is personal, or may be.
    fileprivate var auditDetail: String {
        switch self {
        case .reserve(let evse, _, _, _, let until):
            "evse=\(evse.map(String.init) ?? "null"), expires_at=\(until)"
        case .cancelReservation(let id), .clearDisplay(let id): "id=\(id)"
        case .display(let message): "id=\(message.id)"
        case .readDisplay, .readProfiles, .swapBatteries: ""
        case .installCertificate(let use, _): "use=\(use)"
        case .deleteCertificate(let hash): "serial=\(hash.serialNumber)"
        case .listCertificates(let use): "use=\(use ?? "null")"
        }
    }
}

extension LocalListChange {
    fileprivate var summary: String {
        var list = ChangeList()
        if let scope { list.add("scope", scope.rawValue) }
        if let tokens { list.add("tokens", String(tokens.count)) }
        if let isAutomatic { list.add("automatic", isAutomatic ? "true" : "false") }
        return list.text
    }
}

extension DERWish {
    fileprivate var summary: (action: String, object: String, detail: String) {
        switch self {
        case .give(let id, let function, let priority, let span, _, let target, _):
            (
                "der-control.give", id ?? "",
                "\(target.summary), \(function.rawValue), priority=\(priority), \(span.map { "\($0)" } ?? "default")"
            )
        case .withdraw(let id): ("der-control.withdraw", id, "")
        case .read(let station): ("der-control.read", station.value, "")
        }
    }
}

extension DERTarget {
    fileprivate var summary: String {
        switch self {
        case .site(let id): "site=\(id.value)"
        case .node(let id): "node=\(id.value)"
        case .station(let id): "station=\(id.value)"
        }
    }
}

extension VendorHandler {
    fileprivate var summary: String {
        var list = ChangeList()
        list.add("vendor_id", vendor)
        list.add("message_id", message)
        list.add("url", url)
        list.add("status", status.rawValue)
        return list.text
    }
}

extension DeviceOrder {
    /// Values of variables are technical, what names a customer is not.
    fileprivate var summary: (action: String, object: String, detail: String) {
        let id = station?.value ?? ""
        return switch self {
        case .refresh: ("device-model.refresh", id, "")
        case .set(_, let settings):
            (
                "device-model.set", id,
                settings.prefix(10).map { "\($0.name.text)=\(String($0.value.prefix(80)))" }.joined(separator: ", ")
                    + (settings.count > 10 ? ", …" : "")
            )
        case .read(_, let questions):
            (
                "device-model.read", id,
                questions.prefix(10).map(\.name.text).joined(separator: ", ") + (questions.count > 10 ? ", …" : "")
            )
        case .refreshMonitors: ("monitors.refresh", id, "")
        case .setMonitors(_, let wishes):
            ("monitors.set", id, wishes.prefix(10).map { "\($0.name.text) \($0.kind)" }.joined(separator: ", "))
        case .clearMonitors(_, let ids):
            ("monitors.clear", id, ids.prefix(20).map(String.init).joined(separator: ", "))
        case .monitoringBase(_, let base): ("monitors.base", id, base)
        case .monitoringLevel(_, let level): ("monitors.level", id, String(level))
        case .putTemplate(let template):
            (
                "device-template.put", template.name,
                "settings=\(template.settings.count), stations=\(template.stations.count)"
            )
        case .removeTemplate(let name): ("device-template.delete", name, "")
        case .securityProfile(_, let target, _, _): ("station.security-profile", id, "security_profile=\(target)")
        case .endSecurityProfileChange: ("station.security-profile-end", id, "")
        case .customer(_, _, let report, let clear): ("customer.ask", id, "report=\(report), clear=\(clear)")
        case .removeCustomer(_, let request): ("customer.delete", id, String(request))
        }
    }
}

extension V2XOrder {
    fileprivate var summary: (action: String, object: String, detail: String) {
        var list = ChangeList()
        switch self {
        case .mode(let id, let wish, _):
            list.add("mode", wish.mode.rawValue)
            if let setpoint = wish.setpoint { list.add("setpoint_kw", setpoint.auditText) }
            if let limit = wish.limit { list.add("limit_kw", limit.auditText) }
            if let limit = wish.dischargeLimit { list.add("discharge_limit_kw", limit.auditText) }
            return ("session.operation-mode", id.value, list.text)
        case .priority(let id, let isOn, let limit, _):
            list.add("active", isOn ? "true" : "false")
            if let limit { list.add("limit_kw", limit.auditText) }
            return ("session.priority-charging", id.value, list.text)
        case .signal(let id, let signal, _, _): return ("station.afrr-signal", id.value, "signal=\(signal)")
        }
    }
}

extension StationChange {
    fileprivate var summary: String {
        var list = ChangeList()
        if let registration { list.add("registration", registration.rawValue) }
        if let site { list.add("site", site?.value) }
        if let node { list.add("node", node?.value) }
        if let model { list.add("model", model) }
        if let phases { list.add("phases", String(phases)) }
        if let voltage { list.add("voltage", String(voltage)) }
        if let current = maxCurrentMilliamperes {
            list.add("max_current_a", decimalText(Int128(current), scale: 3))
        }
        if let discharge = maxDischarge { list.add("max_discharge_kw", discharge?.auditText) }
        if let ownership { list.add("ownership", ownership?.rawValue) }
        if ownershipEvidence != nil { list.add("ownership_evidence") }
        if owner != nil { list.add("owner") }
        if let profile = securityProfile { list.add("security_profile", String(profile)) }
        if let limit = operatorLimit { list.add("limits.operator_kw", limit?.auditText) }
        if passwordDigest != nil { list.add("password") }
        return list.text
    }
}

extension Station {
    fileprivate var place: String {
        var list = ChangeList()
        if let site { list.add("site", site.value) }
        if let node { list.add("node", node.value) }
        return list.text
    }
}

extension IdToken {
    fileprivate func summary(before: IdToken?) -> String {
        var list = ChangeList()
        list.add("status", before?.status, status, status.rawValue)
        list.add("expires_at", before?.expiresAt, expiresAt, expiresAt?.description)
        list.add("parent", before?.parent, parent)
        list.add("type", before?.type, type, type)
        list.add(
            "allowed_energy_transfer", before?.energyTransfer, energyTransfer,
            energyTransfer?.joined(separator: " ") ?? "null")
        list.add("tariff", before?.prices?.tariff, prices?.tariff, prices?.tariff)
        list.add(
            "service_fee_yuan_kwh", before?.prices?.serviceFee, prices?.serviceFee,
            prices?.serviceFee?.text(atMost: 6))
        return list.text
    }
}

extension Site {
    fileprivate func summary(before: Site?) -> String {
        var list = ChangeList()
        list.add("name", before?.name, name)
        list.add("kind", before?.kind, kind, kind)
        list.add("region", before?.region, region, region)
        list.add("zone", before?.zone, zone, zone.identifier)
        list.add("tariffs", before?.tariffs ?? [], tariffs, Self.text(of: tariffs))
        list.add(
            "service_fees", before?.serviceFees ?? [], serviceFees,
            serviceFees.map { "\($0.from):\($0.price.text(atMost: 6))" }.joined(separator: " "))
        list.add("local_cost", before?.localCost ?? .auto, localCost, localCost.rawValue)
        list.add("running_cost", before?.tellsRunningCost ?? false, tellsRunningCost, String(tellsRunningCost))
        list.add("demand_charge", before?.paysDemand ?? false, paysDemand, String(paysDemand))
        list.add("settlement", before?.settlement ?? .apart, settlement, settlement.rawValue)
        list.add("export_tariffs", before?.exportTariffs ?? [], exportTariffs, Self.text(of: exportTariffs))
        list.add("operator", before?.operatorName ?? "", operatorName)
        list.add(
            "allowed_energy_transfer", before?.energyTransfer, energyTransfer,
            energyTransfer?.joined(separator: " ") ?? "null")
        list.add("battery", before?.battery, battery, battery.map { $0.chemistry.rawValue } ?? "none")
        return list.text
    }

    private static func text(of entries: [TariffEntry]) -> String {
        "[" + entries.map { "\($0.tariff) from \($0.from)" }.joined(separator: "; ") + "]"
    }
}

extension GridNode {
    fileprivate func summary(before: GridNode?) -> String {
        var list = ChangeList()
        list.add("site", before?.site, site, site?.value)
        list.add("parent", before?.parent, parent, parent?.value)
        list.add("limit_kw", before?.limit, limit, limit?.auditText)
        list.add("export_limit_kw", before?.exportLimit, exportLimit, exportLimit?.auditText)
        list.add("rating", before?.rating, rating)
        return list.text
    }

    fileprivate var place: String {
        var list = ChangeList()
        if let site { list.add("site", site.value) }
        if let parent { list.add("parent", parent.value) }
        return list.text
    }
}

extension Needs {
    /// When somebody leaves and how much is needed is personal: names only.
    fileprivate func summary(before: Needs?) -> String {
        var list = ChangeList()
        list.add("departure", before?.departure, departure)
        list.add("energy_kwh", before?.energy, energy)
        list.add("minimum_kwh", before?.minimum, minimum)
        list.add("charge_now", before?.chargeNow ?? false, chargeNow, chargeNow ? "true" : "false")
        return list.text
    }
}

extension MoneyOrder {
    var summary: (action: String, object: String, detail: String) {
        switch self {
        case .sendTariff(let id): ("station.send-tariff", id.value, "")
        case .readTariffs(let id): ("station.read-tariffs", id.value, "")
        case .clearTariffs(let id, let ids, let evse):
            ("station.clear-tariffs", id.value, "tariffs=\(ids?.joined(separator: " ") ?? "all"), evse=\(evse)")
        case .beginPayment(let wish):
            ("payment.begin", wish.station.value, "evse=\(wish.evse), amount_fen=\(wish.fen)")
        case .setUpWebPayments(let id, let evse, let wish, let renews, _):
            (
                "station.web-payments", id.value,
                "evse=\(evse), enabled=\(wish.isEnabled), validity=\(wish.validity), length=\(wish.length), amount_fen=\(wish.fen), renew=\(renews)"
            )
        case .scan(let code): ("payment.scan", code.station.value, "evse=\(code.evse)")
        // Named by its mark, before this.
        case .credit(_, let change): ("id-token.credit", "", change.summary)
        case .steerPayment(let id, .cancel): ("payment.cancel", id, "")
        case .steerPayment(let id, .retry): ("payment.retry", id, "")
        case .steerPayment(let id, .refund(let fen)): ("payment.refund", id, "amount_fen=\(fen)")
        case .steerPayment(let id, .capture(let fen)): ("payment.capture", id, "amount_fen=\(fen)")
        case .setLimits(let id, let limits):
            (
                "session.limits", id.value,
                [
                    limits.cost.map { "max_cost_yuan=\($0.text(decimals: 2))" },
                    limits.energy.map { "max_energy_kwh=\($0.kilowattHoursText)" },
                    limits.seconds.map { "max_seconds=\($0)" }, limits.stateOfCharge.map { "max_soc=\($0)" },
                ].compactMap { $0 }.joined(separator: ", ")
            )
        }
    }
}

extension PrepaidChange {
    fileprivate var summary: String {
        switch self {
        case .set(let fen): "credit_fen=\(fen.map(String.init) ?? "null")"
        case .add(let fen): "added_fen=\(fen)"
        }
    }
}
