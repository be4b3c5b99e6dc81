import OCPPMessages

extension OCPPVersion {
    /// The WebSocket sub-protocol's name (1.6-J §3.1.1, 2.1 part 4 §3.1.2).
    public var subprotocol: String {
        switch self {
        case .v16: "ocpp1.6"
        case .v201: "ocpp2.0.1"
        case .v21: "ocpp2.1"
        }
    }

    public init?(subprotocol: String) {
        guard let version = OCPPVersion.allCases.first(where: { $0.subprotocol == subprotocol }) else { return nil }
        self = version
    }
}
