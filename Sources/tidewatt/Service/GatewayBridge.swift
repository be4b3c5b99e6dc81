import Assets
import Gateway
import OCPP
import OCPPMessages
import Operations
import Quantities
import Synchronization

/// Between the gateway's event loops and the core's mailbox. Nothing here blocks: it posts, or it drops when the core or
/// the disk cannot take more (a station that gets no answer repeats; a connection that is refused comes back).
final class GatewayBridge: GatewayDelegate {
    /// May inbound calls be taken now? `false` while the disk refuses or lags far behind.
    private let mayTake: @Sendable () -> Bool
    private let loop: CoreLoop
    private let admission: StationAdmission
    private let certificates: CertificateDesk
    private let plugAndCharge: PlugAndChargeDesk
    private let vendors: VendorDesk
    /// `nil`: no payment provider is there to be asked.
    private let payments: PaymentDesk?
    /// Calls about which others are being asked.
    private let asking = Atomic<Int>(0)
    private static let mostAsking = 1000
    private let tlsFaults: @Sendable (String, String) -> Void
    private let clock: @Sendable () -> Instant
    let refusedCalls = Atomic<Int>(0)

    /// - Parameter tlsFaults: address and reason of a socket whose TLS did not come about.
    init(
        loop: CoreLoop, admission: StationAdmission, certificates: CertificateDesk,
        plugAndCharge: PlugAndChargeDesk, vendors: VendorDesk, payments: PaymentDesk?,
        tlsFaults: @escaping @Sendable (String, String) -> Void,
        clock: @escaping @Sendable () -> Instant, mayTake: @escaping @Sendable () -> Bool
    ) {
        self.loop = loop
        self.admission = admission
        self.certificates = certificates
        self.plugAndCharge = plugAndCharge
        self.vendors = vendors
        self.payments = payments
        self.tlsFaults = tlsFaults
        self.clock = clock
        self.mayTake = mayTake
    }

    func decide(_ request: UpgradeRequest, reply: @escaping @Sendable (UpgradeDecision) -> Void) {
        guard mayTake() else { return reply(.unavailable(retryAfterSeconds: 30)) }
        let id = StationID(request.identity)
        let now = clock()
        Task { [loop, admission] in
            guard
                let (known, profile, isChanging) = await loop.read({
                    ($0.admission(of: id), $0.securityProfile(of: id), $0.awaitsSecurityProfile(of: id))
                })
            else {
                return reply(.unavailable(retryAfterSeconds: 30))
            }
            admission.judge(request, known, profile: profile) { judgement in
                // Before the connection, so that the core knows the one by the other.
                if let stored = judgement.cameWith { loop.post(.cameWith(id, stored: stored)) }
                if case .accept = judgement.decision, let certificate = request.certificate {
                    loop.post(.cameWithCertificate(id, CertificateRecord(certificate, of: id, at: now)))
                }
                if isChanging, case .accept = judgement.decision {
                    loop.post(.cameOn(id, profile: request.securityProfile))
                }
                if let (seen, info) = judgement.event { loop.post(.securityEvent(id, seen, info: info)) }
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
        guard mayTake() else {
            refusedCalls.add(calls.count, ordering: .relaxed)
            return
        }
        var others = calls
        if calls.contains(where: { Self.certificateRequest($0.call) != nil || concernsOthers($0.call) }) {
            others.removeAll { sign($0) || ask($0) }
        }
        if !loop.post(others.map(Self.input)) { refusedCalls.add(others.count, ordering: .relaxed) }
    }

    /// A request for a certificate goes by the desk first, so that the core can answer it at once.
    /// - Returns: `false` for any other call.
    private func sign(_ call: GatewayCall) -> Bool {
        guard let asked = Self.certificateRequest(call.call) else { return false }
        certificates.sign(asked.request, use: asked.use, number: asked.number, for: call.identity) { [loop] verdict in
            loop.post(
                .certificateRequest(
                    StationID(call.identity), connection: call.connection.rawValue, call.call, verdict))
        }
        return true
    }

    private static func certificateRequest(_ call: InboundCall) -> (request: String, use: String?, number: Int?)? {
        switch call.request {
        case .v16(.signCertificate(let asked)): (asked.csr, CertificateRecord.stationUse, nil)
        case .v2(.signCertificate(let asked)): (asked.csr, asked.certificateType?.name, asked.requestId)
        case .v16(.dataTransfer(let transfer)):
            // A station of 1.6 asks for its own certificate with the message of that name (whitepaper A02).
            if case .signCertificate(let asked)? = PlugAndCharge16.request(transfer) {
                (asked.csr, asked.certificateType?.name ?? CertificateRecord.vehicleUse, asked.requestId)
            } else {
                nil
            }
        default: nil
        }
    }

    // MARK: - What others are asked

    private func concernsOthers(_ call: InboundCall) -> Bool {
        switch call.request {
        case .v2(.dataTransfer), .v16(.dataTransfer): true
        case .v2(.authorize(let asked)) where asked.idToken.type == .directPayment: payments != nil
        case .v2(let request): PlugAndChargeDesk.concerns(request)
        default: false
        }
    }

    /// Asks others about a call; the core gets it with what they said.
    /// - Returns: `false` for a call that concerns nobody else, or when too many are being asked: the core answers it alone.
    private func ask(_ call: GatewayCall) -> Bool {
        guard concernsOthers(call.call) else { return false }
        guard asking.add(1, ordering: .relaxed).newValue <= Self.mostAsking else {
            asking.subtract(1, ordering: .relaxed)
            return false
        }
        Task { [self] in
            defer { asking.subtract(1, ordering: .relaxed) }
            if let ruling = await ruling(on: call) {
                loop.post(
                    .ruled(StationID(call.identity), connection: call.connection.rawValue, call.call, ruling))
            } else {
                loop.post(Self.input(call))
            }
        }
        return true
    }

    private func ruling(on call: GatewayCall) async -> CallRuling? {
        switch call.call.request {
        case .v16(.dataTransfer(let transfer)):
            if let inner = PlugAndCharge16.request(transfer) {
                return PlugAndChargeDesk.concerns(inner)
                    ? await plugAndCharge.ruling(on: inner, from: call.identity) : nil
            }
            return await vendorRuling(
                call, transfer.vendorId, transfer.messageId, transfer.data, isJSON: false)
        case .v2(.dataTransfer(let transfer)):
            return await vendorRuling(
                call, transfer.vendorId, transfer.messageId, transfer.data?.text, isJSON: true)
        case .v2(.authorize(let asked)) where asked.idToken.type == .directPayment:
            guard let payments else { return nil }
            return .payment(await payments.look(at: asked.idToken.idToken, station: call.identity))
        case .v2(let request): return await plugAndCharge.ruling(on: request, from: call.identity)
        default: return nil
        }
    }

    private func vendorRuling(
        _ call: GatewayCall, _ vendor: String, _ message: String?, _ data: String?, isJSON: Bool
    ) async -> CallRuling? {
        guard case .handler(let handler)? = await loop.read({ $0.route(vendor: vendor, message: message) }),
            let url = handler.url,
            let answer = await vendors.ask(
                url, call.identity, vendor: vendor, message: message, data: data, isJSON: isJSON,
                callID: call.call.messageID)
        else { return nil }
        return .vendor(answer)
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

extension CertificateRecord {
    /// The certificate that a station came with.
    fileprivate init(_ shown: PeerCertificate, of station: StationID, at now: Instant) {
        self.init(
            station: station, fingerprint: shown.fingerprint, serialNumber: shown.serialNumber,
            subject: shown.subject, issuer: shown.issuer, notBefore: shown.notBefore, notAfter: shown.notAfter,
            chain: "", state: .shown, at: now)
    }
}
