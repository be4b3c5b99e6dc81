import Synchronization

/// Totals since the start, and what is open now.
public struct GatewayStatistics: Hashable, Sendable {
    public var accepted = 0
    /// Handshakes that were refused or did not end in time.
    public var refused = 0
    /// Stations connected now.
    public var online = 0
    /// Sockets now, with those that have not finished their handshake or are being closed.
    public var sockets = 0
    public var messagesReceived = 0
    public var messagesSent = 0
    /// Sockets cut off because they broke RFC 6455, did not read, or fell silent.
    public var cutOff = 0
    /// Sockets that a newer one of the same identity replaced.
    public var replaced = 0
    /// Answers for sockets that had ended.
    public var lateReplies = 0
}

/// The counters of one event loop: written there, read anywhere.
final class Counters: Sendable {
    enum Key: Int, CaseIterable {
        case accepted, refused, online, sockets, received, sent, cutOff, replaced, lateReplies
    }

    private let values = (0..<Key.allCases.count).map { _ in Cell() }
    private final class Cell: Sendable { let value = Atomic<Int>(0) }

    func add(_ amount: Int = 1, to key: Key) { values[key.rawValue].value.wrappingAdd(amount, ordering: .relaxed) }
    func value(_ key: Key) -> Int { values[key.rawValue].value.load(ordering: .relaxed) }
}

extension GatewayStatistics {
    init(sum counters: [Counters]) {
        func total(_ key: Counters.Key) -> Int { counters.reduce(0) { $0 + $1.value(key) } }
        self.init(
            accepted: total(.accepted), refused: total(.refused), online: total(.online), sockets: total(.sockets),
            messagesReceived: total(.received), messagesSent: total(.sent), cutOff: total(.cutOff),
            replaced: total(.replaced), lateReplies: total(.lateReplies))
    }
}
