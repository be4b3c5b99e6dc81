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
    /// Came over TLS.
    public let isEncrypted: Bool
    /// The certificate that the station proved itself with; `nil` when it has none.
    public let certificate: PeerCertificate?

    /// OCPP's security profile that the station uses: 1 password, 2 password over TLS, 3 certificate, 0 nothing.
    public var securityProfile: Int {
        if certificate != nil { return 3 }
        return basic == nil ? 0 : isEncrypted ? 2 : 1
    }

    public init(
        identity: String, protocols: [String], basic: (user: String, password: [UInt8])?, remoteAddress: String,
        isEncrypted: Bool = false, certificate: PeerCertificate? = nil
    ) {
        self.isEncrypted = isEncrypted
        self.certificate = certificate
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
    /// Who the station is may be clear, but not on this way: weaker security than set, another's certificate. HTTP 403
    /// with this text.
    case forbidden(String)
    /// Not now: HTTP 503.
    case unavailable(retryAfterSeconds: Int)
}
