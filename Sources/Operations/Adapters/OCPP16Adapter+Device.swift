import Assets
import Charging
import OCPPMessages

// Configuration keys as variables (1.6 §5.3, §5.8, §9).
extension OCPP16Adapter {
    /// `nil`: 1.6 has nothing of the kind.
    static func call(_ order: DeviceOrder) -> (action: V16.Action, payload: [UInt8])? {
        switch order {
        case .refresh: return (.getConfiguration, V16.GetConfigurationRequest().json)
        case .set(_, let settings):
            guard settings.count == 1, let setting = settings.first else { return nil }
            return (
                .changeConfiguration,
                V16.ChangeConfigurationRequest(key: setting.name.variable, value: setting.value).json
            )
        case .read(_, let questions):
            return (.getConfiguration, V16.GetConfigurationRequest(key: questions.map(\.name.variable)).json)
        default: return nil
        }
    }

    static func call(_ change: SecurityProfileChange) -> (action: V16.Action, payload: [UInt8])? {
        switch change.state {
        case .sendingProfile:
            (
                .changeConfiguration,
                V16.ChangeConfigurationRequest(key: securityProfile.variable, value: String(change.target)).json
            )
        // Only after RebootRequired: otherwise the station comes anew by itself (whitepaper A05.FR.06).
        case .resetting: (.reset, V16.ResetRequest(type: .soft).json)
        case .sendingPriority, .awaited, .done, .refused: nil
        }
    }
    static func resetAnswer(_ payload: [UInt8]) -> KeyAnswer {
        guard case .success(.reset(let response)) = V16.Response.decode(.reset, payload: payload.span).result else {
            return .unknown(word: nil)
        }
        return response.status == .accepted ? .accepted : .refused(word: response.status.name)
    }

    static let securityProfile = VariableName(variable: "SecurityProfile")

    static let telling: Set<String> = ["GetConfiguration", "ChangeConfiguration"]

    static func fact(_ request: V16.Request, _ response: V16.Response) -> DeviceFact? {
        switch (request, response) {
        case (.getConfiguration, .getConfiguration(let answer)):
            let known = (answer.configurationKey ?? []).map { told in
                VariableNews.read(
                    VariableName(variable: told.key), .actual, value: value(told.value, of: told.key),
                    mutability: told.readonly ? .readOnly : .readWrite)
            }
            let unknown = (answer.unknownKey ?? []).map { VariableNews.gone(VariableName(variable: $0), .actual) }
            return .variables(known + unknown)
        case (.changeConfiguration(let sent), .changeConfiguration(let answer)):
            let name = VariableName(variable: sent.key)
            switch answer.status {
            case .accepted, .rebootRequired:
                return .variables([
                    .set(
                        name, .actual, value: value(sent.value, of: sent.key),
                        afterRestart: answer.status == .rebootRequired)
                ])
            case .notSupported: return .variables([.gone(name, .actual)])
            case .rejected, .unrecognized: return nil
            }
        default: return nil
        }
    }

    /// Whether an answer tells all keys that the station has: then it has no others.
    static func isComplete(_ request: V16.Request) -> Bool {
        if case .getConfiguration(let asked) = request { asked.key?.isEmpty ?? true } else { false }
    }

    private static func value(_ value: String?, of key: String) -> String? {
        V16.isSecret(key) ? nil : value.map { String($0.prefix(DeviceVariable.longestValue)) }
    }
}
