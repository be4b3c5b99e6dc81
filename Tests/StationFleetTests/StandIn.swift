import Gateway
import OCPP
import OCPPMessages
import Synchronization
/// A central system that accepts everybody and everything.
final class StandIn: GatewayDelegate {
    struct State {
        var gateway: OCPPGateway?
        var actions: [String: Int] = [:]
        var registers: [Int: (start: Int, stop: Int?)] = [:]
        var starts: [String: Int] = [:]
        var identities: Set<String> = []
        var passwords: Set<String> = []
        /// Sockets that are cut after this many of their calls; `nil` lets them be.
        var cutsAfter: Int?
        var decision = UpgradeDecision.accept
    }
    let state = Mutex(State())

    func decide(_ request: UpgradeRequest, reply: @escaping @Sendable (UpgradeDecision) -> Void) {
        reply(
            state.withLock { state in
                if let basic = request.basic {
                    state.passwords.insert("\(basic.user):\(String(decoding: basic.password, as: UTF8.self))")
                }
                return state.decision
            })
    }
    func connected(identity: String, connection: ConnectionID, protocol: String, remoteAddress: String) {
        _ = state.withLock { $0.identities.insert(identity) }
    }
    func received(_ calls: [GatewayCall]) {
        for call in calls {
            let (gateway, payload, isCut) = state.withLock { state in
                state.actions[call.call.action, default: 0] += 1
                let total = state.actions.values.reduce(0, +)
                return (
                    state.gateway, Self.answer(call.identity, call.call, &state),
                    state.cutsAfter.map { total % $0 == 0 } ?? false
                )
            }
            if isCut { gateway?.disconnect(identity: call.identity, reason: "a test") }
            gateway?.respond([(call.connection, call.call.messageID, Array(payload.utf8))])
        }
    }
    private static func answer(_ identity: String, _ call: InboundCall, _ state: inout State) -> String {
        guard case .v16(let request) = call.request else { return "{}" }
        switch request {
        case .bootNotification:
            return "{\"currentTime\":\"2026-01-01T00:00:00Z\",\"interval\":3600,\"status\":\"Accepted\"}"
        case .heartbeat: return "{\"currentTime\":\"2026-01-01T00:00:00Z\"}"
        case .authorize: return "{\"idTagInfo\":{\"status\":\"Accepted\"}}"
        case .startTransaction(let start):
            // A start that is repeated because its answer was lost is the same session.
            let key = "\(identity) \(start.timestamp) \(start.meterStart)"
            let id = state.starts[key] ?? state.registers.count + 1
            if state.starts.updateValue(id, forKey: key) == nil { state.registers[id] = (start.meterStart, nil) }
            return "{\"transactionId\":\(id),\"idTagInfo\":{\"status\":\"Accepted\"}}"
        case .stopTransaction(let stop):
            state.registers[stop.transactionId]?.stop = stop.meterStop
            return "{}"
        default: return "{}"
        }
    }
    func completed(_ results: [GatewayResult]) {}
    func noted(identity: String, connection: ConnectionID, note: LinkNote) {}
    func disconnected(identity: String, connection: ConnectionID, reason: String) {}

    /// Energy of the sessions that ended, as the central system saw it.
    var soldWattHours: Int {
        state.withLock {
            $0.registers.values.reduce(0) { sum, register in sum + (register.stop ?? register.start) - register.start }
        }
    }
}
