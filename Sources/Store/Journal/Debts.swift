import Assets
import Operations

/// The changes that the store owes: refused so far, with what the core's memory holds beyond the disk exactly these.
///
/// Bounded; past the bound the oldest is given up. Belongs to the journal's thread.
struct Debts: Sendable {
    struct Debt: Sendable {
        let change: Change
        let refusal: RefusedChange
        /// The message that brought it; its repeats are not accepted while it is owed.
        let cause: Cause?
        let bytes: Int
    }

    private var debts: [ChangeIdentity: Debt] = [:]
    /// Oldest first.
    private(set) var order: [ChangeIdentity] = []
    private var bytes = 0
    private var givenUpObjects: Set<String> = []
    static let most = 256
    static let mostBytes = 16 << 20

    var isEmpty: Bool { debts.isEmpty }
    var objects: Set<String> { Set(debts.values.map(\.refusal.object)) }
    subscript(identity: ChangeIdentity) -> Debt? { debts[identity] }

    /// - Returns: what is given up for it.
    mutating func owe(_ change: Change, _ refusal: RefusedChange, cause: Cause?, bytes: Int) -> [RefusedChange] {
        settle(change.identity)
        debts[change.identity] = Debt(change: change, refusal: refusal, cause: cause, bytes: bytes)
        order.append(change.identity)
        self.bytes += bytes
        var givenUp: [RefusedChange] = []
        while order.count > Debts.most || (self.bytes > Debts.mostBytes && order.count > 1) {
            if let debt = settle(order[0]) {
                givenUp.append(debt.refusal)
                // Its alarm stays: the disk will never have it.
                if givenUpObjects.count < Debts.most { givenUpObjects.insert(debt.refusal.object) }
            }
        }
        return givenUp
    }

    /// `change` is written: what it replaces is owed no more.
    mutating func settle(by change: Change) {
        settle(change.identity)
        guard case .removeStation(let id) = change else { return }
        for identity in order {
            switch identity {
            case .live(id): settle(identity)
            case .evse(let evse) where evse.station == id: settle(identity)
            case .certificate(id, _), .job(id, _): settle(identity)
            default: break
            }
        }
    }

    @discardableResult
    mutating func settle(_ identity: ChangeIdentity) -> Debt? {
        guard let debt = debts.removeValue(forKey: identity) else { return nil }
        order.removeAll { $0 == identity }
        bytes -= debt.bytes
        return debt
    }

    /// What is owed of the message in `changes`, when it was sent before.
    func standing(against changes: [Change]) -> [ChangeIdentity] {
        let causes = changes.compactMap { change -> Cause? in
            guard case .message(let record) = change else { return nil }
            return Cause(record)
        }
        return causes.isEmpty ? [] : order.filter { debts[$0]?.cause.map(causes.contains) ?? false }
    }

    /// Whether the alarm about `object` may end with its last debt.
    func mayEnd(_ object: String) -> Bool { !givenUpObjects.contains(object) }
}
