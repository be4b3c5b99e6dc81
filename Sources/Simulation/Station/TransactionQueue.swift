import OCPPMessages
import Quantities

/// Messages of transactions, which have to arrive in order and outlive lost connections (OCPP 1.6 §3.7.1).
struct TransactionQueue: Sendable {
    enum Message: Hashable, Sendable {
        case start(local: Int, connector: Int, idTag: String, meterStart: Int, at: Instant)
        case meter(local: Int, connector: Int, V16.MeterValue)
        case stop(local: Int, idTag: String?, meterStop: Int, at: Instant, reason: V16.Reason)

        var local: Int {
            switch self {
            case .start(let local, _, _, _, _), .meter(let local, _, _), .stop(let local, _, _, _, _): local
            }
        }
    }

    /// Old samples go first when there are more than this; starts and stops never do.
    static let capacity = 2_000

    private(set) var messages: [Message] = []
    /// Failed deliveries of the first message; a lost connection is none.
    private(set) var attempts = 0
    /// The first message waits until then.
    private(set) var retryAt: Instant?
    private(set) var isInFlight = false
    /// Message that were given up.
    private(set) var discarded = 0
    private var numbers: [Int: Int] = [:]

    /// What the central system calls a local transaction; `nil` until it has said so.
    func number(of local: Int) -> Int? { numbers[local] }

    mutating func append(_ message: Message) {
        messages.append(message)
        guard messages.count > TransactionQueue.capacity else { return }
        let first = isInFlight ? 1 : 0
        let sample = messages.indices.first { i in
            if i >= first, case .meter = messages[i] { return true }
            return false
        }
        if let sample {
            messages.remove(at: sample)
            discarded += 1
        }
    }

    /// The request to send now, if any.
    mutating func next(at now: Instant) -> V16.Request? {
        guard !isInFlight, let message = messages.first, retryAt.map({ $0 <= now }) ?? true else { return nil }
        isInFlight = true
        retryAt = nil
        // A start that was given up leaves no number: -1, as real stations do.
        let number = numbers[message.local] ?? -1
        switch message {
        case .start(_, let connector, let idTag, let meterStart, let at):
            return .startTransaction(
                .init(connectorId: connector, idTag: idTag, meterStart: meterStart, timestamp: at))
        case .meter(_, let connector, let value):
            return .meterValues(
                .init(connectorId: connector, meterValue: [value], transactionId: number == -1 ? nil : number))
        case .stop(_, let idTag, let meterStop, let at, let reason):
            return .stopTransaction(
                .init(meterStop: meterStop, timestamp: at, transactionId: number, idTag: idTag, reason: reason))
        }
    }

    /// The first message arrived; it is returned.
    mutating func delivered(number: Int? = nil) -> Message? {
        guard isInFlight, !messages.isEmpty else { return nil }
        let message = messages.removeFirst()
        isInFlight = false
        attempts = 0
        if let number { numbers[message.local] = number }
        if case .stop = message { numbers[message.local] = nil }
        return message
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
