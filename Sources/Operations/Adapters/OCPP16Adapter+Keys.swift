import Assets
import OCPPMessages

extension OCPP16Adapter {
    /// `AuthorizationKey` is written as hexadecimal digits (security whitepaper A01.FR.02).
    static func payload(key: String) -> [UInt8] {
        V16.ChangeConfigurationRequest(key: "AuthorizationKey", value: key).json
    }

    static func keyAnswer(_ payload: [UInt8]) -> KeyAnswer {
        guard
            case .success(.changeConfiguration(let response)) = V16.Response.decode(
                .changeConfiguration, payload: payload.span
            ).result
        else { return .unknown(word: nil) }
        switch response.status {
        case .accepted: return .accepted
        case .rebootRequired: return .afterReboot
        case .rejected, .notSupported: return .refused(word: response.status.name)
        case .unrecognized: return .unknown(word: response.status.name)
        }
    }
}
