import Assets
import OCPPMessages

extension OCPP2Adapter {
    /// 2.0.1 A01.FR.02.
    static func payload(key: String) -> [UInt8] {
        V2.SetVariablesRequest(
            setVariableData: [
                V2.SetVariableData(
                    attributeValue: key, component: V2.Component(name: "SecurityCtrlr"),
                    variable: V2.Variable(name: "BasicAuthPassword"))
            ]
        ).json
    }

    static func keyAnswer(_ payload: [UInt8], in version: OCPPVersion) -> KeyAnswer {
        guard
            case .success(.setVariables(let response)) = V2.Response.decode(
                .setVariables, payload: payload.span, in: version
            ).result, let result = response.setVariableResult.first
        else { return .unknown(word: nil) }
        switch result.attributeStatus {
        case .accepted: return .accepted
        case .rebootRequired: return .afterReboot
        case .rejected, .unknownComponent, .unknownVariable, .notSupportedAttributeType:
            return .refused(word: result.attributeStatusInfo?.reasonCode ?? result.attributeStatus.name)
        case .unrecognized: return .unknown(word: result.attributeStatus.name)
        }
    }
}
