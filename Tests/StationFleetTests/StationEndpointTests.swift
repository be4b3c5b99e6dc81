import Testing

@testable import Simulation

@Suite("Where stations connect") struct StationEndpointTests {
    @Test func `an address is read with its port and path`() throws {
        #expect(try StationEndpoint("ws://127.0.0.1:9000/ocpp") == StationEndpoint(host: "127.0.0.1", port: 9000))
        #expect(try StationEndpoint("WS://cs.example") == StationEndpoint(host: "cs.example", port: 80, path: ""))
        #expect(try StationEndpoint("ws://[::1]:9000/a/b/") == StationEndpoint(host: "::1", port: 9000, path: "/a/b"))
        #expect(try StationEndpoint("ws://h:1/ocpp").target(of: "RDAM|1 潮") == "/ocpp/RDAM%7C1%20%E6%BD%AE")
    }

    @Test(arguments: [
        "", "127.0.0.1:9000", "http://h/ocpp", "wss://h/ocpp", "ws://", "ws://h:0", "ws://h:x", "ws://h/a?b",
    ])
    func `what is no address is refused with the way out`(_ url: String) {
        do throws(StationEndpoint.Fault) {
            _ = try StationEndpoint(url)
            Issue.record("accepted")
        } catch {
            #expect(error.description.contains("allowed: ws://HOST"))
        }
    }
}
