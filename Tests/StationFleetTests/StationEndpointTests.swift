import Testing

@testable import Simulation

@Suite("Where stations connect") struct StationEndpointTests {
    @Test func `an address is read with its port and path`() throws {
        #expect(try StationEndpoint("ws://127.0.0.1:9000/ocpp") == StationEndpoint(host: "127.0.0.1", port: 9000))
        #expect(try StationEndpoint("WS://cs.example") == StationEndpoint(host: "cs.example", port: 80, path: ""))
        let secure = try StationEndpoint("wss://cs.example/ocpp")
        #expect(secure == StationEndpoint(host: "cs.example", port: 443, isEncrypted: true))
        #expect(secure.description == "wss://cs.example:443/ocpp")
        #expect(try StationEndpoint("ws://[::1]:9000/a/b/") == StationEndpoint(host: "::1", port: 9000, path: "/a/b"))
        #expect(try StationEndpoint("ws://h:1/ocpp").target(of: "RDAM|1 潮") == "/ocpp/RDAM%7C1%20%E6%BD%AE")
    }

    @Test(
        arguments: [
            ("", "no WebSocket address", "不是 WebSocket 地址"),
            ("127.0.0.1:9000", "no WebSocket address", "不是 WebSocket 地址"),
            ("http://h/ocpp", "no WebSocket address", "不是 WebSocket 地址"),
            ("wss://", "no host", "缺少主机"),
            ("ws://", "no host", "缺少主机"), ("ws://h:0", "no port", "端口有误"), ("ws://h:x", "no port", "端口有误"),
            ("ws://h/a?b", "a path only, please", "只能包含路径"),
        ])
    func `what is no address is refused with the way out, in both languages`(_ url: String, _ en: String, _ zh: String)
    {
        do throws(StationEndpoint.Fault) {
            _ = try StationEndpoint(url)
            Issue.record("accepted")
        } catch {
            let like = "ws://HOST[:PORT][/PATH]"
            #expect(error.description == "\(url): \(en); allowed: \(like) or wss://…, like ws://127.0.0.1:9000/ocpp")
            #expect(error.message.zh == "\(url)：\(zh)，应写作 \(like) 或 wss://…，如 ws://127.0.0.1:9000/ocpp")
        }
    }
}
