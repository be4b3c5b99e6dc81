import Assets
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
    private let admission: StationAdmission
    private let tlsFaults: @Sendable (String, String) -> Void
    let refusedCalls = Atomic<Int>(0)

    /// - Parameter tlsFaults: address and reason of a socket whose TLS did not come about.
    init(
        loop: CoreLoop, admission: StationAdmission, tlsFaults: @escaping @Sendable (String, String) -> Void,
        mayTake: @escaping @Sendable () -> Bool
    ) {
        self.loop = loop
        self.admission = admission
        self.tlsFaults = tlsFaults
        self.mayTake = mayTake
    }

    func decide(_ request: UpgradeRequest, reply: @escaping @Sendable (UpgradeDecision) -> Void) {
        guard mayTake() else { return reply(.unavailable(retryAfterSeconds: 30)) }
        let id = StationID(request.identity)
        Task { [loop, admission] in
            guard let (known, profile) = await loop.read({ ($0.admission(of: id), $0.securityProfile(of: id)) }) else {
                return reply(.unavailable(retryAfterSeconds: 30))
            }
            admission.judge(request, known, profile: profile) { judgement in
                // Before the connection, so that the core knows the one by the other.
                if let stored = judgement.cameWith { loop.post(.cameWith(id, stored: stored)) }
                reply(judgement.decision)
            }
        }
    }

    func turnedAway(remoteAddress: String, reason: String) { tlsFaults(remoteAddress, reason) }

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
