import OCPPMessages

/// Why a CALL is answered with CALLERROR (OCPP-J 1.6 §4.2.3, 2.1 part 4 §4.3).
public enum RPCErrorCode: Hashable, Sendable, CaseIterable {
    /// The receiver does not know the action.
    case notImplemented
    /// The receiver knows the action and does not do it.
    case notSupported
    case internalError
    /// The payload is incomplete.
    case protocolError
    case securityError
    /// The payload is not the action's, or not JSON.
    case formatViolation
    case propertyConstraintViolation
    /// A field is missing or occurs too often.
    case occurrenceConstraintViolation
    case typeConstraintViolation
    case genericError
    /// Not in 1.6.
    case messageTypeNotSupported
    /// Not in 1.6.
    case rpcFrameworkError

    /// The word on the wire. 1.6 has two misspelt ones that were never corrected (1.6-J errata) and lacks two.
    public func spelling(in version: OCPPVersion) -> String {
        switch (self, version) {
        case (.notImplemented, _): "NotImplemented"
        case (.notSupported, _): "NotSupported"
        case (.internalError, _): "InternalError"
        case (.protocolError, _): "ProtocolError"
        case (.securityError, _): "SecurityError"
        case (.formatViolation, .v16): "FormationViolation"
        case (.formatViolation, _): "FormatViolation"
        case (.propertyConstraintViolation, _): "PropertyConstraintViolation"
        case (.occurrenceConstraintViolation, .v16): "OccurenceConstraintViolation"
        case (.occurrenceConstraintViolation, _): "OccurrenceConstraintViolation"
        case (.typeConstraintViolation, _): "TypeConstraintViolation"
        case (.messageTypeNotSupported, .v16), (.rpcFrameworkError, .v16), (.genericError, _): "GenericError"
        case (.messageTypeNotSupported, _): "MessageTypeNotSupported"
        case (.rpcFrameworkError, _): "RpcFrameworkError"
        }
    }

    /// Every spelling of any version; a code that a station invented counts as ``genericError``.
    public init(spelling: String) {
        for version in [OCPPVersion.v16, .v21] {
            if let code = RPCErrorCode.allCases.first(where: { $0.spelling(in: version) == spelling }) {
                self = code
                return
            }
        }
        self = .genericError
    }
}
