import OCPP
import OCPPMessages

// Priority charging (2.1 K21, K22).
extension SimulatedChargePoint {
    /// Whether a profile for it is there, for an EVSE or for all.
    func hasPriorityProfile(_ evse: Int) -> Bool {
        profiles.entries.contains { $0.profile.purpose == .priority && ($0.evse == 0 || $0.evse == evse) }
    }

    /// Somebody presses the button (K22). Without a profile the station says that it cannot (FR.01).
    mutating func prioritize(_ connector: Int, _ isOn: Bool) {
        guard settings.version == .v21, self[connector]?.transaction != nil, !isOn || hasPriorityProfile(connector)
        else {
            counts.refusals += 1
            return
        }
        setPriority(connector, isOn)
    }

    mutating func setPriority(_ connector: Int, _ isOn: Bool) {
        guard let transaction = self[connector]?.transaction, transaction.hasPriority != isOn else { return }
        connectors[connector - 1].transaction?.hasPriority = isOn
        connectors[connector - 1].transaction?.owesPriority = true
    }

    /// Waits for the connection (K22, remarks) and for the start of the transaction.
    mutating func tellPriority() {
        guard link != nil, isAccepted else { return }
        for i in connectors.indices {
            guard let transaction = connectors[i].transaction, transaction.owesPriority,
                !queue.messages.contains(where: { $0.local == transaction.local && $0.isStart }),
                let id = queue.id(of: transaction.local)
            else { continue }
            connectors[i].transaction?.owesPriority = false
            let told = V2.Request.notifyPriorityCharging(
                .init(transactionId: id, activated: transaction.hasPriority))
            call(told.action.rawValue, told.json, .other)
        }
    }
}
