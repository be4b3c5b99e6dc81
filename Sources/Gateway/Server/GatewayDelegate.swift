public import OCPP

/// One socket of one station; never used again within a process. Answers go to a `ConnectionID`, not to a station:
/// what was asked on a socket that has ended is not answered on the next one.
public struct ConnectionID: Hashable, Sendable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// A CALL that a station sent.
public struct GatewayCall: Sendable {
    public let connection: ConnectionID
    public let identity: String
    public let call: InboundCall
    /// Milliseconds of the monotonic clock at which its last byte was read.
    public let receivedAtMonotonic: Int64
}

/// How a CALL of ours ended. A call that timed out may be reported again, with `late` set, when its answer comes
/// after all.
public struct GatewayResult: Sendable {
    public let identity: String
    public let connection: ConnectionID
    public let token: UInt64
    public let outcome: StationLink.CallOutcome
    public let late: Bool
}

/// What the gateway's owner does with stations. Called on event loops: every method must return without blocking.
///
/// For one connection the order is `connected`, then `received`, `completed` and `noted` as things happen, then exactly
/// one `disconnected`. Connections of one identity may overlap: when a newer one has replaced an older one, the older
/// one's `disconnected` can come after the newer one's `connected`, so a station is online while its *newest*
/// connection is.
public protocol GatewayDelegate: AnyObject, Sendable {
    /// Decides whether a station may connect; `reply` is called once, now or later, on any thread.
    func decide(_ request: UpgradeRequest, reply: @escaping @Sendable (UpgradeDecision) -> Void)
    func connected(identity: String, connection: ConnectionID, protocol: String, remoteAddress: String)
    /// All calls that arrived in one round of an event loop.
    func received(_ calls: [GatewayCall])
    /// All outcomes of one round of an event loop.
    func completed(_ results: [GatewayResult])
    /// Something odd that became no call: a message that breaks OCPP-J, with its text, or a frame that breaks RFC 6455.
    func noted(identity: String, connection: ConnectionID, note: LinkNote)
    func disconnected(identity: String, connection: ConnectionID, reason: String)
    /// A socket that was given up before it named a station: its TLS did not come about. Does nothing unless implemented.
    func turnedAway(remoteAddress: String, reason: String)
}

extension GatewayDelegate {
    public func turnedAway(remoteAddress: String, reason: String) {}
}
