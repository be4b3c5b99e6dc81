extension V2 {
    /// The payload as it may be kept and shown: without passwords of the station and of its networks, and without what names
    /// a customer or is told of one.
    /// - Returns: the same bytes where there is no secret; an empty object where a message that may carry one cannot be read.
    public static func withoutSecrets(
        request payload: [UInt8], of action: String, in version: OCPPVersion
    ) -> [UInt8] {
        guard let action = Action(rawValue: action),
            [
                .setVariables, .setNetworkProfile, .notifyReport, .customerInformation, .notifyCustomerInformation,
                .authorize, .transactionEvent, .requestStartTransaction,
            ].contains(action)
        else { return payload }
        guard case .success(let request) = Request.decode(action, payload: payload.span, in: version).result else {
            return unreadable
        }
        switch request {
        case .setVariables(var request):
            let secret = request.setVariableData.indices.filter {
                isSecret(request.setVariableData[$0].component, request.setVariableData[$0].variable)
            }
            if secret.isEmpty { return payload }
            for i in secret { request.setVariableData[i].attributeValue = V16.concealed }
            return request.json
        case .setNetworkProfile(var request):
            return request.connectionData.concealSecrets() ? request.json : payload
        case .notifyReport(var request):
            var report = request.reportData ?? []
            let secret = report.indices.filter { isSecret(report[$0].component, report[$0].variable) }
            if secret.isEmpty { return payload }
            for i in secret {
                for k in report[i].variableAttribute.indices where report[i].variableAttribute[k].value != nil {
                    report[i].variableAttribute[k].value = V16.concealed
                }
            }
            request.reportData = report
            return request.json
        case .customerInformation(var request):
            if request.idToken != nil {
                request.idToken?.idToken = V16.concealed
                request.idToken?.additionalInfo = nil
            }
            if request.customerIdentifier != nil { request.customerIdentifier = V16.concealed }
            return request.json
        case .notifyCustomerInformation(var request):
            request.data = V16.concealed
            return request.json
        // What a payment terminal tells of a card beside its provider's reference is nobody's here.
        case .authorize(var request):
            guard request.idToken.tellsOfCard else { return payload }
            request.idToken.additionalInfo = nil
            return request.json
        case .transactionEvent(var request):
            guard request.idToken?.tellsOfCard == true else { return payload }
            request.idToken?.additionalInfo = nil
            return request.json
        case .requestStartTransaction(var request):
            guard request.idToken.tellsOfCard else { return payload }
            request.idToken.additionalInfo = nil
            return request.json
        default: return payload
        }
    }

    /// The same for the answer to `action`.
    public static func withoutSecrets(
        response payload: [UInt8], of action: String, in version: OCPPVersion
    ) -> [UInt8] {
        guard action == Action.getVariables.rawValue else { return payload }
        guard
            case .success(.getVariables(var response)) = Response.decode(
                .getVariables, payload: payload.span, in: version
            ).result
        else { return unreadable }
        let secret = response.getVariableResult.indices.filter {
            let result = response.getVariableResult[$0]
            return isSecret(result.component, result.variable) && result.attributeValue != nil
        }
        if secret.isEmpty { return payload }
        for i in secret { response.getVariableResult[i].attributeValue = V16.concealed }
        return response.json
    }

    /// Whether the value of a variable is never kept: passwords of the station (`SecurityCtrlr.BasicAuthPassword`) and, in 2.1,
    /// of its networks (`NetworkConfiguration`) and the secret behind its QR codes. All are write-only, but not every station
    /// keeps to that. Names compare without case.
    public static func isSecret(_ component: Component, _ variable: Variable) -> Bool {
        switch component.name.lowercased() {
        case "securityctrlr": variable.name.lowercased() == "basicauthpassword"
        case "webpaymentsctrlr": variable.name.lowercased() == "sharedsecret"
        case "networkconfiguration":
            ["basicauthpassword", "apnpassword", "apnsimpin", "simpin", "vpnpassword", "vpnkey"].contains(
                variable.name.lowercased())
        default: false
        }
    }

    private static let unreadable = Array("{}".utf8)
}

extension V2.IdToken {
    /// Digits and brand of a card that pays (2.1 C18.FR.04).
    public var tellsOfCard: Bool { type == .directPayment && additionalInfo != nil }
}

extension V2.NetworkConnectionProfile {
    /// - Returns: whether there was any.
    fileprivate mutating func concealSecrets() -> Bool {
        var found = false
        if basicAuthPassword != nil {
            basicAuthPassword = V16.concealed
            found = true
        }
        if apn?.apnPassword != nil || apn?.simPin != nil {
            if apn?.apnPassword != nil { apn?.apnPassword = V16.concealed }
            // A number cannot be starred.
            apn?.simPin = nil
            found = true
        }
        if vpn != nil {
            vpn?.password = V16.concealed
            vpn?.key = V16.concealed
            found = true
        }
        return found
    }
}
