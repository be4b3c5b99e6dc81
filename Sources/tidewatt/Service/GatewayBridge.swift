import Assets
import Console
import Gateway
import OCPP
import Operations
import Synchronization

/// Between the gateway's event loops and the core's mailbox. Nothing here blocks: it posts, or it drops when the core or
/// the disk cannot take more (a station that gets no answer repeats; a connection that is refused comes back).
final class GatewayBridge: GatewayDelegate {
    /// May inbound calls be taken now? `false` while the disk refuses or lags far behind.
    private let mayTake: @Sendable () -> Bool
    private let loop: CoreLoop
    let refusedCalls = Atomic<Int>(0)

    init(loop: CoreLoop, mayTake: @escaping @Sendable () -> Bool) {
        self.loop = loop
        self.mayTake = mayTake
    }

    func decide(_ request: UpgradeRequest, reply: @escaping @Sendable (UpgradeDecision) -> Void) {
        guard mayTake() else { return reply(.unavailable(retryAfterSeconds: 30)) }
        let id = StationID(request.identity)
        let password = request.basic.map { (user: $0.user, password: $0.password) }
        Task { [loop] in
            guard let admission = await loop.read({ $0.admission(of: id) }) else {
                return reply(.unavailable(retryAfterSeconds: 30))
            }
            switch admission {
            case .unknown: reply(.notFound)
            case .open: reply(.accept)
            case .password(let digest):
                guard let password, password.user == request.identity,
                    Self.matches(password.password, digest: digest)
                else { return reply(.unauthorized) }
                reply(.accept)
            }
        }
    }

    /// OCPP 1.6 configures the password as hexadecimal text; stations send that text or the bytes it stands for
    /// (security whitepaper, erratum). Either is right.
    private static func matches(_ password: [UInt8], digest: String) -> Bool {
        if StationPassword.matches(String(decoding: password, as: UTF8.self), digest: digest) { return true }
        let hexadecimal = password.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        return StationPassword.matches(hexadecimal, digest: digest)
            || StationPassword.matches(hexadecimal.uppercased(), digest: digest)
    }

    func connected(identity: String, connection: ConnectionID, protocol: String, remoteAddress: String) {
        loop.post(
            .connected(
                StationID(identity), connection: connection.rawValue, protocol: `protocol`,
                remoteAddress: remoteAddress))
    }

    func received(_ calls: [GatewayCall]) {
        guard mayTake(), loop.post(calls.map(Self.input)) else {
            refusedCalls.add(calls.count, ordering: .relaxed)
            return
        }
    }

    private static func input(_ call: GatewayCall) -> Input {
        .call(StationID(call.identity), connection: call.connection.rawValue, call.call)
    }

    func completed(_ results: [GatewayResult]) {
        loop.post(
            results.map {
                .completed(StationID($0.identity), token: $0.token, $0.outcome, late: $0.late)
            })
    }

    func noted(identity: String, connection: ConnectionID, note: LinkNote) {
        loop.post(.note(StationID(identity), text: note.text, problem: note.detail))
    }

    func disconnected(identity: String, connection: ConnectionID, reason: String) {
        loop.post(.disconnected(StationID(identity), connection: connection.rawValue, reason: reason))
    }
}
