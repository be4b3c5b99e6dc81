import Quantities

/// Messages of transactions, which have to arrive in order and outlive lost connections (OCPP 1.6 §3.7.1, 2.x E04 and E13).
struct TransactionQueue: Sendable {
    /// Old samples go first when there are more than this; starts and stops never do.
    static let capacity = 2_000

    private(set) var messages: [TransactionMessage] = []
    /// Failed deliveries of the first message; a lost connection is none.
    private(set) var attempts = 0
    /// The first message waits until then.
    private(set) var retryAt: Instant?
    private(set) var isInFlight = false
    /// Message that were given up.
    private(set) var discarded = 0
    private var ids: [Int: String] = [:]

    /// What both sides call a local transaction; `nil` while it has no such name.
    func id(of local: Int) -> String? { ids[local] }
    /// The local transaction that both sides call so, until its stop is delivered.
    func local(of id: String) -> Int? { ids.first { $0.value == id }?.key }

    mutating func name(_ local: Int, _ id: String) { ids[local] = id }

    mutating func append(_ message: TransactionMessage) {
        messages.append(message)
        guard messages.count > TransactionQueue.capacity else { return }
        let first = isInFlight ? 1 : 0
        if let least = messages.indices.first(where: { $0 >= first && messages[$0].mayBeDropped }) {
            messages.remove(at: least)
            discarded += 1
        }
    }

    /// The message to send now, if any.
    mutating func next(at now: Instant) -> TransactionMessage? {
        guard !isInFlight, let message = messages.first, retryAt.map({ $0 <= now }) ?? true else { return nil }
        isInFlight = true
        retryAt = nil
        return message
    }

    /// The first message arrived.
    /// - Parameter id: the name that the central system has given the transaction, if it has.
    mutating func delivered(id: String? = nil) {
        guard isInFlight, !messages.isEmpty else { return }
        let message = messages.removeFirst()
        isInFlight = false
        attempts = 0
        if let id { ids[message.local] = id }
        if case .stop = message.event { ids[message.local] = nil }
    }

    /// No answer, or an error: the wait grows with the attempts, then the message is given up.
    mutating func failed(at now: Instant, attemptsAllowed: Int, interval: Duration) {
        guard isInFlight, !messages.isEmpty else { return }
        isInFlight = false
        attempts += 1
        if attempts >= max(1, attemptsAllowed) {
            messages.removeFirst()
            attempts = 0
            discarded += 1
        } else {
            retryAt = now + interval * attempts
        }
    }

    /// The connection ended while the first message was under way: it goes again on the next one.
    mutating func interrupted() { isInFlight = false }
}
