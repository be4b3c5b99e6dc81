import Charging
import OCPPMessages
import Quantities

/// What a station was told last of a running transaction's cost. Not kept on the disk: it is told anew.
struct ToldCost: Hashable, Sendable {
    let session: Session.ID
    /// Yuan, to the fen as it was told.
    let text: String
    let at: Instant
}

// Running costs by themselves (2.x I02): a station that says little of a transaction is told what it costs so far in between,
// where the site or a limit of cost wants it told and the station does not reckon.
extension Core {
    /// Never more often for one transaction.
    private static let costInterval: Duration = .seconds(30)

    /// The answer to a message told it.
    mutating func noteTold(_ cost: Rational, _ s: Int, _ i: Int, at now: Instant) {
        let session = stations[s].sessions[i]
        guard let e = stations[s].evse(session.evse.number) else { return }
        stations[s].evses[e].costTold = ToldCost(session: session.id, text: cost.text(decimals: 2), at: now)
        remind(at: now + Self.costInterval)
    }

    mutating func tendRunningCosts(_ s: Int, at now: Instant) {
        guard stations[s].isOnline, stations[s].version != .v16, stations[s].lastBoot ?? .accepted == .accepted else {
            return
        }
        for i in stations[s].sessions.indices where stations[s].sessions[i].status == .active {
            let session = stations[s].sessions[i]
            // Whoever was told nothing yet hears it with the answer to its next message.
            guard let e = stations[s].evse(session.evse.number), let told = stations[s].evses[e].costTold,
                told.session == session.id
            else { continue }
            let due = told.at + Self.costInterval
            guard due <= now else {
                remind(at: due)
                continue
            }
            guard let cost = runningCostToTell(s, i) else { continue }
            // Its energy comes with meter values, which say nothing of costs: looked at again, also where nothing changed.
            remind(at: now + Self.costInterval)
            let text = cost.text(decimals: 2)
            guard text != told.text else { continue }
            let payload = OCPP2Adapter.costUpdated(cost, transaction: session.transactionID)
            if send(V2.Action.costUpdated, payload, .runningCost(transaction: session.transactionID), s, at: now) {
                stations[s].evses[e].costTold = ToldCost(session: session.id, text: text, at: now)
            }
        }
    }
}
