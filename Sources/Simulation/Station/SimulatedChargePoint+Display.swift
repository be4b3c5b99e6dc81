import OCPPMessages
import Quantities

// The display (2.x block O): what is shown now, and what is removed by itself.
extension SimulatedChargePoint {
    /// Messages of one rank follow each other so fast.
    private static let displayTurn: Int64 = 10_000

    /// The message that people read now; `nil`: the station's own.
    var shown: V2.MessageInfo? {
        guard powerAt == nil else { return nil }
        let state = displayState
        let candidates = holdings.display.values.filter { message in
            (message.startDateTime.map { $0 <= clock } ?? true) && (message.endDateTime.map { clock < $0 } ?? true)
                && (message.state.map { $0 == state } ?? true)
        }
        // InFront goes before the normal cycle; of one rank they take turns (O01.FR.12 to FR.14).
        let front = candidates.filter { $0.priority == .inFront }
        let turn = (front.isEmpty ? candidates : front).sorted { $0.id < $1.id }
        guard !turn.isEmpty else { return nil }
        return turn[Int(clock.milliseconds / Self.displayTurn % Int64(turn.count))]
    }

    /// One display for all EVSEs: what somebody does there counts more than what is broken.
    private var displayState: V2.MessageState {
        if connectors.contains(where: { $0.transaction != nil }) { return .charging }
        if connectors.contains(where: \.isFaulted) { return .faulted }
        return connectors.allSatisfy { $0.condition == .unavailable } ? .unavailable : .idle
    }

    /// Those whose end has come go (O01.FR.07).
    mutating func settleDisplay() {
        guard !holdings.display.isEmpty else { return }
        for (id, message) in holdings.display where message.endDateTime.map({ $0 <= clock }) ?? false {
            holdings.display[id] = nil
        }
    }

    /// Those of a transaction go with it (O02.FR.02).
    mutating func forgetMessages(ofTransaction id: String?) {
        guard let id else { return }
        for (number, message) in holdings.display where message.transactionId == id { holdings.display[number] = nil }
    }

    /// On the machine's own time.
    var nextDisplayEnd: Instant? {
        guard !holdings.display.isEmpty else { return nil }
        return holdings.display.values.compactMap(\.endDateTime).min().map { $0 - settings.faults.clockSkew }
    }
}
