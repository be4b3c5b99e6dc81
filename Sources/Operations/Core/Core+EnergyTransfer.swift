import Charging
import OCPP
import Quantities

// Which way energy may flow in a session (2.1 Q01, Q02): a permission of the operator's, told with the authorization, and
// again when it changes while a transaction runs. Without a permission vehicles only charge.
extension Core {
    /// What the vehicle's own record says goes before what the token's says, and that before the site's.
    /// - Parameter vehicle: its EVCCID, which may be a token too.
    /// - Returns: words of ``EnergyTransfer``; `nil`: nobody said.
    func energyTransfer(token: String?, vehicle: String?, _ s: Int, at now: Instant) -> [String]? {
        for value in [vehicle, token] {
            guard let known = value.flatMap({ idTokens[Self.key($0)] }), known.verdict(at: now).isAccepted else {
                continue
            }
            if let allowed = known.energyTransfer { return allowed }
        }
        return stations[s].station.site.flatMap { siteIndex[$0] }.flatMap { sites[$0].site.energyTransfer }
    }

    /// An authorization with what may follow from it.
    mutating func withTransfers(
        _ answer: StationAnswer, token: String, vehicle: String?, _ s: Int, at now: Instant
    ) -> StationAnswer {
        guard stations[s].version == .v21 else { return answer }
        let allowed = energyTransfer(token: token, vehicle: vehicle, s, at: now)
        switch answer {
        case .authorization(let verdict, _) where verdict.isAccepted:
            stations[s].remember(transfers: allowed, of: Self.key(token))
            return .authorization(verdict, transfers: allowed)
        case .contract(let verdict, let word, _) where verdict.isAccepted:
            stations[s].remember(transfers: allowed, of: Self.key(token))
            return .contract(verdict, certificates: word, transfers: allowed)
        default: return answer
        }
    }

    // MARK: - Transactions

    /// A transaction named its token or its vehicle. Where the authorization told something else, or was given by the station's
    /// own memory, it is told now.
    mutating func noteTransfers(_ report: TransactionReport, isFirstToken: Bool, _ s: Int, _ i: Int, at now: Instant) {
        guard stations[s].version == .v21, stations[s].sessions[i].status == .active else { return }
        var dialogue = stations[s].sessions[i].dialogue ?? VehicleDialogue()
        if let vehicle = report.vehicle { dialogue.vehicle = vehicle }
        if isFirstToken, let token = report.token {
            dialogue.allowed = stations[s].toldTransfers.last { $0.token == Self.key(token) }?.allowed
        }
        if dialogue != VehicleDialogue() { stations[s].sessions[i].dialogue = dialogue }
        if report.token != nil || report.vehicle != nil { tellTransfers(s, i, at: now) }
    }

    /// The permission that holds for a session now.
    private func permission(_ s: Int, _ i: Int, at now: Instant) -> [String]? {
        let session = stations[s].sessions[i]
        return energyTransfer(token: session.idToken, vehicle: session.dialogue?.vehicle, s, at: now)
    }

    /// As it may run by the operator's permission: the one that was asked for, or the same without giving back.
    private func covered(_ requested: String, _ s: Int, _ i: Int, at now: Instant) -> String {
        EnergyTransfer.allows(permission(s, i, at: now), requested)
            ? requested
            : EnergyTransfer.chargingOnly(requested, phases: stations[s].station.electrical.phases)
    }

    /// Permissions were changed: what is withdrawn counts at once, what is new once the vehicle asks for it.
    mutating func transfersChanged(at now: Instant) {
        for s in stations.indices where stations[s].version == .v21 {
            for i in stations[s].sessions.indices where stations[s].sessions[i].status == .active {
                if let offer = stations[s].sessions[i].dialogue?.offer, let told = stations[s].sessions[i].v2x {
                    let transfer = covered(offer.requested, s, i, at: now)
                    if transfer != told.transfer {
                        stations[s].sessions[i].v2x?.transfer = transfer
                        sessionChanged(s, i, "needs", at: now)
                    }
                }
                tellTransfers(s, i, at: now)
            }
        }
    }

    /// A station that came back may not have heard it.
    mutating func tellTransfersAfterConnecting(_ s: Int, at now: Instant) {
        guard stations[s].version == .v21 else { return }
        for i in stations[s].sessions.indices where stations[s].sessions[i].status == .active {
            tellTransfers(s, i, at: now)
        }
    }

    private mutating func tellTransfers(_ s: Int, _ i: Int, at now: Instant) {
        let session = stations[s].sessions[i]
        guard stations[s].isOnline, stations[s].commissioning?.v2x?.isUsable ?? false, session.idToken != nil else {
            return
        }
        // Where a permission was taken back and nothing stands in its place, all ways to charge remain.
        let allowed =
            permission(s, i, at: now)
            ?? (session.dialogue?.allowed == nil
                ? nil : EnergyTransfer.words.filter { !EnergyTransfer.isBidirectional($0) })
        let purpose = CallLane.Purpose.transfers(session.id)
        guard let allowed, allowed != session.dialogue?.allowed else { return }
        // One that waits already says what no longer holds.
        _ = stations[s].lane.withdraw { $0 == purpose }
        let (token, messageID) = counters.nextMessage()
        let (action, payload) = OCPP2Adapter.allow(allowed, transaction: session.transactionID)
        _ = stations[s].lane.push(
            CallLane.Call(
                token: token, messageID: messageID, action: action, payload: payload, timeout: settings.callTimeout,
                rank: .command, purpose: purpose))
        pump(s, at: now)
    }

    /// The station answered what it was told.
    mutating func learn(transfers: [String], transaction: String, isTaken: Bool, _ s: Int, at now: Instant) {
        guard isTaken, let i = stations[s].session(transaction: transaction) else { return }
        var dialogue = stations[s].sessions[i].dialogue ?? VehicleDialogue()
        guard dialogue.allowed != transfers else { return }
        dialogue.allowed = transfers
        stations[s].sessions[i].dialogue = dialogue
        sessionChanged(s, i, nil, at: now)
    }

    // MARK: - Needs

    /// What a vehicle of 2.1 said of itself, kept with its session.
    /// - Returns: why its station must end the transaction; `nil`: it need not.
    mutating func hear(_ told: VehicleNeeds, _ s: Int, _ i: Int, at now: Instant) -> NeedsAnswer.Refusal? {
        guard var offer = told.offer else { return nil }
        let at = offer.at.milliseconds > 0 ? min(trusted(offer.at, now).0, now) : now
        offer.at = at
        var dialogue = stations[s].sessions[i].dialogue ?? VehicleDialogue()
        dialogue.offer = offer
        let allowed = permission(s, i, at: now)
        var refusal: NeedsAnswer.Refusal?
        if let allowed, !EnergyTransfer.allows(allowed, offer.requested) {
            refusal = .transferNotAllowed
        } else if stations[s].commissioning?.v2x?.knows(transfer: offer.requested, evse: told.evse) == false {
            refusal = .transferUnknown
        }
        var parameters = told.v2x
        if refusal == nil, told.v2x != nil {
            let session = stations[s].sessions[i]
            parameters?.transfer = covered(offer.requested, s, i, at: now)
            parameters?.count(imported: session.imported, exported: session.exported)
            parameters?.toldAt = at
            parameters?.heardAt = now
        } else {
            parameters = nil
        }
        stations[s].sessions[i].dialogue = dialogue
        stations[s].sessions[i].v2x = parameters
        if told.v2x != nil { noteVehicle(s, at: now) }
        return refusal
    }

    /// Readings that waited in the station's queue while its vehicle spoke: its battery had had that energy already, and what it
    /// said counts from after it. Of energy given back only what surely came before: else the floor would sink.
    /// - Parameter before: what was known of the session's energies without the newest readings.
    /// - Returns: whether they moved: then the session must be written, no later reading brings that back.
    @discardableResult
    mutating func moveNeeds(_ s: Int, _ i: Int, knownBefore before: (imported: Energy, exported: Energy)) -> Bool {
        let session = stations[s].sessions[i]
        guard let v2x = session.v2x, let heardAt = v2x.heardAt, let e = stations[s].evse(session.evse.number),
            let at = stations[s].evses[e].meter.at, at <= heardAt
        else { return false }
        stations[s].sessions[i].v2x?.count(
            imported: session.imported - before.imported,
            exported: at <= v2x.toldAt ? session.exported - before.exported : .zero)
        guard let moved = stations[s].sessions[i].v2x, moved != v2x else { return false }
        if stations[s].sessions[i].needs?.statedBy == Needs.vehicle {
            let energy = moved.wish ?? stations[s].sessions[i].needs?.energy
            stations[s].sessions[i].needs?.energy = energy
            stations[s].sessions[i].needs?.minimum = moved.leastWish(of: energy)
        }
        return true
    }

    /// - Parameter reason: for a new plan; `nil`: none is needed.
    mutating func sessionChanged(_ s: Int, _ i: Int, _ reason: String?, at now: Instant) {
        let session = stations[s].sessions[i]
        if let e = stations[s].evse(session.evse.number), reason != nil { stations[s].evses[e].outlook = nil }
        persist(.session(session))
        if let reason { requestPlan(for: s, reason, at: now) }
        emit(.publish(.session(session.id)))
    }

    // MARK: - Priority charging

    /// While it is on, the session is charged at once, before any saving (K21, K22).
    mutating func priorityCharging(transaction: String, isOn: Bool, _ s: Int, at now: Instant) {
        guard let i = stations[s].session(transaction: transaction), stations[s].sessions[i].status == .active else {
            return
        }
        var dialogue = stations[s].sessions[i].dialogue ?? VehicleDialogue()
        dialogue.priority = VehicleDialogue.Priority(isOn: isOn, at: now, isLocal: dialogue.askedPriority != isOn)
        dialogue.askedPriority = nil
        stations[s].sessions[i].dialogue = dialogue
        var needs = stations[s].sessions[i].needs
        if isOn {
            needs =
                needs
                ?? Needs(
                    departure: nil, energy: nil, minimum: nil, chargeNow: true, statedBy: Needs.priority, statedAt: now)
            needs?.chargeNow = true
        } else if needs?.statedBy == Needs.priority {
            needs = nil
        } else {
            needs?.chargeNow = false
        }
        stations[s].sessions[i].needs = needs
        sessionChanged(s, i, "needs", at: now)
    }

    mutating func askedPriority(transaction: String, isOn: Bool, _ s: Int, at now: Instant) {
        guard let i = stations[s].session(transaction: transaction) else { return }
        var dialogue = stations[s].sessions[i].dialogue ?? VehicleDialogue()
        // Its notice may be faster than its answer.
        if let told = dialogue.priority, told.isOn == isOn {
            dialogue.priority?.isLocal = false
        } else {
            dialogue.askedPriority = isOn
        }
        stations[s].sessions[i].dialogue = dialogue
        sessionChanged(s, i, nil, at: now)
    }
}

extension V2XParameters {
    /// What the driver wants until departure; `nil`: the vehicle did not say.
    var wish: Energy? { target.map { max(.zero, $0) } }

    /// What must be there in any case. One that lies below what it came with asks for nothing: how far it may be emptied is its
    /// own word.
    func leastWish(of wish: Energy?) -> Energy? { minimum.flatMap { $0 > .zero ? min($0, wish ?? $0) : nil } }
}

extension StationSlot {
    /// What an authorization told of a token, until its transaction begins.
    struct ToldTransfers: Hashable, Sendable {
        let token: String
        let allowed: [String]?
    }

    mutating func remember(transfers allowed: [String]?, of token: String) {
        toldTransfers.removeAll { $0.token == token }
        toldTransfers.append(ToldTransfers(token: token, allowed: allowed))
        if toldTransfers.count > Self.mostToldTransfers { toldTransfers.removeFirst() }
    }
    private static let mostToldTransfers = 8
}

extension V2XParameters {
    /// Energies that count from now on count from plug-in afterwards; again for what the meter had counted and nobody knew.
    mutating func count(imported: Energy, exported: Energy) {
        importedThen = importedThen + imported
        exportedThen = exportedThen + exported
        let net = imported - exported
        target = target.map { net + $0 }
        minimum = minimum.map { net + $0 }
        maximum = maximum.map { net + $0 }
        minimumV2X = minimumV2X.map { net + $0 }
        maximumV2X = maximumV2X.map { net + $0 }
    }
}
