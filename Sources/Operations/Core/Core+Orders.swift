import Assets
import Charging
import GridDispatch
import Quantities

// What people and programs order: checked first, refused as a whole or done as a whole, and kept with who did it.
extension Core {
    mutating func ordered(_ order: Order, _ request: UInt64, by actor: Actor, at now: Instant) {
        let (action, object, detail) = summary(of: order)
        let result: Result<OrderResult, ServiceFault>
        switch order {
        case .putStation(let id, let change): result = put([(id, change)], isImport: false, at: now)
        case .importStations(let rows): result = put(rows, isImport: true, at: now)
        case .deleteStation(let id): result = delete(station: id, at: now)
        case .putIdToken(let token): result = put(token, at: now)
        case .deleteIdToken(let value): result = delete(token: value, at: now)
        case .putSite(let site): result = put(site, at: now)
        case .deleteSite(let id): result = delete(site: id)
        case .putNode(let node): result = put(node, at: now)
        case .deleteNode(let id): result = delete(node: id)
        case .setMode(let id, let mode, _): result = set(mode, of: id, at: now)
        case .instruct(let id, let instruction): result = instruct(id, instruction, at: now)
        case .withdrawInstruction(let id, let instruction): result = withdraw(instruction: instruction, of: id, at: now)
        case .setNeeds(let id, let needs): result = set(needs, of: id, at: now)
        case .setEVSE(let id, let paused, let limit, let chargeNow):
            result = set(id, paused: paused, limit: limit, chargeNow: chargeNow, at: now)
        case .command(let id, let action, let payload, let timeout):
            result = command(id, action, payload, timeout, by: actor, at: now)
        case .sendKey(let id, let key, let stored, let timeout):
            result = send(key: key, stored: stored, to: id, timeout, by: actor, at: now)
        case .ask(let id, let wish, let timeout): result = ask(id, wish, timeout, by: actor, at: now)
        case .putLocalList(let id, let change): result = put(localList: change, of: id, at: now)
        case .sendLocalList(let id, let whole): result = sendLocalList(id, whole: whole, at: now)
        case .putVendorHandler(let handler): result = put(handler)
        case .deleteVendorHandler(let id): result = delete(vendorHandler: id)
        case .askJob(let id, let order, let file, let timeout):
            result = ask(order, file: file, of: id, timeout, by: actor, at: now)
        case .keepFile(let file): result = keep(file, at: now)
        case .deleteFile(let id): result = delete(file: id)
        case .createCampaign(let plan): result = create(plan, by: actor, at: now)
        case .steerCampaign(let id, let step): result = steer(id, step, at: now)
        case .acknowledgeAlarm(let id): result = acknowledge(alarm: id, by: actor, at: now)
        case .device(let order): result = device(order, by: actor, at: now)
        case .v2x(let order): result = self.order(order, by: actor, at: now)
        case .der(let wish): result = der(wish, by: actor, at: now)
        case .money(let order): result = money(order, by: actor, at: now)
        case .tariffChanged(let tariff):
            for s in sites.indices where sites[s].site.tariffs.contains(where: { $0.tariff == tariff }) {
                requestPlan(site: s, "tariff")
                pricesChanged(of: sites[s].site.id, at: now)
            }
            result = .success(.done)
        }
        if case .success = result {
            persist(
                .audit(
                    AuditRecord(
                        at: now, actor: actor.name, role: actor.role.name, action: action, object: object,
                        detail: detail)))
        }
        emit(.answer(request, result))
    }

    // MARK: - Tokens

    private mutating func put(_ token: IdToken, at now: Instant) -> Result<OrderResult, ServiceFault> {
        guard !token.value.isEmpty, token.value.utf8.count <= 255 else {
            return .failure(ServiceFault(.invalid(.idToken), fields: [.init(path: "value", .bytes(1...255))]))
        }
        if let parent = token.parent, Self.key(parent) == Self.key(token.value) {
            return .failure(ServiceFault(.invalid(.idToken), fields: [.init(path: "parent", .ownParent)]))
        }
        if let tariff = token.prices?.tariff {
            let known = tariffs[tariff]
            if known?.direction != .import {
                let problem =
                    known.map { FieldProblem.tariffDirection(tariff, is: $0.direction.rawValue) }
                    ?? .tariffUnknown(tariff)
                return .failure(ServiceFault(.invalid(.idToken), fields: [.init(path: "tariff", problem)]))
            }
        }
        // Another spelling of a token replaces it.
        let known = idTokens.updateValue(token, forKey: Self.key(token.value))
        if let known, known.value != token.value { persist(.removeIdToken(known.value)) }
        tokenChanged(Self.key(token.value), from: known, to: token, at: now)
        persist(.idToken(token))
        if known?.energyTransfer != token.energyTransfer || known?.status != token.status { transfersChanged(at: now) }
        return .success(.idToken(token))
    }

    private mutating func delete(token value: String, at now: Instant) -> Result<OrderResult, ServiceFault> {
        guard let known = idTokens.removeValue(forKey: Self.key(value)) else {
            return .failure(ServiceFault(.idTokenUnknown))
        }
        persist(.removeIdToken(known.value))
        forgetPrepaid(known.value)
        tokenChanged(Self.key(known.value), from: known, to: nil, at: now)
        if known.energyTransfer != nil { transfersChanged(at: now) }
        return .success(.done)
    }

    // MARK: - Charging

    private mutating func set(_ needs: Needs, of id: Session.ID, at now: Instant) -> Result<OrderResult, ServiceFault> {
        guard let s = sessionHome[id].flatMap({ stationIndex[$0] }), let i = stations[s].session(id) else {
            return .failure(ServiceFault(.sessionUnknown(id)))
        }
        guard stations[s].sessions[i].status == .active else {
            return .failure(ServiceFault(.sessionEnded(id)))
        }
        var fields: [ServiceFault.Field] = []
        if let departure = needs.departure, departure <= now {
            fields.append(.init(path: "departure", .past(now: now)))
        }
        if let energy = needs.energy, energy < .zero || energy > Self.mostEnergy {
            fields.append(.init(path: "energy_kwh", .range(0...1000, .kilowattHours)))
        }
        if let minimum = needs.minimum, minimum < .zero || minimum > needs.energy ?? Self.mostEnergy {
            fields.append(.init(path: "minimum_kwh", .minimumAboveEnergy))
        }
        guard fields.isEmpty else { return .failure(ServiceFault(.invalid(.needs), fields: fields)) }
        stations[s].sessions[i].needs = needs
        let session = stations[s].sessions[i]
        if let e = stations[s].evse(session.evse.number) { stations[s].evses[e].outlook = nil }
        persist(.session(session))
        requestPlan(for: s, "needs", at: now)
        emit(.publish(.session(id)))
        return activeSession(id).map { .success(.session($0)) } ?? .success(.done)
    }
    private static let mostEnergy: Energy = .kilowattHours(1000)

    private mutating func set(
        _ id: EVSEID, paused: Bool?, limit: Power??, chargeNow: Bool?, at now: Instant
    ) -> Result<OrderResult, ServiceFault> {
        guard let s = stationIndex[id.station] else { return .failure(ServiceFault(.stationUnknown(id.station))) }
        guard let e = stations[s].ensureEVSE(id.number) else {
            return .failure(ServiceFault(.evseUnknown(number: id.number, most: StationSlot.mostEVSEs)))
        }
        if let limit, let limit, limit < .zero {
            return .failure(ServiceFault(.invalid(.limit), fields: [.init(path: "limit_kw", .negative)]))
        }
        var control = stations[s].evses[e].control
        if let paused { control.paused = paused }
        if let limit { control.limit = limit }
        if let chargeNow { control.chargeNow = chargeNow }
        stations[s].evses[e].control = control
        persist(.evse(control))
        requestPlan(for: s, "limit", at: now)
        stepSite(of: s, at: now)
        emit(.publish(.station(id.station)))
        return .success(.station(stationView(s)))
    }

    private mutating func set(_ mode: Site.Mode, of id: SiteID, at now: Instant) -> Result<OrderResult, ServiceFault> {
        guard let s = siteIndex[id] else { return .failure(ServiceFault(.siteUnknown(id))) }
        sites[s].site.mode = mode
        persist(.site(sites[s].site))
        requestPlan(site: s, "limit")
        step(site: s, at: now)
        return .success(.site(sites[s].site))
    }

    private mutating func stepSite(of station: Int, at now: Instant) {
        guard let s = stations[station].station.site.flatMap({ siteIndex[$0] }) else { return }
        step(site: s, at: now)
    }
}
