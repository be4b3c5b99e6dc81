/// The versions of OCPP-J that the platform speaks.
public enum OCPPVersion: Hashable, Sendable, CaseIterable {
    case v16, v201, v21

    /// For people: `2.0.1`.
    public var number: String {
        switch self {
        case .v16: "1.6"
        case .v201: "2.0.1"
        case .v21: "2.1"
        }
    }
}
