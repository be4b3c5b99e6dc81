/// A station that asks to be let in: what is known before the WebSocket exists (OCPP-J 1.6 §3.1).
public struct UpgradeRequest: Sendable {
    /// The last segment of the path, percent-decoded.
    public let identity: String
    /// As offered, in the station's order of preference.
    public let protocols: [String]
    /// HTTP Basic credentials. The user is the station's identity by the standard; whether it is, the delegate checks.
    /// The password is bytes: OCPP 1.6 configures it in hex.
    public let basic: (user: String, password: [UInt8])?
    /// `192.0.2.7:50312`.
    public let remoteAddress: String

    public init(
        identity: String, protocols: [String], basic: (user: String, password: [UInt8])?, remoteAddress: String
    ) {
        self.identity = identity
        self.protocols = protocols
        self.basic = basic
        self.remoteAddress = remoteAddress
    }
}

/// What the delegate makes of an ``UpgradeRequest``.
public enum UpgradeDecision: Hashable, Sendable {
    case accept
    /// Nobody knows the identity: HTTP 404.
    case notFound
    /// Credentials are missing or wrong: HTTP 401.
    case unauthorized
    /// Not now: HTTP 503.
    case unavailable(retryAfterSeconds: Int)
}
