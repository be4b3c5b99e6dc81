import Charging
import OCPPMessages

// `WebPaymentsCtrlr`, which makes dynamic QR codes (2.1 part 2 C25), and the receipt on a display.
extension OCPP2Adapter {
    /// How a station took one of its variables.
    struct WebPaymentNews {
        let evse: Int
        let variable: WebPaymentSetup.Variable
        let value: String
        let answer: WebPaymentSetup.Answer
    }
    private static let controller = "WebPaymentsCtrlr"

    /// In the order in which they are to be set.
    static func settings(
        _ wish: WebPaymentWish, evse: Int, secret: String, template: String
    ) -> [VariableSetting] {
        let wanted = wish.isEnabled ? WebPaymentSetup.Variable.allCases : [.enabled]
        return wanted.map { one in
            let value =
                switch one {
                case .secret: secret
                case .validity: String(wish.validity)
                case .length: String(wish.length)
                case .version: "v1"
                case .template: template
                case .enabled: wish.isEnabled ? "true" : "false"
                }
            return VariableSetting(
                name: VariableName(component: controller, evse: evse == 0 ? nil : evse, variable: one.rawValue),
                value: value)
        }
    }

    /// What an answered SetVariables says of them, whoever sent it.
    static func webPayments(_ sent: V2.SetVariablesRequest, _ answer: V2.SetVariablesResponse) -> [WebPaymentNews] {
        sent.setVariableData.compactMap { one in
            guard one.component.name.lowercased() == controller.lowercased(), (one.attributeType ?? .actual) == .actual,
                let variable = WebPaymentSetup.Variable.allCases.first(where: {
                    $0.rawValue.lowercased() == one.variable.name.lowercased()
                }),
                let result = answer.setVariableResult.first(where: {
                    $0.component.name.lowercased() == one.component.name.lowercased()
                        && $0.component.evse?.id == one.component.evse?.id
                        && $0.variable.name.lowercased() == one.variable.name.lowercased()
                })
            else { return nil }
            let verdict: WebPaymentSetup.Answer =
                switch result.attributeStatus {
                case .accepted: .taken
                case .rebootRequired, .unrecognized: .later
                case .rejected, .unknownComponent, .unknownVariable, .notSupportedAttributeType:
                    .refused(result.attributeStatusInfo?.reasonCode ?? result.attributeStatus.name)
                }
            return WebPaymentNews(
                evse: one.component.evse?.id ?? 0, variable: variable, value: one.attributeValue, answer: verdict)
        }
    }

    /// A message with them that was refused as a whole.
    static func webPayments(refused payload: [UInt8], with word: String) -> [WebPaymentNews] {
        guard
            case .success(.setVariables(let sent)) = V2.Request.decode(
                .setVariables, payload: payload.span, in: .v21
            ).result
        else { return [] }
        return sent.setVariableData.compactMap { one in
            WebPaymentSetup.Variable(rawValue: one.variable.name).map {
                WebPaymentNews(
                    evse: one.component.evse?.id ?? 0, variable: $0, value: one.attributeValue, answer: .refused(word))
            }
        }
    }

    // MARK: - A receipt on the display

    static var readDisplayAbilities: [UInt8] {
        V2.GetVariablesRequest(
            getVariableData: ["Available", "SupportedFormats"].map {
                V2.GetVariableData(
                    component: V2.Component(name: "DisplayMessageCtrlr"), variable: V2.Variable(name: $0))
            }
        ).json
    }

    /// The form in which a station can show an address; `nil`: it has no display.
    static func formOfAddress(in payload: [UInt8]) -> V2.MessageFormat? {
        guard
            case .success(.getVariables(let answer)) = V2.Response.decode(
                .getVariables, payload: payload.span, in: .v21
            ).result
        else { return nil }
        func value(_ name: String) -> String? {
            answer.getVariableResult.first { $0.variable.name == name && $0.attributeStatus == .accepted }?
                .attributeValue
        }
        guard value("Available")?.lowercased() == "true" else { return nil }
        let forms = (value("SupportedFormats") ?? "").split(separator: ",").map { $0.filter { $0 != " " }.uppercased() }
        return forms.contains("QRCODE") ? .qrcode : forms.contains("URI") ? .uri : .utf8
    }
}
