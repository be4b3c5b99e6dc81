import OCPPMessages
import Testing

@Suite("Secrets") struct SecretsTests {
    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    /// Payloads of 2.1 with one secret each, `hush`; all else must stay.
    @Test(arguments: [
        (
            "SetVariables",
            #"{"setVariableData":[{"attributeValue":"hush","component":{"name":"securityCtrlr"},"variable":{"name":"BasicAuthPassword"}},{"attributeValue":"30","component":{"name":"OCPPCommCtrlr"},"variable":{"name":"HeartbeatInterval"}}]}"#
        ),
        (
            "SetNetworkProfile",
            #"{"configurationSlot":1,"connectionData":{"ocppInterface":"Wired0","ocppTransport":"JSON","messageTimeout":30,"ocppCsmsUrl":"wss://x","securityProfile":2,"basicAuthPassword":"hush","vpn":{"server":"v","user":"u","password":"hush","key":"hush","type":"IPSec"},"apn":{"apn":"a","apnAuthentication":"PAP","apnPassword":"hush"}}}"#
        ),
        (
            "NotifyReport",
            #"{"requestId":1,"generatedAt":"2026-01-01T00:00:00Z","seqNo":0,"reportData":[{"component":{"name":"SecurityCtrlr"},"variable":{"name":"BasicAuthPassword"},"variableAttribute":[{"value":"hush","mutability":"WriteOnly"}]}]}"#
        ),
    ]) func `requests of 2.x are kept without passwords`(_ action: String, _ payload: String) {
        let kept = text(V2.withoutSecrets(request: Array(payload.utf8), of: action, in: .v21))
        #expect(!kept.contains("hush") && kept.contains(V16.concealed), "\(kept)")
        let plain = payload.replacing("hush", with: V16.concealed)
        #expect(kept.count == plain.count, "nothing else was lost: \(kept)")
    }

    @Test func `answers are kept without passwords`() {
        let old = #"{"configurationKey":[{"key":"authorizationKey","readonly":true,"value":"hush"}]}"#
        #expect(!text(V16.withoutSecrets(response: Array(old.utf8), of: "GetConfiguration")).contains("hush"))
        let new =
            #"{"getVariableResult":[{"attributeStatus":"Accepted","attributeValue":"hush","component":{"name":"SecurityCtrlr"},"variable":{"name":"BasicAuthPassword"}}]}"#
        #expect(!text(V2.withoutSecrets(response: Array(new.utf8), of: "GetVariables", in: .v201)).contains("hush"))
    }

    @Test func `what holds no secret stays byte by byte, what cannot be read is not kept`() {
        let odd = #"{ "key":"HeartbeatInterval", "value":"6.10" }"#
        #expect(text(V16.withoutSecrets(request: Array(odd.utf8), of: "ChangeConfiguration")) == odd)
        #expect(text(V16.withoutSecrets(request: Array("[hush".utf8), of: "ChangeConfiguration")) == "{}")
        #expect(text(V2.withoutSecrets(request: Array("[hush".utf8), of: "SetVariables", in: .v201)) == "{}")
        #expect(text(V2.withoutSecrets(request: Array("[hush".utf8), of: "Reset", in: .v201)) == "[hush")
    }
}
