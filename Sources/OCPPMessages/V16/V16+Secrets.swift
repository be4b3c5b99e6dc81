extension V16 {
    /// What stands for a secret wherever a message is kept or shown.
    public static let concealed = "******"
    /// The password of HTTP Basic (security whitepaper A00.FR.204): write-only, but not every station keeps to that.
    private static let secretKey = "authorizationkey"
    /// Whether the value of a configuration key is never kept.
    public static func isSecret(_ key: String) -> Bool { key.lowercased() == secretKey }

    /// The payload as it may be kept and shown: without the station's password.
    /// - Returns: the same bytes where there is no secret; an empty object where a message that may carry one cannot be read.
    public static func withoutSecrets(request payload: [UInt8], of action: String) -> [UInt8] {
        guard action == Action.changeConfiguration.rawValue else { return payload }
        guard
            case .success(.changeConfiguration(var request)) = Request.decode(
                .changeConfiguration, payload: payload.span
            ).result
        else { return unreadable }
        guard isSecret(request.key) else { return payload }
        request.value = concealed
        return request.json
    }

    /// The same for the answer to `action`.
    public static func withoutSecrets(response payload: [UInt8], of action: String) -> [UInt8] {
        guard action == Action.getConfiguration.rawValue else { return payload }
        guard
            case .success(.getConfiguration(var response)) = Response.decode(.getConfiguration, payload: payload.span)
                .result
        else { return unreadable }
        var keys = response.configurationKey ?? []
        let secret = keys.indices.filter { isSecret(keys[$0].key) && !(keys[$0].value ?? "").isEmpty }
        if secret.isEmpty { return payload }
        for i in secret { keys[i].value = concealed }
        response.configurationKey = keys
        return response.json
    }

    private static let unreadable = Array("{}".utf8)
}
